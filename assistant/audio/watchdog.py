"""Notices that the echo canceller makes things louder instead of quieter."""

from __future__ import annotations

import numpy as np

_LOUDER = 2.0  # times the input's power
_HOPS = 20  # in a row, about a third of a second
_MEMORY = 0.1  # weight of a new hop


class Watchdog:
    """Compares the power after a canceller with that before it; audio thread only."""

    def __init__(self, mics: int) -> None:
        self._loud = np.zeros(mics, np.float32)  # hops in a row
        self._before = np.zeros(mics, np.float32)
        self._after = np.zeros(mics, np.float32)
        self.calm()

    def calm(self) -> None:
        """Begin anew: what is compared is another filter's work."""
        self._loud[:] = 0
        self._before[:] = self._after[:] = 1e-9

    def bites(self, before: np.ndarray, after: np.ndarray) -> np.ndarray | None:
        """Take one hop's energies (mics,); return which microphones diverge (bool), or None.

        One whose output is not a number diverges at once.
        """
        self._before += _MEMORY * (before - self._before)
        self._after += _MEMORY * (after - self._after)
        quieter = self._after <= _LOUDER * self._before  # False for what is not a number
        if quieter.all():
            self._loud[:] = 0
            return None
        bad = ~np.isfinite(self._after)
        if not bad.any():
            self._loud = np.where(quieter, 0, self._loud + 1)
            bad = self._loud > _HOPS
        return bad if bad.any() else None
