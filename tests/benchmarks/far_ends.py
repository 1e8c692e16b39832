"""What the loudspeaker plays in the echo benchmark: dense talk of machines and people, music."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile

from assistant.audio.format import SAMPLE_RATE

KINDS = ("synthetic voice", "recorded people", "synthetic voice", "music")  # by seed
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


def kind(seed: int) -> str:
    """Return what plays in room ``seed``."""
    return KINDS[seed % len(KINDS)]


def far_end(seed: int, size: int, people: list[Path]) -> np.ndarray:
    """Return what plays in room ``seed``: float32 (``size``,), RMS 0.1.

    ``people`` are recordings to take voices from; without them a synthetic voice talks.
    """
    rng = np.random.default_rng([seed, 7])
    if kind(seed) == "music":
        x = music(rng, size)
    elif kind(seed) == "recorded people" and people:
        chosen = rng.permutation(len(people))[: size // 32_000 + 1]
        parts = [trim(soundfile.read(people[i], dtype="float32")[0]) for i in chosen]
        x = np.concatenate([part / (np.std(part) + 1e-9) for part in parts])
    else:
        x = espeak(TALK, VOICES[seed // 2 % len(VOICES)])
        x = np.roll(x, -int(rng.integers(len(x))))
    x = np.tile(x, size // len(x) + 1)[:size]
    return (0.1 * x / np.std(x)).astype(np.float32)


@lru_cache(maxsize=8)
def espeak(text: str, voice: str) -> np.ndarray:
    """Return ``text`` spoken by espeak-ng, as float at 16 kHz."""
    done = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", "165", "--stdout", text], capture_output=True, check=True
    )
    x, rate = soundfile.read(BytesIO(done.stdout), dtype="float32")
    size = int(len(x) * SAMPLE_RATE / rate)
    return np.interp(np.arange(size) * rate / SAMPLE_RATE, np.arange(len(x)), x)


def trim(x: np.ndarray) -> np.ndarray:
    """Return ``x`` without the quiet before and after what is said."""
    power = np.convolve(x**2, np.ones(320) / 320, "same")
    loud = np.flatnonzero(power > 0.003 * power.max())
    return x[max(0, loud[0] - 800) : loud[-1] + 800]


def music(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a band's worth of tones: bass, plucked chords, a sung line, drums. 4/4 by chance."""
    beat = int(SAMPLE_RATE * 60 / rng.uniform(80, 130))
    root = rng.integers(40, 52)
    steps = rng.permutation([0, 5, 7, 9, 2, 4])[:4]
    out = np.zeros(size + 4 * beat)
    melody = 12
    for number, at in enumerate(range(0, size, beat)):
        chord = root + steps[number // 4 % 4]
        minor = int(rng.random() < 0.4)
        _add(out, at, 0.5 * _pluck(chord - 12, beat, 0.4))
        for note in (12, 16 - minor, 19):
            _add(out, at + beat // 2 * int(rng.integers(2)), 0.25 * _pluck(chord + note, beat, 0.3))
        melody = int(np.clip(melody + rng.integers(-4, 5), 8, 24))
        _add(out, at, 0.45 * _sung(chord + melody, beat, rng))
        for half in (0, beat // 2):
            _add(out, at + half, 0.5 * _hit(rng, 0.02 if half or number % 2 == 0 else 0.08))
    return out[:size]


def _add(out: np.ndarray, at: int, x: np.ndarray) -> None:
    out[at : at + len(x)] += x[: len(out) - at]


def _hertz(note: float) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)


def _pluck(note: int, size: int, decay_s: float) -> np.ndarray:
    t = np.arange(2 * size) / SAMPLE_RATE
    tones = (np.sin(2 * np.pi * k * _hertz(note) * t) * np.exp(-k * t / decay_s) / k
             for k in range(1, 9) if k * _hertz(note) < 7000)  # fmt: skip
    return sum(tones) * np.minimum(t / 0.004, 1)


def _sung(note: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return a vowel on a note with vibrato: harmonics under two formants."""
    t = np.arange(size) / SAMPLE_RATE
    pitch = _hertz(note) * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    first, second = rng.uniform(300, 800), rng.uniform(900, 2400)
    out = np.zeros(size)
    for k in range(1, 24):
        f = k * _hertz(note)
        if f < 7500:
            shape = 1 / (1 + ((f - first) / 120) ** 2) + 0.6 / (1 + ((f - second) / 200) ** 2)
            out += (shape + 0.02) * np.sin(k * phase)
    return out * np.minimum(1, np.minimum(t / 0.05, t[::-1] / 0.08))


def _hit(rng: np.random.Generator, decay_s: float) -> np.ndarray:
    t = np.arange(int(0.2 * SAMPLE_RATE)) / SAMPLE_RATE
    return rng.normal(size=len(t)) * np.exp(-t / decay_s)
