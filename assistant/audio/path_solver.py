"""Finds a whole echo path at once from a second of playback, where a filter would take many.

Least squares by conjugate gradients (CGLS: Hestenes & Stiefel 1952; Bjorck 1996, section 7.4),
its products with the reference done by FFT. The error is whitened by the reference's linear
prediction of low order: errors weigh as the noise of a loudspeaker that distorts wants them, and
few iterations are enough. It is sought near the believed path, scaled to fit: what the new sound
says nothing about stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE

_ORDER = 4  # of the whitening
_ROUNDS = (14, 10, 12)  # iterations; between them the loudspeaker's distortion is fitted
_NOISE = 0.01  # of the microphones' power: what no path explains
_WEIGHT_RIDGE = 0.03, 1e-4  # of the bends, in their own power and in the mean one
_WEIGHT_PRIOR = 100.0  # samples' worth of noise that must speak for a weight of 1
_DECAY_PER_S = 20.0  # of the expected path's power: what is far behind is expected to be weak
_EDGE = 48  # first taps, before the sound can be there (``delay.MARGIN``)
HELD_OUT = 5 * HOP  # newest samples, on which the new path must prove itself
_BETTER = 0.75  # of the old path's error, at most
_SPREAD = 0.03  # part of a distortion's power that lies at other frequencies
_USEFUL = 0.8  # ... and of the microphones' power: the echo may be where no path reaches


@dataclass(frozen=True)
class Recording:
    """What the solver is given; all float32, aligned, the newest sample last.

    ``reference`` (n + taps - 1,) what was played and ``bends`` (k, n + taps - 1) the distorted
    versions of it, each with ``taps - 1`` samples before the first microphone sample; ``mics``
    (m, n); ``weights`` (k,) of the bends and ``path`` (m, taps), both as believed so far.
    """

    reference: np.ndarray
    bends: np.ndarray
    mics: np.ndarray
    weights: np.ndarray
    path: np.ndarray


@dataclass(frozen=True)
class Solution:
    """A better echo path: ``path`` float32 (m, taps), ``weights`` (k,) of the bends.

    ``gain`` is the error's power on held-out sound against the old path's, ``left`` against the
    microphones' own power, both summed over the microphones. ``told`` float32 (HOP + 1,) is how
    much the sound said about each bin: power of the echo over that of the error, times hops.
    """

    path: np.ndarray
    weights: np.ndarray
    gain: float
    left: float
    told: np.ndarray


def solve(recording: Recording) -> Solution | None:
    """Return a path that explains held-out sound better than the believed one, or None.

    Pure, and takes 50 to 150 ms of a 2020s x86 core for two microphones: not for the audio
    thread. None when there is too little sound to tell, too.
    """
    try:
        with np.errstate(all="ignore"):
            return _solve(recording)
    except np.linalg.LinAlgError:
        return None  # sound of absurd size or shape


def _solve(recording: Recording) -> Solution | None:
    taps = recording.path.shape[1]
    whitening = _whitening(recording.reference)
    x, mics = _fir(recording.reference, whitening), _fir(recording.mics, whitening)
    bends = _fir(recording.bends, whitening)
    fit = mics.shape[1] - HELD_OUT
    if fit < 2 * HELD_OUT or not np.any(x):
        return None
    weights, path = recording.weights, recording.path
    for number, iterations in enumerate(_ROUNDS):
        if number and len(bends):
            weights = _reweigh(x, bends, weights, path, mics[:, :fit])
        bent = _Convolver(x + weights @ bends, taps, fit)
        if not number:
            path = believed = _scaled(bent, path, mics[:, :fit])
        path = _cgls(bent, mics[:, :fit], believed, path, iterations)
    new = _error(x + weights @ bends, path, mics, fit)
    old = _error(x + recording.weights @ bends, recording.path, mics, fit)
    heard = float(np.sum(mics[:, fit:] ** 2))
    if not new < min(_BETTER * old, _USEFUL * heard):
        return None
    left = new / heard
    told = _told(recording.mics, left)
    return Solution(path.astype(np.float32), weights.astype(np.float32), new / old, left, told)


def _told(mics: np.ndarray, left: float) -> np.ndarray:
    hops = mics.shape[1] // HOP
    spectra = np.fft.rfft(mics[:, : hops * HOP].reshape(len(mics), hops, HOP), 2 * HOP)
    power = np.mean(spectra.real**2 + spectra.imag**2, axis=(0, 1))
    noise = left * (power + _SPREAD * power.mean()) + 1e-9
    return (hops * power / noise).astype(np.float32)


class _Convolver:
    """Convolves paths with one signal and back (the adjoint), over ``size`` samples."""

    def __init__(self, x: np.ndarray, taps: int, size: int) -> None:
        self.taps, self._size = taps, size
        self._n = _fast_size(size + taps - 1)
        self.energy = float(np.dot(x[:size], x[:size]))
        self._spectrum = np.fft.rfft(x[: size + taps - 1], self._n).astype(np.complex64)

    def forward(self, paths: np.ndarray) -> np.ndarray:
        y = np.fft.irfft(self._spectrum * np.fft.rfft(paths, self._n), self._n)
        return y[:, self.taps - 1 : self.taps - 1 + self._size]

    def adjoint(self, errors: np.ndarray) -> np.ndarray:
        padded = np.zeros((len(errors), self._n), np.float32)
        padded[:, self.taps - 1 : self.taps - 1 + self._size] = errors
        back = np.fft.irfft(self._spectrum.conj() * np.fft.rfft(padded), self._n)
        return back[:, : self.taps]


def _scaled(convolver: _Convolver, path: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return ``path`` times what fits ``wanted`` best; nothing of it where it explains nothing."""
    echo = convolver.forward(path)
    return path * np.maximum(0, _dots(wanted, echo) / (_dots(echo, echo) + 1e-12))


def _cgls(
    convolver: _Convolver,
    wanted: np.ndarray,
    believed: np.ndarray,
    start: np.ndarray,
    iterations: int,
) -> np.ndarray:
    """Minimise |wanted - path * x|^2 + noise |(path - believed) / prior|^2 from ``start``."""
    prior = np.exp(-0.5 * _DECAY_PER_S * np.arange(convolver.taps) / SAMPLE_RATE) + 0.01
    prior[:_EDGE] *= 0.1
    energy = np.sum(wanted**2, axis=1) / (convolver.energy + 1e-12)
    prior = (prior * np.sqrt(energy.mean() / np.sum(prior**2) + 1e-12)).astype(np.float32)
    ridge = np.float32(_NOISE * np.mean(wanted**2) + 1e-12)
    path = (start - believed) / prior
    error = wanted - convolver.forward(start)
    slope = prior * convolver.adjoint(error) - ridge * path
    way, steepness = slope.copy(), _dots(slope, slope)
    for _ in range(iterations):
        change = convolver.forward(prior * way)
        step = steepness / (_dots(change, change) + ridge * _dots(way, way) + 1e-20)
        path += step * way
        error -= step * change
        slope = prior * convolver.adjoint(error) - ridge * path
        before, steepness = steepness, _dots(slope, slope)
        way = slope + steepness / (before + 1e-20) * way
    return (believed + prior * path).astype(np.float32)


def _reweigh(
    x: np.ndarray, bends: np.ndarray, weights: np.ndarray, path: np.ndarray, mics: np.ndarray
) -> np.ndarray:
    """Fit the weights of the bends, the path being known: a small ridge regression."""
    taps, size = path.shape[1], mics.shape[1]
    error = mics - _Convolver(x + weights @ bends, taps, size).forward(path)
    through = np.stack([_Convolver(bend, taps, size).forward(path) for bend in bends])
    flat = through.reshape(len(bends), -1).astype(np.float64)
    square = flat @ flat.T
    square[np.diag_indices_from(square)] *= 1 + _WEIGHT_RIDGE[0]
    prior = _WEIGHT_PRIOR * float(np.mean(error**2))
    loading = _WEIGHT_RIDGE[1] * np.trace(square) / len(square) + prior + 1e-12
    square[np.diag_indices_from(square)] += loading
    return weights + np.linalg.solve(square, flat @ error.ravel() - prior * weights)


def _error(x: np.ndarray, path: np.ndarray, mics: np.ndarray, fit: int) -> float:
    """Return the error's energy on the held-out end."""
    taps, size = path.shape[1], mics.shape[1] - fit
    echo = _Convolver(x[fit:], taps, size).forward(path)
    return float(np.sum((mics[:, fit:] - echo) ** 2))


def _whitening(x: np.ndarray) -> np.ndarray:
    """Return the prediction-error filter of ``x``, by its autocorrelation."""
    size = _fast_size(len(x) + _ORDER)
    power = np.abs(np.fft.rfft(x.astype(np.float64), size)) ** 2
    lags = np.fft.irfft(power, size)[: _ORDER + 1]
    lags[0] = lags[0] * (1 + 1e-4) + 1e-9
    square = lags[np.abs(np.subtract.outer(range(_ORDER), range(_ORDER)))]
    return np.concatenate([[1.0], -np.linalg.solve(square, lags[1:])]).astype(np.float32)


def _fir(x: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Return ``x`` (..., n) through a short filter, the same length, zeros before its start."""
    size = _fast_size(x.shape[-1] + len(taps))
    y = np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(taps, size), size)
    return y[..., : x.shape[-1]].astype(np.float32)


def _dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("mt,mt->m", a, b)[:, None]


def _fast_size(least: int) -> int:
    """Return a length not below ``least`` whose FFT is quick: 2^a, 3 or 5 times it, 9 times."""
    choices = (factor << power for factor in (1, 3, 5, 9, 15) for power in range(20))
    return min(size for size in choices if size >= least)
