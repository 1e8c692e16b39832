"""Change the sample rate of a whole clip."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np

from assistant.audio.format import SAMPLE_RATE

_HALF = 24  # zero crossings of the sinc on each side: the stop band is below -80 dB


def to_speaker_rate(x: np.ndarray, rate: int) -> np.ndarray:
    """Return mono ``x`` of ``rate`` Hz as float32 at 16 kHz, ``round(len * 16000 / rate)`` samples.

    A Kaiser-windowed sinc evaluated at every output phase (Crochiere and Rabiner, Multirate
    Digital Signal Processing, 1983), as one matrix product; it delays nothing. Any thread.
    """
    if rate == SAMPLE_RATE:
        return np.asarray(x, dtype=np.float32)
    up, down = SAMPLE_RATE // gcd(rate, SAMPLE_RATE), rate // gcd(rate, SAMPLE_RATE)
    bank, reach = _filter_bank(up, down)
    wanted = round(len(x) * up / down)
    blocks = -(-wanted // up)
    padded = np.zeros((blocks - 1) * down + len(bank) if blocks else 0, dtype=np.float32)
    room = min(len(x), max(len(padded) - reach, 0))
    padded[reach : reach + room] = x[:room]
    if not blocks:
        return padded
    frames = np.lib.stride_tricks.sliding_window_view(padded, len(bank))[::down]
    return (frames @ bank).reshape(-1)[:wanted]


@lru_cache(maxsize=8)
def _filter_bank(up: int, down: int) -> tuple[np.ndarray, int]:
    """Return (matrix, reach): ``down + 2 * reach`` input samples in, ``up`` output samples out."""
    cutoff = min(1.0, up / down) * 0.95
    half = _HALF / cutoff
    reach = int(np.ceil(half))
    t = np.arange(down + 2 * reach)[:, None] - reach - np.arange(up)[None, :] * (down / up)
    inside = np.clip(1.0 - (t / half) ** 2, 0.0, None)
    window = np.where(np.abs(t) <= half, np.i0(9.0 * np.sqrt(inside)) / np.i0(9.0), 0.0)
    bank = cutoff * np.sinc(cutoff * t) * window
    return (bank / bank.sum(axis=0)).astype(np.float32), reach
