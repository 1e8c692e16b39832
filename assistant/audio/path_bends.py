"""How much of each distorted version is in an echo, the path being known."""

from __future__ import annotations

import numpy as np

_RIDGE = 0.03, 1e-4  # of the weights, in their bend's own power and in the mean one
_PRIOR = 100.0  # samples' worth of noise that must speak for a weight of 1


class BendFit:
    """A ridge regression of echoes on the bends' echoes, ``bent`` float32 (k, m, n). Not shared.

    ``heed`` (n,) is the root of what a sample's error counts. ``bent`` is overwritten; none (k of
    0) explain nothing.
    """

    def __init__(self, bent: np.ndarray, heed: np.ndarray) -> None:
        bent *= heed
        self._heed, self._bent = heed, bent.reshape(len(bent), bent.shape[1] * bent.shape[2])
        self._square = (self._bent @ self._bent.T).astype(np.float64)
        self._inverse = np.zeros_like(self._square)

    def weights(self, weights: np.ndarray, error: np.ndarray) -> np.ndarray:
        """Return better ``weights`` float32 (k,), which have left ``error`` (m, n)."""
        if not weights.size:
            return weights
        error = error * self._heed
        prior = _PRIOR * float(np.mean(error**2))
        toward = self._bent @ error.ravel() - prior * weights
        self._inverse = np.linalg.inv(self._loaded(prior))
        return (weights + self._inverse @ toward).astype(np.float32)

    def unexplained(self, error: np.ndarray) -> np.ndarray:
        """Return ``error`` (m, n) without what ``weights`` would explain of it; call that first."""
        if not len(self._bent):
            return error
        shares = self._inverse @ (self._bent @ (error * self._heed).ravel())
        explained = (shares.astype(np.float32) @ self._bent).reshape(error.shape)
        return error - explained / self._heed

    def _loaded(self, prior: float) -> np.ndarray:
        square = self._square.copy()
        at = np.diag_indices_from(square)
        square[at] *= 1 + _RIDGE[0]
        square[at] += _RIDGE[1] * np.trace(square) / len(square) + prior + 1e-12
        return square
