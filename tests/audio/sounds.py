"""Synthetic signals for the tests of the echo path, the same every time."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE


def speech_like(seed: int, duration_s: float, rms: float = 0.1) -> np.ndarray:
    """Return noise with speech's spectrum and syllables, float32, hop-aligned."""
    rng = np.random.default_rng(seed)
    size = int(duration_s * SAMPLE_RATE) // HOP * HOP
    f = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    shape = 1 / (1 + (f / 700) ** 1.5) * (f > 90)
    x = np.fft.irfft(np.fft.rfft(rng.normal(size=size)) * shape, size)
    syllables = rng.uniform(0.05, 1.0, size // 2000 + 2)
    x *= np.interp(np.arange(size), np.arange(len(syllables)) * 2000, syllables)
    return (rms * x / np.std(x)).astype(np.float32)


def path(seed: int, delay: int = 6, rt60_s: float = 0.15, taps: int = 2400) -> np.ndarray:
    """Return an echo path: a direct sound after ``delay`` samples and a decaying tail."""
    rng = np.random.default_rng(seed)
    t = np.arange(taps)
    h = 0.08 * rng.normal(size=taps) * 10 ** (-3 * t / (rt60_s * SAMPLE_RATE))
    h[:4] = 0
    h[0] = 1.0
    return np.concatenate([np.zeros(delay), h])


def through(x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return ``x`` convolved with ``h``, float32, as long as ``x``."""
    size = 1 << (len(x) + len(h)).bit_length()
    return np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(h, size), size)[: len(x)].astype("f4")


def power_db(x: np.ndarray) -> float:
    """Return the mean power of ``x`` in dB."""
    return 10 * float(np.log10(np.mean(np.square(x, dtype=np.float64)) + 1e-20))


def hops(x: np.ndarray):
    """Yield ``x`` (..., n) in hops."""
    for i in range(0, x.shape[-1] - HOP + 1, HOP):
        yield x[..., i : i + HOP]
