"""Finds a whole echo path at once from a second of playback, where a filter would take many.

Least squares by conjugate gradients (Hestenes & Stiefel 1952) on the normal equations, whose
matrix is Toeplitz but for the two ends of the sound: a product takes FFTs of the path's length and
not of the sound's (Bjorck 1996, section 8.4). The error is whitened by the reference's linear
prediction of low order: errors weigh as the noise of a loudspeaker that distorts wants them, and
few iterations are enough. It is sought near the believed path, scaled to fit: what the new sound
says nothing about stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.resample import Interpolator

_ORDER = 4  # of the whitening
_ROUNDS = (14, 10, 12)  # iterations; between them the loudspeaker's distortion is fitted
_NOISE = 0.01  # of the microphones' power: what no path explains
_WEIGHT_RIDGE = 0.03, 1e-4  # of the bends, in their own power and in the mean one
_WEIGHT_PRIOR = 100.0  # samples' worth of noise that must speak for a weight of 1
_DECAY_PER_S = 20.0  # of the expected path's power: what is far behind is expected to be weak
_EDGE = 48  # first taps, before the sound can be there (``delay.MARGIN``)
HELD_OUT = 5 * HOP  # newest samples, on which the new path must prove itself
_BETTER = 0.75  # of the old path's error, at most
_CREPT = 0.01  # samples of creep that do no harm
_SPREAD = 0.03  # part of a distortion's power that lies at other frequencies
_USEFUL = 0.8  # ... and of the microphones' power: the echo may be where no path reaches


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

    Pure, and takes some 45 ms of a 2020s x86 core for two microphones: not for the audio
    thread. None when there is too little sound to tell, too.
    """
    try:
        with np.errstate(all="ignore"):
            return _solve(recording)
    except np.linalg.LinAlgError:
        return None  # sound of absurd size or shape


def _solve(recording: Recording) -> Solution | None:
    recording = _straightened(recording)
    whitening = _whitening(recording.reference)
    mics = _fir(recording.mics, whitening)
    fit = mics.shape[1] - HELD_OUT
    if fit < 2 * HELD_OUT or not np.any(recording.reference):
        return None

    def played(weights: np.ndarray) -> np.ndarray:
        return _fir(recording.reference + weights @ recording.bends, whitening)

    weights, path = recording.weights, recording.path
    sound = _Sound(recording, whitening, mics[:, :fit])
    for number, iterations in enumerate(_ROUNDS):
        if number and len(recording.bends):
            weights = _reweigh(sound, weights, path)
        spectrum = sound.played(weights)
        if not number:
            path = believed = _scaled(sound, spectrum, path)
        path = _search(sound, spectrum, played(weights), believed, path, iterations)
    new = _error(played(weights), path, mics, fit)
    old = _error(played(recording.weights), recording.path, mics, fit)
    heard = float(np.sum(mics[:, fit:] ** 2))
    if not new < min(_BETTER * old, _USEFUL * heard):
        return None
    left = new / heard
    told = _told(recording.mics, left)
    return Solution(path.astype(np.float32), weights.astype(np.float32), new / old, left, told)


def _straightened(recording: Recording) -> Recording:
    """Return the recording as if what was played had never crept away from its echo."""
    creep = recording.creep
    if creep is None or np.abs(creep).max() < _CREPT:
        return recording
    sound = np.vstack([recording.reference, recording.bends])
    sound = Interpolator().reread(np.pad(sound, ((0, 0), (1, 0))), creep)[:, 1:]
    return replace(recording, reference=sound[0], bends=sound[1:])


def _told(mics: np.ndarray, left: float) -> np.ndarray:
    hops = mics.shape[1] // HOP
    spectra = np.fft.rfft(mics[:, : hops * HOP].reshape(len(mics), hops, HOP), 2 * HOP)
    power = np.mean(spectra.real**2 + spectra.imag**2, axis=(0, 1))
    noise = left * (power + _SPREAD * power.mean()) + 1e-9
    return (hops * power / noise).astype(np.float32)


class _Sound:
    """The spectra of what was played and of what was heard, and the echo of paths in them.

    Of ``recording`` as long as ``mics`` (m, size) is, which is whitened already. The bends are
    taken one by one, as all of them at once take megabytes.
    """

    def __init__(self, recording: Recording, whitening: np.ndarray, mics: np.ndarray) -> None:
        self.mics, self.taps, self.size = mics, recording.path.shape[1], mics.shape[1]
        reach = self.size + self.taps - 1
        self._n = _fast_size(reach)
        x = _fir(recording.reference, whitening)
        self.energy = float(np.dot(x[: self.size], x[: self.size]))
        self._x = np.fft.rfft(x[:reach], self._n)
        self.bends = np.empty((len(recording.bends), self._x.size), self._x.dtype)
        for row, bend in zip(self.bends, recording.bends, strict=True):
            row[:] = np.fft.rfft(_fir(bend, whitening)[:reach], self._n)
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


class _Normal:
    """Multiplies paths by the normal equations' matrix of a convolution with ``x``.

    Over all of ``x``, with zeros around it, that matrix is the Toeplitz one of the
    autocorrelation; what the two ends add, where a path reaches beyond ``x``, is taken off again.
    """

    def __init__(self, x: np.ndarray, taps: int) -> None:
        self._taps, self._n = taps, _fast_size(2 * taps)
        whole = np.fft.rfft(x, _fast_size(len(x) + taps))
        lags = np.fft.irfft(whole.real**2 + whole.imag**2)[:taps]
        around = np.zeros(self._n, np.float32)
        around[:taps], around[-taps + 1 :] = lags, lags[:0:-1]
        self._power = np.fft.rfft(around).real
        ends = np.stack([x[: taps - 1], x[len(x) - taps + 1 :]])
        self._ends = np.fft.rfft(ends, self._n)[:, None]

    def __call__(self, paths: np.ndarray) -> np.ndarray:
        spectra = np.fft.rfft(paths, self._n)
        beyond = np.fft.irfft(self._ends * spectra, self._n)
        beyond[0, :, self._taps - 1 :] = 0
        beyond[1, :, : self._taps - 1] = 0
        ends = np.sum(self._ends.conj() * np.fft.rfft(beyond), axis=0)
        return np.fft.irfft(self._power * spectra - ends, self._n)[:, : self._taps]


def _scaled(sound: _Sound, spectrum: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Return ``path`` times what fits the sound best; nothing of it where it explains nothing."""
    echo = sound.echo(spectrum, path)
    return path * np.maximum(0, _dots(sound.mics, echo) / (_dots(echo, echo) + 1e-12))


def _search(
    sound: _Sound,
    spectrum: np.ndarray,
    played: np.ndarray,
    believed: np.ndarray,
    start: np.ndarray,
    iterations: int,
) -> np.ndarray:
    """Minimise |mics - path * played|^2 + noise |(path - believed) / prior|^2 from ``start``."""
    prior = np.exp(-0.5 * _DECAY_PER_S * np.arange(sound.taps) / SAMPLE_RATE) + 0.01
    prior[:_EDGE] *= 0.1
    energy = np.sum(sound.mics**2, axis=1) / (sound.energy + 1e-12)
    prior = (prior * np.sqrt(energy.mean() / np.sum(prior**2) + 1e-12)).astype(np.float32)
    ridge = np.float32(_NOISE * np.mean(sound.mics**2) + 1e-12)
    normal = _Normal(played[: sound.size + sound.taps - 1], sound.taps)
    path = (start - believed) / prior
    slope = prior * (sound.correlation(spectrum) - normal(start)) - ridge * path
    way, steepness = slope.copy(), _dots(slope, slope)
    for _ in range(iterations):
        change = prior * normal(prior * way) + ridge * way
        step = steepness / (_dots(way, change) + 1e-20)
        path += step * way
        slope -= step * change
        before, steepness = steepness, _dots(slope, slope)
        way = slope + steepness / (before + 1e-20) * way
    return (believed + prior * path).astype(np.float32)


def _reweigh(sound: _Sound, weights: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Fit the weights of the bends, the path being known: a small ridge regression."""
    error = sound.mics - sound.echo(sound.played(weights), path)
    square, toward = np.zeros((len(weights), len(weights))), np.zeros(len(weights))
    for taps, left in zip(path, error, strict=True):
        bent = sound.bent(taps)
        square += bent @ bent.T
        toward += bent @ left
    square[np.diag_indices_from(square)] *= 1 + _WEIGHT_RIDGE[0]
    prior = _WEIGHT_PRIOR * float(np.mean(error**2))
    loading = _WEIGHT_RIDGE[1] * np.trace(square) / len(square) + prior + 1e-12
    square[np.diag_indices_from(square)] += loading
    step = np.linalg.solve(square, toward - prior * weights)
    return (weights + step).astype(np.float32)


def _error(x: np.ndarray, path: np.ndarray, mics: np.ndarray, fit: int) -> float:
    """Return the error's energy on the held-out end."""
    x, mics = x[fit:], mics[:, fit:]
    n = _fast_size(len(x))
    echo = np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(path, n), n)
    return float(np.sum((mics - echo[:, path.shape[1] - 1 :][:, : mics.shape[1]]) ** 2))


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
    y = taps[0] * x
    for i in range(1, len(taps)):
        y[..., i:] += taps[i] * x[..., :-i]
    return y


def _dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("mt,mt->m", a, b)[:, None]


def _fast_size(least: int) -> int:
    """Return a length not below ``least`` whose FFT is quick: 2^a, 3 or 5 times it, 9 times."""
    choices = (factor << power for factor in (1, 3, 5, 9, 15) for power in range(20))
    return min(size for size in choices if size >= least)
