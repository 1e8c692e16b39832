"""The one audio format inside the speaker, and the conversions to and from it.

Sound is ``float32`` in [-1, 1] at 16 kHz, handled one hop (256 samples, 16 ms) at a time.
Microphone hops are ``(channels, HOP)``, everything mono is ``(HOP,)``. Time is an ``int``: the
number of samples since the device started.
"""

from __future__ import annotations

import numpy as np

SAMPLE_RATE = 16_000
HOP = 256


def seconds(samples: int) -> float:
    """Return the duration of ``samples`` in seconds."""
    return samples / SAMPLE_RATE


def samples(duration_s: float) -> int:
    """Return how many samples last ``duration_s`` seconds, rounded to the nearest."""
    return round(duration_s * SAMPLE_RATE)


def gain(db: float) -> float:
    """Return the amplitude factor of a level change of ``db`` decibels."""
    return float(10.0 ** (db / 20.0))


def level_db(x: np.ndarray) -> float:
    """Return the RMS level of ``x`` in dB relative to full scale, at least -120."""
    return power_db(float(np.mean(np.square(x, dtype=np.float64))) if x.size else 0.0)


def power_db(power: float) -> float:
    """Return a mean square in dB relative to full scale, at least -120."""
    return 10.0 * float(np.log10(max(power, 1e-12)))


def to_int16(x: np.ndarray) -> np.ndarray:
    """Return ``x`` as 16-bit PCM, clipped to full scale."""
    return (np.clip(x, -1.0, 1.0) * 32767.0).astype(np.int16)


def from_int16(x: np.ndarray) -> np.ndarray:
    """Return 16-bit PCM as float32 in [-1, 1)."""
    return x.astype(np.float32) / np.float32(32768.0)
