"""Household commands in ten voices under four conditions, and an engine measured in a child.

``python -m tests.benchmarks.speech_conditions ENGINE FILE.npz`` decodes the clips of a file and
prints a JSON line: texts, confidences, seconds of loading and decoding, and peak memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from assistant import memory
from assistant.audio.files import read_audio
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.front_end import FrontEnd
from assistant.room.people import active_level, speak
from assistant.settings import Echo
from assistant.speech.recogniser import Recogniser
from tests.benchmarks.rooms import convolve, draw, paths
from tests.data import data_root
from tests.talking import shipped

ROOT = Path(__file__).resolve().parents[2]
VOICES = (  # none of them was trained on
    "en-us+f3", "en-us+m4", "en-us+m6", "en-gb+m2", "en-gb-scotland+m8", "en-029+f5",
    "en-gb-x-gbclan+f5", "en-gb+f3", "en-029+m4", "en-gb-x-rp+m6",
)  # fmt: skip
CONDITIONS = ("clean", "at 2.5 m", "kitchen", "playback")  # the last two at 2.5 m, too
AWAY_M = 2.5
ENGINES = ("vosk-household", "pocketsphinx")
LEVEL, KITCHEN_DB, PLAYBACK_DB = -26.0, 10.0, -10.0  # speech dBFS; to noise; to echo
MONOLOGUE = "You have seven things on your list, milk, eggs, bread, apples, tomatoes and rice. " * 2


def clip(text: str, voice: str, condition: str, seed: int) -> np.ndarray:
    """Return ``text`` as the recogniser gets it, float32, with half a second around it."""
    x = np.pad(speak(voice, text), (SAMPLE_RATE // 2, SAMPLE_RATE // 2))
    x = x * 10 ** ((LEVEL - active_level(x)) / 20)
    noise = np.random.default_rng(seed).standard_normal(len(x)) * 2e-4
    if condition == "clean":
        return (x + noise).astype(np.float32)
    heard = convolve(x, paths(seed, 2, away_m=AWAY_M).talker)
    heard *= 10 ** ((LEVEL - active_level(heard[0])) / 20)
    if condition == "playback":
        return _over_playback(heard + noise, seed)
    if condition == "kitchen":
        heard = heard + _kitchen(len(x), seed) * 10 ** ((LEVEL - KITCHEN_DB) / 20)
    return (heard[0] + noise).astype(np.float32)


def _kitchen(length: int, seed: int) -> np.ndarray:
    """Return recorded kitchen noise at 0 dBFS RMS; pink noise where the recording is missing."""
    path = data_root() / "sounds" / "kitchen_1.flac"
    if path.exists():
        x = read_audio(path)
        at = seed * 7919 % (len(x) - length)
        x = x[at : at + length]
    else:
        spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(length))
        x = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 20)), length)
    return x / (np.sqrt(np.mean(np.square(x))) + 1e-9)


def _over_playback(near: np.ndarray, seed: int) -> np.ndarray:
    """Add the speaker's own voice, which has sounded for a while, and clean it up again."""
    far = speak("en-us", MONOLOGUE)
    lead = max(len(far) - near.shape[1], 0)
    far = np.pad(far, (0, max(near.shape[1] - len(far), 0)))
    echo = np.roll(convolve(far, paths(seed, 2, away_m=AWAY_M).speaker), draw(seed).latency, axis=1)
    echo *= 10 ** ((LEVEL - PLAYBACK_DB - active_level(echo[0])) / 20)
    echo[:, lead:] += near[:, : echo.shape[1] - lead]
    front, out = FrontEnd(2, Echo()), []
    for at in range(0, len(far) - HOP + 1, HOP):
        hop = echo[:, at : at + HOP].astype(np.float32)
        out.append(front.process(hop, far[at : at + HOP].astype(np.float32), True).copy())
    return np.concatenate(out)[lead:]


def open_engine(name: str) -> Recogniser:
    """Return the recogniser as the speaker opens it."""
    from dataclasses import replace

    from assistant.settings import Settings
    from assistant.speech.engines import open_recogniser

    understanding = shipped()
    speech = replace(Settings().speech, recogniser=name)
    return open_recogniser(speech, understanding.grammar(), understanding.vocabulary())[0]


def measure(engine: str, clips: list[np.ndarray]) -> dict:
    """Decode the clips in a process of their own; return what it printed."""
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        np.savez(file, *clips)
        file.flush()
        command = [sys.executable, "-m", "tests.benchmarks.speech_conditions", engine, file.name]
        ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(ran.stdout.splitlines()[-1])


def main(engine: str, path: str) -> None:
    with np.load(path) as stored:
        clips = [stored[name] for name in stored.files]
    before, began = memory.peak(), time.perf_counter()
    recogniser = open_engine(engine)
    load_s, texts, sure = time.perf_counter() - began, [], []
    began = time.perf_counter()
    for x in clips:
        stream = recogniser.open()
        for at in range(0, len(x), SAMPLE_RATE // 10):
            stream.feed(x[at : at + SAMPLE_RATE // 10])
        transcript = stream.finish()
        texts.append(transcript.text)
        sure.append(transcript.confidence)
    took = time.perf_counter() - began
    needed = memory.peak().total - before.total
    recogniser.close()
    result = {"texts": texts, "confidence": sure, "load_s": load_s, "memory_mb": needed}
    print(json.dumps(result | {"rtf": took / (sum(map(len, clips)) / SAMPLE_RATE)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
