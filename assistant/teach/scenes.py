"""Puts dry speech into rooms: reverberation, noise, level, voice and time vary, by seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assistant.audio.format import SAMPLE_RATE, gain, level_db, samples
from assistant.room.acoustics import convolve, impulse_responses
from assistant.room.noises import KINDS, noise
from assistant.room.people import active_level

ROOMS = 24
DRY = 0.2  # so many are close to the microphone, in no room


def draw_rooms(count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return ``count`` impulse responses (1, n), the direct sound first and of amplitude 1."""
    out = []
    for i in range(count):
        size = rng.uniform([2.5, 2.5, 2.3], [6.5, 5.0, 2.8])
        mic = np.array([rng.uniform(0.3, 1.0), rng.uniform(0.5, size[1] - 0.5), 0.9])
        talker = mic + [rng.uniform(0.5, size[0] - 1.4), 0.0, rng.uniform(0.2, 0.8)]
        talker[1] = rng.uniform(0.4, size[1] - 0.4)
        rt60 = float(rng.uniform(0.15, 0.6))
        facing = (mic - talker) + rng.normal(0, 0.7, 3)
        response = impulse_responses(tuple(size), rt60, talker, mic, seed=i, facing=facing)[0]
        first = max(0, int(np.argmax(np.abs(response) > 0.3 * np.abs(response).max())) - 8)
        response = response[first : first + samples(0.5)]
        out.append((response / np.abs(response).max())[None])
    return out


class Scenes:
    """Draws how a sound reaches the microphone. Deterministic by ``seed``."""

    def __init__(self, seed: int, background: Sequence[np.ndarray] = ()) -> None:
        self.rng = np.random.default_rng(seed)
        self._rooms = draw_rooms(ROOMS, self.rng)
        self._background = list(background)

    def varied(self, x: np.ndarray) -> np.ndarray:
        """Return dry speech from a larger or smaller mouth, with another microphone's colour."""
        factor = float(np.exp(self.rng.uniform(-0.14, 0.14)))
        at = np.arange(0, len(x) - 1, factor)
        y = np.interp(at, np.arange(len(x)), x)
        return _coloured(y, self.rng).astype(np.float32)

    def in_room(self, x: np.ndarray) -> np.ndarray:
        """Return ``x`` as heard in one of the rooms; its direct sound stays in its place."""
        if self.rng.random() < DRY:
            return x
        response = self._rooms[self.rng.integers(len(self._rooms))]
        return convolve(x, response)[0]

    def noise(self, size: int) -> np.ndarray:
        """Return ``size`` samples of something that sounds in a home, at any level."""
        kind = self.rng.random()
        if kind < 0.3 and self._background:
            whole = self._background[self.rng.integers(len(self._background))]
            start = int(self.rng.integers(len(whole)))
            return np.resize(np.roll(whole, -start), size)
        if kind < 0.4:
            return np.resize(noise(str(self.rng.choice(list(KINDS))), int(kind * 1e6)), size)
        if kind < 0.5:
            return _tones(size, self.rng)
        return _coloured(self.rng.standard_normal(size), self.rng, slope=True)

    def mixed(self, x: np.ndarray, snr_db: tuple[float, float] = (3.0, 35.0)) -> np.ndarray:
        """Return ``x`` over noise, at a level that a near or a far talker may have."""
        under = self.noise(len(x))
        speech, snr = active_level(x), float(self.rng.uniform(*snr_db))
        under = under * gain(speech - snr - max(level_db(under), -90.0))
        quiet = self.rng.standard_normal(len(x)) * gain(float(self.rng.uniform(-85, -62)))
        level = float(self.rng.uniform(-50.0, -14.0))
        sound = (x + under) * gain(level - speech) + quiet
        return np.clip(sound, -1.0, 1.0).astype(np.float32)


def _coloured(x: np.ndarray, rng: np.random.Generator, slope: bool = False) -> np.ndarray:
    """Return ``x`` through a few broad peaks and dips, or also through a slope (noise)."""
    size = 1 << (len(x) - 1).bit_length()
    octave = np.log2(np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 40.0) / 1000.0)
    db = np.zeros(len(octave))
    for _ in range(3):
        centre, width = rng.uniform(-3, 3), rng.uniform(0.4, 1.5)
        db += rng.uniform(-6, 6) * np.exp(-(((octave - centre) / width) ** 2))
    if slope:
        db += octave * rng.uniform(-9, 3)
    return np.fft.irfft(np.fft.rfft(x, size) * 10 ** (db / 20), size)[: len(x)]


def _tones(size: int, rng: np.random.Generator) -> np.ndarray:
    """Return chords of notes with overtones: something like music, or a kettle."""
    t, out = np.arange(size) / SAMPLE_RATE, np.zeros(size)
    for _ in range(4):
        pitch = 110 * 2 ** (rng.integers(0, 36) / 12)
        start, length = rng.uniform(0, size / SAMPLE_RATE), rng.uniform(0.2, 2.0)
        shape = np.clip((t - start) / 0.02, 0, 1) * np.exp(-np.maximum(t - start, 0) / length)
        tone = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 6) if pitch * k < 7500)
        out += shape * tone
    return out + 1e-4 * rng.standard_normal(size)
