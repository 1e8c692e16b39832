"""The equations that ``assistant.audio.path_solver`` solves: what a path makes of a sound.

All by FFT, as long sounds and long paths are multiplied all the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from assistant.audio.path_solver import Recording


class Sound:
    """The spectra of what was played and of what was heard, and the echo of paths in them.

    Of ``recording`` as long as ``mics`` (m, size) is, which is whitened already. The bends are
    taken one by one, as all of them at once take megabytes.
    """

    def __init__(self, recording: Recording, whitening: np.ndarray, mics: np.ndarray) -> None:
        self.mics, self.taps, self.size = mics, recording.path.shape[1], mics.shape[1]
        reach = self.size + self.taps - 1
        self._n = fast_size(reach)
        x = fir(recording.reference, whitening)
        self.energy = float(np.dot(x[: self.size], x[: self.size]))
        self._x = np.fft.rfft(x[:reach], self._n)
        self.bends = np.empty((len(recording.bends), self._x.size), self._x.dtype)
        for row, bend in zip(self.bends, recording.bends, strict=True):
            row[:] = np.fft.rfft(fir(bend, whitening)[:reach], self._n)
        padded = np.zeros((len(mics), self._n), np.float32)
        padded[:, self.taps - 1 : reach] = mics
        self._heard = np.fft.rfft(padded)

    def played(self, weights: np.ndarray) -> np.ndarray:
        """Return the spectrum of the reference and its bends, weighted."""
        return self._x + weights @ self.bends

    def echo(self, spectrum: np.ndarray, paths: np.ndarray) -> np.ndarray:
        """Return what the microphones get by ``paths`` of a spectrum, (m, size)."""
        y = np.fft.irfft(spectrum * np.fft.rfft(paths, self._n), self._n)
        return y[:, self.taps - 1 : self.taps - 1 + self.size]

    def bent(self, path: np.ndarray) -> np.ndarray:
        """Return what one microphone gets of every bend by its ``path`` (taps,): (k, size)."""
        spectrum = np.fft.rfft(path, self._n)
        out = np.empty((len(self.bends), self.size), np.float32)
        for row, bend in zip(out, self.bends, strict=True):
            row[:] = np.fft.irfft(bend * spectrum, self._n)[self.taps - 1 :][: self.size]
        return out

    def correlation(self, spectrum: np.ndarray) -> np.ndarray:
        """Return the correlation (m, taps) of what was heard with a spectrum: echo's adjoint."""
        return np.fft.irfft(spectrum.conj() * self._heard, self._n)[:, : self.taps]


class Normal:
    """Multiplies paths by the normal equations' matrix of a convolution with ``x``.

    Over all of ``x``, with zeros around it, that matrix is the Toeplitz one of the
    autocorrelation; what the two ends add, where a path reaches beyond ``x``, is taken off again.
    Both ends share one circle: the newest samples, a gap, and the oldest up to where it closes.
    """

    def __init__(self, x: np.ndarray, taps: int) -> None:
        self._taps, self._n = taps, fast_size(3 * taps)
        whole = np.fft.rfft(x, fast_size(len(x) + taps))
        lags = np.fft.irfft(whole.real**2 + whole.imag**2)[:taps]
        circle = np.zeros((2, self._n), np.float32)
        circle[0, :taps], circle[0, -taps + 1 :] = lags, lags[:0:-1]
        circle[1, : taps - 1], circle[1, -taps + 1 :] = x[len(x) - taps + 1 :], x[: taps - 1]
        around, self._ends = np.fft.rfft(circle)
        self._power = around.real.copy()
        self._mirrored = self._ends.conj()

    def __call__(self, paths: np.ndarray) -> np.ndarray:
        taps, n = self._taps, self._n
        spectra = np.fft.rfft(paths, n)
        beyond = np.fft.irfft(self._ends * spectra, n)
        beyond[:, : taps - 1] = 0
        beyond[:, 2 * taps - 2 : n - taps + 1] = 0
        spectra *= self._power
        spectra -= self._mirrored * np.fft.rfft(beyond)
        return np.fft.irfft(spectra, n)[:, :taps]


def fir(x: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Return ``x`` (..., n) through a short filter, the same length, zeros before its start."""
    y = taps[0] * x
    for i in range(1, len(taps)):
        y[..., i:] += taps[i] * x[..., :-i]
    return y


def dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the product of every row of ``a`` with that of ``b``, both (m, n): (m, 1)."""
    return np.einsum("mt,mt->m", a, b)[:, None]


def fast_size(least: int) -> int:
    """Return a length not below ``least`` whose FFT is quick: a power of 2, times 3s and 5s."""
    choices = (factor << power for factor in (1, 3, 5, 9, 15, 25, 45, 75) for power in range(20))
    return min(size for size in choices if size >= least)
