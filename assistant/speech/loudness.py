"""How loud speech is while somebody speaks, and every voice brought to one level."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import gain, samples

TARGET_DBFS = -20.0  # active level of everything the speaker says
PEAK = 0.95
_FRAME = samples(0.02)
_MARGIN_DB = 15.9


def active_level(x: np.ndarray) -> float:
    """Return the level of ``x`` in dB re full scale over the frames in which something sounds.

    The idea of ITU-T P.56 with 20 ms frames: a frame counts when it lies within 15.9 dB of the
    level of all that count. -120 for silence.
    """
    frames = x[: len(x) // _FRAME * _FRAME].reshape(-1, _FRAME) if len(x) >= _FRAME else x[None]
    power = np.mean(np.square(frames, dtype=np.float64), axis=1) if x.size else np.zeros(1)
    power = power[power > 1e-12]
    if not power.size:
        return -120.0
    level = 10 * np.log10(power.mean())
    for _ in range(20):
        level = 10 * np.log10(power[10 * np.log10(power) >= level - _MARGIN_DB].mean())
    return float(level)


def at_level(x: np.ndarray, dbfs: float = TARGET_DBFS) -> np.ndarray:
    """Return float32 ``x`` at the active level ``dbfs``, or as near as its peaks allow.

    Peaks stay below 0.95 of full scale by a lower gain, not by clipping; silence stays silence.
    """
    level, peak = active_level(x), float(np.max(np.abs(x), initial=0.0))
    if level <= -120.0:
        return x.astype(np.float32)
    return (x * np.float32(min(gain(dbfs - level), PEAK / peak))).astype(np.float32)
