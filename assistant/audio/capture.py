"""The last half minute of cleaned sound, so that nobody has to repeat themselves.

One writer (the audio thread), any readers. No lock: the position moves only after the samples
are in place, and readers stay well clear of the oldest second.
"""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE


class CaptureRing:
    """Keeps the newest ``seconds`` of mono sound, addressed by absolute sample count."""

    def __init__(self, seconds: float = 30.0) -> None:
        hops = int(seconds * SAMPLE_RATE) // HOP
        self._ring = np.zeros(hops * HOP, np.float32)
        self.position = 0  # samples written so far

    def write(self, hop: np.ndarray) -> None:
        """Append one hop (float32, shape (HOP,)); audio thread only."""
        at = self.position % self._ring.size
        self._ring[at : at + HOP] = hop
        self.position += HOP

    def read(self, start: int, end: int) -> np.ndarray:
        """Return a copy of samples ``start`` to ``end``, as far as they are still there."""
        newest = self.position
        oldest = max(0, newest - self._ring.size + SAMPLE_RATE)
        start, end = max(start, oldest), min(end, newest)
        if end <= start:
            return np.zeros(0, np.float32)
        index = np.arange(start, end) % self._ring.size
        return self._ring[index]
