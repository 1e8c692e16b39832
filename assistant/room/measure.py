"""Measures on what really sounded in the room: how fast it got quiet, how well echo went away."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE, samples, seconds
from assistant.room.acoustics import amplitude
from assistant.room.record import Record

DUCKED_DB, SILENT_DB = 12.0, 40.0
_FRAME = 128  # 8 ms
_BEFORE = samples(0.4)
_KEPT = samples(0.1)
_WINDOW = 31  # hops over which convergence is judged: half a second
_AUDIBLE_DB = 45.0  # dB SPL at the microphone from which the echo is measured


class Loudness:
    """The loudspeaker's sound at the first microphone, frame by frame (the true echo)."""

    def __init__(self, record: Record) -> None:
        sound = record.echo.sound().astype(np.float64)
        frames = sound[: len(sound) // _FRAME * _FRAME].reshape(-1, _FRAME)
        power = np.mean(frames**2, axis=1)
        smooth = np.convolve(power, np.full(3, 1 / 3), mode="full")[: len(power)]
        self._level = 10 * np.log10(smooth + 1e-14)

    def before(self, at: int) -> float:
        """Return the level in dB just before sample ``at``: the loud part of the last 0.4 s."""
        part = self._level[max(0, at - _BEFORE) // _FRAME : max(at // _FRAME, 1)]
        return float(np.percentile(part, 80)) if part.size else -140.0

    def fallen(self, at: int, by_db: float, until: int) -> float | None:
        """Return when, from ``at`` on, the sound has fallen by ``by_db`` and stays so for 100 ms.

        In seconds; None when it does not happen before ``until``.
        """
        low = self._level < self.before(at) - by_db
        first, last = at // _FRAME, min(until // _FRAME, len(low))
        keep = _KEPT // _FRAME
        for k in range(first, last):
            if low[k : min(k + keep, last)].all():
                return seconds((k + 1) * _FRAME)
        return None


def echo_figures(record: Record) -> dict[str, float | None]:
    """Return ``erle_db`` and ``converged_s`` over the hops with echo and without anybody near.

    ERLE is the microphone's power over the cleaned signal's. Converged is the scene time from
    which it first stays within 3 dB of the total for half a second of echo.
    """
    mic = _hop_power([hop[0] for hop in record.mic])
    clean = _hop_power(record.clean)
    echo = np.array([float(np.dot(e, e)) / HOP for e in record.echo])
    alone = (np.array(record.near) < 1e-12) & (echo > amplitude(_AUDIBLE_DB) ** 2)
    use = np.flatnonzero(alone)
    if use.size <= _WINDOW:
        return {"erle_db": None, "converged_s": None}
    total = 10 * np.log10(mic[use].sum() / max(clean[use].sum(), 1e-12))
    window = np.ones(_WINDOW)
    near = 10 * np.log10(
        np.convolve(mic[use], window, "valid") / (np.convolve(clean[use], window, "valid") + 1e-12)
    )
    good = np.flatnonzero(near >= total - 3.0)
    converged = use[good[0] + len(window) - 1] * HOP / SAMPLE_RATE if good.size else None
    return {"erle_db": _round(total, 1), "converged_s": _round(converged)}


def _hop_power(hops: list[np.ndarray]) -> np.ndarray:
    return np.array([np.mean((h / 32768.0) ** 2) for h in hops])


def hop_figures(record: Record) -> dict[str, float | int]:
    """Return the audio thread's computing time per hop: median, 99th percentile, late hops."""
    cost = np.array([hop.cost_ms for hop in record.hops])
    if not cost.size:
        return {"p50_ms": 0.0, "p99_ms": 0.0, "late": 0}
    budget = 1000.0 * HOP / SAMPLE_RATE
    return {
        "p50_ms": _round(float(np.percentile(cost, 50))),
        "p99_ms": _round(float(np.percentile(cost, 99))),
        "late": int(np.sum(cost > budget)),
    }


def _round(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(float(value), digits)
