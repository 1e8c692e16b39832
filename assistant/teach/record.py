"""Records people saying the wake word, guided by voice and screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from assistant.audio.device import Device
from assistant.audio.files import write_wav
from assistant.audio.format import HOP, SAMPLE_RATE, gain, level_db, samples
from assistant.audio.voice_activity import VoiceActivity
from assistant.errors import AssistantError
from assistant.speech.voice import Voice
from assistant.teach.recordings import SHORTEST, find_word

PATIENCE = samples(6.0)  # until somebody speaks
LONGEST = samples(2.5)  # a word, once it began
SILENCE = samples(0.6)  # ends it
BEFORE = samples(0.3)  # kept from before it began
TRIES = 3
SPEECH = 0.5
BEEP_HZ = 880.0
# What to ask for, so that the recordings differ as the days at home do.
WAYS = (
    'Please say "{}" after the beep.',
    "Again, as you would say it across the room.",
    "Again, a little faster.",
    "Once more, quietly.",
    "Now from further away.",
    "Now facing another way.",
    "Perhaps somebody else now.",
    "And once more, cheerfully.",
)
Say = Callable[[str], None]


def record(
    device: Device, voice: Voice, phrase: str, takes: int, say: Say, level: float = 0.7
) -> list[np.ndarray]:
    """Return ``takes`` recordings (samples,) of ``phrase``, float32 at 16 kHz.

    Each instruction is spoken by ``voice`` and given to ``say`` for the screen. What is too
    quiet, too loud or missing is asked for again; raises ``AssistantError`` after three times.
    """
    activity = VoiceActivity()
    words = []
    for i in range(takes):
        ask = WAYS[i % len(WAYS)].format(phrase)
        for _ in range(TRIES):
            say(f"{i + 1} of {takes}: {ask}")
            _play(device, voice.speak(ask.replace('"', "")).samples, level)
            _play(device, beep(), level)
            sound = listen(device, activity)
            problem = fault(sound)
            if not problem:
                words.append(sound)
                break
            ask = f'{problem} Please say "{phrase}" after the beep.'
        else:
            raise AssistantError(f"{problem} Check the microphone with `assistant doctor`")
    return words


def fault(sound: np.ndarray) -> str:
    """Return what is wrong with a recording, as a sentence to say, or an empty text."""
    if len(find_word(sound)) < SHORTEST or level_db(sound) < -65.0:
        return "I did not hear you."
    if float(np.mean(np.abs(sound) > 0.98)) > 0.002:
        return "That was too loud for the microphone."
    return ""


def listen(device: Device, activity: VoiceActivity) -> np.ndarray:
    """Return what is said next, with a little before and after it; empty when nothing is."""
    activity.reset()
    silence = np.zeros(HOP, np.float32)
    mic = device.layout.mics[0]
    heard: list[np.ndarray] = []
    began: int | None = None
    last = 0
    for at in range(0, PATIENCE + LONGEST, HOP):
        hop = device.exchange(silence)[mic].copy()
        heard.append(hop)
        if activity.process(hop) > SPEECH:
            began, last = at if began is None else began, at
        if began is None and at > PATIENCE:
            return np.zeros(0, np.float32)
        if began is not None and (at - last > SILENCE or at - began > LONGEST):
            break
    if began is None:
        return np.zeros(0, np.float32)
    return np.concatenate(heard)[max(0, began - BEFORE) :]


def beep() -> np.ndarray:
    """Return the sound that means "now"."""
    t = np.arange(samples(0.15)) / SAMPLE_RATE
    fade = np.minimum(1.0, np.minimum(t, t[::-1]) / 0.01)
    return (gain(-16.0) * fade * np.sin(2 * np.pi * BEEP_HZ * t)).astype(np.float32)


def _play(device: Device, sound: np.ndarray, level: float) -> None:
    """Play a sound to its end, the card's buffers included, and let the room fall silent."""
    tail = samples(0.25) + device.health().output_latency
    size = -(-(len(sound) + tail) // HOP) * HOP
    for hop in np.pad(sound, (0, size - len(sound))).reshape(-1, HOP):
        device.exchange((hop * np.float32(level)).astype(np.float32))


def keep(words: list[np.ndarray], folder: Path, name: str) -> None:
    """Write recordings into ``folder`` as name-1.wav and so on, after those that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    for word in words:
        while (path := folder / f"{name}-{number}.wav").exists():
            number += 1
        write_wav(path, word)
