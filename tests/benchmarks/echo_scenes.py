"""Signals for the echo benchmark: recorded people say "alexa" while the loudspeaker talks.

Speech-to-echo ratio (SER): mean power of each word at microphone 1 while it sounds, over the
mean power of the echo at microphone 1 over the whole recording, both with their reverberation.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile

from assistant.audio.format import SAMPLE_RATE
from tests.benchmarks import rooms

LEAD_S = 6.0  # playback before the first word
GAP_S = 2.6  # from one word's start to the next
TALK = (
    "The kitchen was quiet that morning, and the rain had not stopped since the night before. "
    "She put the kettle on, opened the window a little, and listened to the water running along "
    "the gutters. Six o'clock, said the radio, and eleven degrees, with more rain to come from "
    "the west. Nobody had expected the letter. It lay between the bread and the butter, thick "
    "and yellow, with a stamp from a country whose name had changed twice since it was printed. "
    "He read it standing, then sitting, then standing again, and at the end he folded it along "
    "its old lines and asked whether there was any marmalade left. There was plenty of it. "
)
VOICES = ("en-us", "en-gb+f3", "en-us+m7", "en-gb-x-rp+f2")


@dataclass(frozen=True)
class Scene:
    """One recording with its truth; sounds are float32 in [-1, 1] at 16 kHz."""

    mics: np.ndarray  # (2, n): echo + near + noise
    echo: np.ndarray  # (2, n)
    near: np.ndarray  # (2, n)
    noise: np.ndarray  # (2, n)
    reference: np.ndarray  # (n,)
    words: tuple[tuple[int, int], ...]  # where each word sounds
    latency: int


def espeak(text: str, voice: str) -> np.ndarray:
    """Return ``text`` spoken by espeak-ng, as float32 at 16 kHz."""
    done = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", "165", "--stdout", text], capture_output=True, check=True
    )
    x, rate = soundfile.read(BytesIO(done.stdout), dtype="float32")
    size = int(len(x) * SAMPLE_RATE / rate)
    return np.interp(np.arange(size) * rate / SAMPLE_RATE, np.arange(len(x)), x)


def far_end(seed: int, size: int, people: list[Path]) -> np.ndarray:
    """Return dense speech (``size``,) with RMS 0.1: synthetic for even seeds, else recorded."""
    if seed % 2 == 0 or not people:
        parts = [espeak(TALK, VOICES[seed // 2 % len(VOICES)])]
    else:
        chosen = np.random.default_rng(seed).permutation(len(people))[: size // 32_000 + 1]
        parts = [trim(soundfile.read(people[i], dtype="float32")[0]) for i in chosen]
        parts = [part / (np.std(part) + 1e-9) for part in parts]
    x = np.concatenate(parts)
    x = np.tile(x, size // len(x) + 1)[:size]
    return (0.1 * x / np.std(x)).astype(np.float32)


def trim(x: np.ndarray) -> np.ndarray:
    """Return ``x`` without the quiet before and after what is said."""
    power = np.convolve(x**2, np.ones(320) / 320, "same")
    loud = np.flatnonzero(power > 0.003 * power.max())
    return x[max(0, loud[0] - 800) : loud[-1] + 800]


def build(seed: int, clips: list[Path], people: list[Path], ser_db: float) -> Scene:
    """Return room ``seed`` where ``clips`` are said one after another during playback."""
    room, rng = rooms.draw(seed), np.random.default_rng(seed + 1000)
    size = int((LEAD_S + GAP_S * len(clips) + 0.5) * SAMPLE_RATE)
    reference = far_end(seed, size, people)
    played = rooms.distort(reference.astype(np.float64), room.thd, room.kind)
    played = np.concatenate([np.zeros(room.latency), played])[:size]
    echo = rooms.convolve(played, room.speaker)
    scale = 0.1 / np.std(echo[0])
    echo *= scale
    near, words = np.zeros_like(echo), []
    for i, clip in enumerate(clips):
        word = trim(soundfile.read(clip, dtype="float32")[0])[: int(2.0 * SAMPLE_RATE)]
        start = int((LEAD_S + GAP_S * i + rng.uniform(0, 0.4)) * SAMPLE_RATE)
        heard = rooms.convolve(np.pad(word, (0, room.talker.shape[1])), room.talker)
        heard *= 0.1 * 10 ** (ser_db / 20) / _active_level(heard[0])
        stop = min(size, start + heard.shape[1])
        near[:, start:stop] += heard[:, : stop - start]
        words.append((start, start + len(word)))
    noise = rng.normal(size=echo.shape) * 10 ** (room.noise_db / 20)
    mics = (echo + near + noise).astype(np.float32)
    return Scene(mics, echo, near, noise, reference, tuple(words), room.latency)


def _active_level(x: np.ndarray) -> float:
    power = np.convolve(x**2, np.ones(320) / 320, "same")
    return float(np.sqrt(np.mean(x[power > 0.01 * power.max()] ** 2)))


def recall(scores: np.ndarray, words: tuple[tuple[int, int], ...], step: int) -> tuple[int, int]:
    """Return how many ``words`` woke at 0.5, and how many other wakes there were."""
    ends = (np.arange(len(scores)) + 1) * step
    hot, heard = scores >= 0.5, 0
    claimed = np.zeros(len(scores), bool)
    for start, stop in words:
        here = (ends > start + 3200) & (ends < stop + 12_800)
        heard += bool(hot[here].any())
        claimed |= (ends > start) & (ends < stop + 24_000)
    stray = hot & ~claimed
    return heard, int(np.count_nonzero(stray[1:] & ~stray[:-1]) + bool(len(stray) and stray[0]))
