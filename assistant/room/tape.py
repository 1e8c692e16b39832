"""A tape for one signal of a scene: on the disk, so that a recording is no part of the speaker."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import numpy as np


class Tape:
    """Keeps hops of one shape and dtype in a file without a name, which is gone when this is."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="assistant-scene-")  # noqa: SIM115
        self._shape: tuple[int, ...] = (0,)
        self._dtype = np.dtype(np.int16)
        self._hops = 0

    def append(self, hop: np.ndarray) -> None:
        """Add one hop; the first decides shape and dtype."""
        if not self._hops:
            self._shape, self._dtype = hop.shape, hop.dtype
        self._file.write(np.ascontiguousarray(hop, self._dtype).tobytes())
        self._hops += 1

    def clear(self) -> None:
        """Forget everything."""
        self._file.seek(0)
        self._file.truncate()
        self._hops = 0

    def sound(self) -> np.ndarray:
        """Return all of it in one piece: (..., samples)."""
        hops = self._read()
        return np.concatenate(hops, axis=-1) if self._hops else hops.reshape(*self._shape[:-1], 0)

    def __len__(self) -> int:
        return self._hops

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self._read())

    def _read(self) -> np.ndarray:
        self._file.seek(0)
        data = np.frombuffer(self._file.read(), self._dtype)
        return data.reshape(self._hops, *self._shape)
