"""Whether what is left rises and falls with the echo: then it is echo, whatever it sounds like."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.residual import BANDS

HOPS = SAMPLE_RATE // HOP  # a second
_SILENT = np.float32(1e-9)  # mean square of what nobody hears


class EchoLikeness:
    """Compares the last second's output with the echo expected in it, by level. Audio thread only.

    A voice has a rhythm of its own, in every band; the echo of a path that is not known yet, or of
    a distorted vowel, has that of what is played.
    """

    def __init__(self) -> None:
        self._powers = np.zeros((2, HOPS, BANDS), np.float32)
        self._hop = 0

    def hear(self, output: np.ndarray, residual: np.ndarray) -> None:
        """Keep one hop of each: mean squares by band, float32 (BANDS,)."""
        self._powers[0, self._hop], self._powers[1, self._hop] = output, residual
        self._hop = (self._hop + 1) % HOPS

    @property
    def loudest(self) -> float:
        """Mean square of the last second's loudest hop of output."""
        return float(self._powers[0].sum(axis=1).max())

    def value(self) -> float:
        """Return the correlation of their levels over time, all bands at once, -1 to 1."""
        levels = np.log(self._powers + _SILENT)
        levels -= levels.mean(axis=1, keepdims=True)
        output, residual = levels
        both = float(np.vdot(output, residual))
        alone = float(np.vdot(output, output)) * float(np.vdot(residual, residual))
        return both / (alone + 1e-6) ** 0.5
