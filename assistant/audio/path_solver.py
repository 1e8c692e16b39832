"""Finds a whole echo path at once from a second of playback, where a filter would take many.

Least squares by conjugate gradients (Hestenes & Stiefel 1952) on the normal equations, whose
matrix is Toeplitz but for the two ends of the sound: a product takes FFTs of the path's length and
not of the sound's (Bjorck 1996, section 8.4). The error is whitened by the reference's linear
prediction of low order: errors weigh as the noise of a loudspeaker that distorts wants them, and
few iterations are enough. It is sought near the believed path, scaled to fit: what the new sound
says nothing about stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.path_equations import Normal, Sound, dots, fast_size, fir
from assistant.audio.resample import Interpolator

_ORDER = 4  # of the whitening
_ROUNDS = (14, 10, 12)  # iterations; between them the loudspeaker's distortion is fitted
_MORE_ROUNDS = (50,)  # where an attempt goes on, with the distortion fitted before each
_NOISE = 0.01  # of the microphones' power: what no path explains
_WEIGHT_RIDGE = 0.03, 1e-4  # of the bends, in their own power and in the mean one
_WEIGHT_PRIOR = 100.0  # samples' worth of noise that must speak for a weight of 1
_DECAY_PER_S = 20.0  # of the expected path's power: what is far behind is expected to be weak
_SHORT_DECAY_PER_S = 25.0  # ... and more: no sound at all tells of a tail, a second of it does
_EDGE = 48  # first taps, before the sound can be there (``delay.MARGIN``)
HELD_OUT = 5 * HOP  # newest samples, on which the new path must prove itself
_BETTER = 0.85  # of the old path's error, at most
_CREPT = 0.01  # samples of creep that do no harm
_YOUNG = 100 * HOP  # samples up to which any gain will do: the old path knows little but the last
# syllable, which is also what it is tried on, and the new one knows the others
_SPREAD = 0.03  # part of a distortion's power that lies at other frequencies
_USEFUL = 0.8  # ... and of the microphones' power: the echo may be where no path reaches


@dataclass
class Attempt:
    """How far the solver has got since a change: it goes on from there, be it good enough or not.

    The first solution sees too little sound and stops early; the later ones save its iterations.
    ``path`` (m, taps) and ``weights`` (k,) as found last, ``believed`` (m, taps) the path from
    before the change, scaled: the solution is sought near it. All None at first. Belongs to the
    thread that solves, from the first recording it comes with.
    """

    path: np.ndarray | None = None
    weights: np.ndarray | None = None
    believed: np.ndarray | None = None


@dataclass(frozen=True)
class Recording:
    """What the solver is given; all float32, aligned, the newest sample last.

    ``reference`` (n + taps - 1,) what was played and ``bends`` (k, n + taps - 1) the distorted
    versions of it, each with ``taps - 1`` samples before the first microphone sample; ``mics``
    (m, n); ``weights`` (k,) of the bends and ``path`` (m, taps), both as believed so far;
    ``attempt`` the same one for all recordings since a change of the path, a new one after it.
    ``creep`` ((n + taps) / HOP + 1,) is by how many samples all that was played should have come
    later, at its hops' borders; the first hop lacks its first sample.
    """

    reference: np.ndarray
    bends: np.ndarray
    mics: np.ndarray
    weights: np.ndarray
    path: np.ndarray
    attempt: Attempt = field(default_factory=Attempt)
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

    Takes some 50 ms of a 2020s x86 core for two microphones: not for the audio thread. Changes
    nothing but the recording's attempt. None when there is too little sound to tell, too.
    """
    try:
        with np.errstate(all="ignore"):
            return _solve(recording)
    except np.linalg.LinAlgError:
        return None  # sound of absurd size or shape


def _solve(recording: Recording) -> Solution | None:
    recording = _straightened(recording)
    whitening = _whitening(recording.reference)
    mics = fir(recording.mics, whitening)
    fit = mics.shape[1] - HELD_OUT
    if fit < 2 * HELD_OUT or not np.any(recording.reference):
        return None

    def played(weights: np.ndarray) -> np.ndarray:
        return fir(recording.reference + weights @ recording.bends, whitening)

    sound = Sound(recording, whitening, mics[:, :fit])
    weights, path = _go_on(recording, sound, played)
    new = _error(played(weights), path, mics, fit)
    old = _error(played(recording.weights), recording.path, mics, fit)
    heard = float(np.sum(mics[:, fit:] ** 2))
    better = 1.0 if mics.shape[1] < _YOUNG else _BETTER
    if not new < min(better * old, _USEFUL * heard):
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


def _go_on(
    recording: Recording, sound: Sound, played: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and path, from where the attempt got to, and leave them there."""
    attempt = recording.attempt
    rounds, first = _MORE_ROUNDS, False
    if attempt.path is None:
        rounds, first = _ROUNDS, True
        attempt.weights = recording.weights
        spectrum = sound.played(recording.weights)
        attempt.path = attempt.believed = _scaled(sound, spectrum, recording.path)
    weights, path = attempt.weights, attempt.path
    for iterations in rounds:
        if not first and len(recording.bends):
            weights = _reweigh(sound, weights, path)
        first = False
        x, spectrum = played(weights), sound.played(weights)
        path = _search(sound, spectrum, x, attempt.believed, path, iterations)
    if np.isfinite(path).all() and np.isfinite(weights).all():
        attempt.path, attempt.weights = path, weights
    return weights, path


def _told(mics: np.ndarray, left: float) -> np.ndarray:
    hops = mics.shape[1] // HOP
    spectra = np.fft.rfft(mics[:, : hops * HOP].reshape(len(mics), hops, HOP), 2 * HOP)
    power = np.mean(spectra.real**2 + spectra.imag**2, axis=(0, 1))
    noise = left * (power + _SPREAD * power.mean()) + 1e-9
    return (hops * power / noise).astype(np.float32)


def _scaled(sound: Sound, spectrum: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Return ``path`` times what fits the sound best; nothing of it where it explains nothing."""
    echo = sound.echo(spectrum, path)
    return path * np.maximum(0, dots(sound.mics, echo) / (dots(echo, echo) + 1e-12))


def _search(
    sound: Sound,
    spectrum: np.ndarray,
    played: np.ndarray,
    believed: np.ndarray,
    start: np.ndarray,
    iterations: int,
) -> np.ndarray:
    """Minimise |mics - path * played|^2 + noise |(path - believed) / prior|^2 from ``start``."""
    decay = _DECAY_PER_S + _SHORT_DECAY_PER_S * max(0.0, 1 - sound.size / SAMPLE_RATE)
    prior = np.exp(-0.5 * decay * np.arange(sound.taps) / SAMPLE_RATE) + 0.01
    prior[:_EDGE] *= 0.1
    energy = np.sum(sound.mics**2, axis=1) / (sound.energy + 1e-12)
    prior = (prior * np.sqrt(energy.mean() / np.sum(prior**2) + 1e-12)).astype(np.float32)
    ridge = np.float32(_NOISE * np.mean(sound.mics**2) + 1e-12)
    normal = Normal(played[: sound.size + sound.taps - 1], sound.taps)
    path = (start - believed) / prior
    slope = prior * (sound.correlation(spectrum) - normal(start)) - ridge * path
    way, steepness = slope.copy(), dots(slope, slope)
    for _ in range(iterations):
        change = prior * normal(prior * way) + ridge * way
        step = steepness / (dots(way, change) + 1e-20)
        path += step * way
        slope -= step * change
        before, steepness = steepness, dots(slope, slope)
        way = slope + steepness / (before + 1e-20) * way
    return (believed + prior * path).astype(np.float32)


def _reweigh(sound: Sound, weights: np.ndarray, path: np.ndarray) -> np.ndarray:
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
    n = fast_size(len(x))
    echo = np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(path, n), n)
    return float(np.sum((mics - echo[:, path.shape[1] - 1 :][:, : mics.shape[1]]) ** 2))


def _whitening(x: np.ndarray) -> np.ndarray:
    """Return the prediction-error filter of ``x``, by its autocorrelation."""
    size = fast_size(len(x) + _ORDER)
    power = np.abs(np.fft.rfft(x.astype(np.float64), size)) ** 2
    lags = np.fft.irfft(power, size)[: _ORDER + 1]
    lags[0] = lags[0] * (1 + 1e-4) + 1e-9
    square = lags[np.abs(np.subtract.outer(range(_ORDER), range(_ORDER)))]
    return np.concatenate([[1.0], -np.linalg.solve(square, lags[1:])]).astype(np.float32)
