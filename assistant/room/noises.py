"""Household noises made from nothing, for scenes that have no recording at hand."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import SAMPLE_RATE


def noise(kind: str, seed: int = 0) -> np.ndarray:
    """Return one of ``KINDS`` as float32 at 16 kHz, peak 1; deterministic by ``seed``."""
    x = KINDS[kind](np.random.default_rng(seed))
    return (x / np.abs(x).max()).astype(np.float32)


def _time(duration_s: float) -> np.ndarray:
    return np.arange(int(duration_s * SAMPLE_RATE)) / SAMPLE_RATE


def _band(rng: np.random.Generator, n: int, low: float, high: float) -> np.ndarray:
    spectrum = np.fft.rfft(rng.standard_normal(n))
    f = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    spectrum *= 1 / (1 + (low / np.maximum(f, 1)) ** 4) / (1 + (f / high) ** 4)
    return np.fft.irfft(spectrum, n)


def _plates(rng: np.random.Generator) -> np.ndarray:
    """A stack of plates put down: a handful of strokes, each a few ringing modes of china."""
    out = np.zeros(int(0.9 * SAMPLE_RATE))
    for start in np.sort(rng.uniform(0.0, 0.45, 7)):
        t = _time(0.35)
        stroke = _band(rng, len(t), 1500, 7000) * np.exp(-t / 0.004)
        for _ in range(7):
            f, decay = rng.uniform(1400, 6500), rng.uniform(0.02, 0.09)
            stroke += rng.uniform(0.1, 0.5) * np.sin(2 * np.pi * f * t) * np.exp(-t / decay)
        at = int(start * SAMPLE_RATE)
        out[at : at + len(t)] += rng.uniform(0.3, 1.0) * stroke
    return out


def _cough(rng: np.random.Generator) -> np.ndarray:
    """Two coughs: a burst of breath through a throat, then a short voiced tail."""
    out = np.zeros(int(0.85 * SAMPLE_RATE))
    for start, loud in ((0.0, 1.0), (0.42, 0.7)):
        t = _time(0.32)
        breath = _band(rng, len(t), 350, 2200) * np.minimum(t / 0.008, 1) * np.exp(-t / 0.05)
        pitch = 150 - 120 * t
        voiced = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE)) * 0.5
        voiced *= np.exp(-(((t - 0.16) / 0.06) ** 2)) * breath.std()
        at = int(start * SAMPLE_RATE)
        out[at : at + len(t)] += loud * (breath + voiced)
    return out


def _door(rng: np.random.Generator) -> np.ndarray:
    """A door falling shut: a dull thud with a rattle of the latch behind it."""
    t = _time(0.7)
    thud = sum(
        np.sin(2 * np.pi * f * t + rng.uniform(0, 6)) * np.exp(-t / d)
        for f, d in ((85, 0.12), (142, 0.08), (230, 0.05), (410, 0.03))
    )
    latch = _band(rng, len(t), 900, 4000) * (
        np.exp(-t / 0.01) + 0.3 * (t > 0.05) * np.exp(-np.maximum(t - 0.05, 0) / 0.02)
    )
    return thud + 6 * latch


KINDS = {"noise:plates": _plates, "noise:cough": _cough, "noise:door": _door}
