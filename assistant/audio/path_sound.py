"""A stretch of what was played and heard, as the solver of the echo path multiplies by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_PIECES = 2  # more save nothing: each repeats a path's length


@dataclass(frozen=True)
class Recording:
    """What the solver is given; all float32, aligned, the newest sample last.

    ``reference`` (n + taps - 1,) what was played and ``bends`` (k, n + taps - 1) the distorted
    versions of it, each with ``taps - 1`` samples before the first microphone sample; ``mics``
    (m, n); ``weights`` (k,) of the bends and ``path`` (m, taps), both as believed so far.
    ``creep`` ((n + taps) / HOP + 1,) is by how many samples all that was played should have come
    later, at its hops' borders; the first hop lacks its first sample.
    """

    reference: np.ndarray
    bends: np.ndarray
    mics: np.ndarray
    weights: np.ndarray
    path: np.ndarray
    creep: np.ndarray | None = None


class Sound:
    """The spectra of what was played and of what was heard, and the echo of paths in them.

    Of the microphone samples ``start`` to ``stop`` of a ``recording``. They are cut into pieces,
    each with what was played up to a path's length before it (overlap-save): several shorter FFTs
    at once are quicker than a long one. The bends are taken one by one, as all of them at once
    take megabytes.

    ``mics`` float32 (m, size); ``energy`` of what was played meanwhile.
    """

    def __init__(self, recording: Recording, start: int, stop: int) -> None:
        self.taps, self.size = recording.path.shape[1], stop - start
        reach = start + self.size + self.taps - 1
        self._piece = -(-self.size // _PIECES)
        self._n = _fast_size(self._piece + self.taps - 1)

        self.mics = recording.mics[:, start:stop]
        x = recording.reference[start:reach]
        self.energy = float(np.dot(x[: self.size], x[: self.size]))
        self._x = self._spectra(x)
        self._bends = np.empty((len(recording.bends), *self._x.shape), self._x.dtype)
        for row, bend in zip(self._bends, recording.bends, strict=True):
            row[:] = self._spectra(bend[start:reach])

    def _spectra(self, x: np.ndarray) -> np.ndarray:
        """Return the spectra (_PIECES, bins) of the pieces of ``x`` (size + taps - 1,)."""
        pieces = np.zeros((_PIECES, self._n), np.float32)
        for row, at in zip(pieces, range(0, self.size, self._piece), strict=False):
            piece = x[at : at + self._piece + self.taps - 1]
            row[: len(piece)] = piece
        return np.fft.rfft(pieces)

    def played(self, weights: np.ndarray) -> np.ndarray:
        """Return the spectra of the reference and its bends, weighted."""
        return self._x + np.tensordot(weights, self._bends, 1)

    def echo(self, spectra: np.ndarray, paths: np.ndarray) -> np.ndarray:
        """Return what the microphones get by ``paths`` (m, taps) of spectra: (m, size)."""
        y = np.fft.irfft(spectra * np.fft.rfft(paths, self._n)[:, None], self._n)
        y = y[..., self.taps - 1 : self.taps - 1 + self._piece]
        return y.reshape(len(paths), -1)[:, : self.size]

    def correlation(self, spectra: np.ndarray, heard: np.ndarray) -> np.ndarray:
        """Return the correlation (m, taps) of ``heard`` (m, size) with them: echo's adjoint."""
        pieces = np.zeros((len(heard), _PIECES, self._n), np.float32)
        for at in range(0, self.size, self._piece):
            piece = heard[:, at : at + self._piece]
            pieces[:, at // self._piece, self.taps - 1 :][:, : piece.shape[1]] = piece
        found = np.sum(spectra.conj() * np.fft.rfft(pieces), axis=1)
        return np.fft.irfft(found, self._n)[:, : self.taps]

    def filtered(self, paths: np.ndarray, gains: np.ndarray) -> np.ndarray:
        """Return ``paths`` (m, taps) with their spectra times ``gains`` (bins,)."""
        return np.fft.irfft(np.fft.rfft(paths, self._n) * gains, self._n)[:, : self.taps]

    def bent(self, path: np.ndarray) -> np.ndarray:
        """Return what one microphone gets of every bend by its ``path`` (taps,): (k, size)."""
        out = np.empty((len(self._bends), self.size), np.float32)
        for row, bend in zip(out, self._bends, strict=True):
            row[:] = self.echo(bend, path[None])[0]
        return out


def _fast_size(least: int) -> int:
    """Return a length not below ``least`` whose FFT is quick: 2^a, 3 or 5 times it, 9 times."""
    choices = (factor << power for factor in (1, 3, 5, 9, 15) for power in range(20))
    return min(size for size in choices if size >= least)
