"""Finds a whole echo path at once from a second of playback, where a filter would take many.

Weighted least squares by conjugate gradients (Hestenes & Stiefel 1952). What one round leaves
unexplained tells how the next one weighs the errors: a moment in which somebody talked, or the
loudspeaker distorted, counts as much less as it left more (iteratively reweighted: Holland &
Welsch 1977). What is played has a thousand times the power at one frequency that it has at
another, so the gradients are divided by it: the preconditioner is circulant (Strang 1986; T. Chan
1988). With it 40 iterations find what takes 500 without. The path is sought near the believed
one, scaled to fit: what the new sound says nothing about stays as it was. What the loudspeaker's
distortion may explain is left out meanwhile (variable projection: Golub & Pereyra 1973), so path
and distortion are found together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.path_bends import BendFit
from assistant.audio.path_sound import Recording, Sound
from assistant.audio.resample import Interpolator

_ROUNDS = (6, 16, 24)  # iterations; between them the distortion and the noise are fitted
_EVEN = 0.01  # of the mean power, that every frequency is taken to have played: tames the rare ones
_LEVELLED = 9  # bins over which the power is averaged: about the path's own resolution
_NOISE = 0.001  # of the microphones' power: what no path explains, at first
_SMOOTH = 5  # hops over which the noise is averaged
_NOISE_FLOOR = 0.05  # of its geometric mean
_DECAY_PER_S = 40.0  # of the expected path's power: what is far behind is expected to be weak
_LEAST = 0.01  # ... but not weaker, in amplitude
HELD_OUT = 5 * HOP  # newest samples, on which the new path must prove itself before it is refined
# by them, too
_EXPLAINED = 0.1  # what a path leaves of the microphones' power, at most, to be the old one
_BETTER = 0.75  # of the old path's error, at most
_CREPT = 0.01  # samples of creep that do no harm
_SPREAD = 0.03  # part of a distortion's power that lies at other frequencies
_USEFUL = 0.8  # ... and of the microphones' power: the echo may be where no path reaches


@dataclass(frozen=True)
class Solution:
    """A better echo path: ``path`` float32 (m, taps), ``weights`` (k,) of the bends.

    ``gain`` is the error's power on held-out sound, before the last round learns from it, against
    the old path's; ``left`` against the microphones' own power. ``told`` float32 (HOP + 1,) is how
    much the sound said about each bin: power of the echo over that of the error, times hops.
    """

    path: np.ndarray
    weights: np.ndarray
    gain: float
    left: float
    told: np.ndarray


def solve(recording: Recording) -> Solution | None:
    """Return a path that explains held-out sound better than the believed one, or None.

    Pure, and takes some 100 ms of a 2020s x86 core for two microphones: not for the audio
    thread. None when there is too little sound to tell, too.
    """
    try:
        with np.errstate(all="ignore"):
            return _solve(recording)
    except np.linalg.LinAlgError:
        return None  # sound of absurd size or shape


def _solve(recording: Recording) -> Solution | None:
    recording = _straightened(recording)
    size = recording.mics.shape[1]
    fit = size - HELD_OUT
    if fit < 2 * HELD_OUT or not np.any(recording.reference):
        return None
    sound = Sound(recording, 0, fit)
    weights = recording.weights
    believed = _scaled(sound, sound.played(weights), recording.path)
    weights, believed = _bent_anew(sound, weights, believed)
    heed = np.float32(1 / (_NOISE * float(np.mean(sound.mics**2)) + 1e-12))
    path = _search(sound, sound.played(weights), heed, believed, believed, _ROUNDS[0])
    path, weights = _refined(sound, believed, path, weights, _ROUNDS[1])
    solution = _proven(Sound(recording, fit, size), recording, path, weights)
    if solution is None:
        return None
    path, weights = _refined(Sound(recording, 0, size), believed, path, weights, _ROUNDS[2])
    return replace(solution, path=path, weights=weights)


def _bent_anew(
    sound: Sound, weights: np.ndarray, believed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights refitted and the path scaled to them, where the path explains much.

    After a louder passage, or an amplifier's knob, the path is as it was, and only the loudspeaker
    distorts as it never did. Taken for a new path, that would spoil the old one.
    """
    error = sound.mics - sound.echo(sound.played(weights), believed)
    if np.sum(error**2) > _EXPLAINED * np.sum(sound.mics**2):
        return weights, believed
    heed = _heed(sound, sound.played(weights), believed)
    weights = _fit(sound, heed, believed).weights(weights, error)
    return weights, _scaled(sound, sound.played(weights), believed)


def _refined(
    sound: Sound, believed: np.ndarray, path: np.ndarray, weights: np.ndarray, iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return path and weights after one more round, in which the errors are weighed anew."""
    heed = _heed(sound, sound.played(weights), path)
    fit = _fit(sound, heed, path)
    weights = fit.weights(weights, sound.mics - sound.echo(sound.played(weights), path))
    spectra = sound.played(weights)
    path = _search(sound, spectra, heed, believed, path, iterations, fit)
    return path, fit.weights(weights, sound.mics - sound.echo(spectra, path))


def _fit(sound: Sound, heed: np.ndarray, path: np.ndarray) -> BendFit:
    return BendFit(np.stack([sound.bent(taps) for taps in path], axis=1), np.sqrt(heed))


def _proven(
    proof: Sound, recording: Recording, path: np.ndarray, weights: np.ndarray
) -> Solution | None:
    """Return the solution if it explains ``proof``, which it has not seen, better."""

    def error(path: np.ndarray, weights: np.ndarray) -> float:
        return float(np.sum((proof.mics - proof.echo(proof.played(weights), path)) ** 2))

    new, old = error(path, weights), error(recording.path, recording.weights)
    heard = float(np.sum(proof.mics**2))
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


def _scaled(sound: Sound, spectra: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Return ``path`` times what fits the sound best; nothing of it where it explains nothing."""
    echo = sound.echo(spectra, path)
    return path * np.maximum(0, _dots(sound.mics, echo) / (_dots(echo, echo) + 1e-12))


def _heed(sound: Sound, spectra: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Return what each sample's error counts, (size,): 1 over the noise's power around it."""
    error = np.sum((sound.mics - sound.echo(spectra, path)) ** 2, axis=0) / len(path)
    hops = -(-sound.size // HOP)
    error = np.pad(error, (0, hops * HOP - sound.size)).reshape(hops, HOP).mean(axis=1)
    error = np.pad(error, _SMOOTH // 2, mode="edge")
    power = np.convolve(error, np.full(_SMOOTH, 1 / _SMOOTH), "valid")
    floor = _NOISE_FLOOR * np.exp(np.mean(np.log(power + 1e-15)))
    return np.repeat(1 / (power + floor + 1e-12), HOP)[: sound.size].astype(np.float32)


def _search(
    sound: Sound,
    spectra: np.ndarray,
    heed: np.ndarray | np.float32,
    believed: np.ndarray,
    start: np.ndarray,
    iterations: int,
    fit: BendFit | None = None,
) -> np.ndarray:
    """Minimise heed |mics - echo of path|^2 + |(path - believed) / prior|^2.

    With ``fit`` what the bends explain of the error costs nothing.
    """
    prior = _prior(sound)
    ease = _preconditioner(sound, spectra, prior)
    precision = 1 / prior**2
    dots, rest = (_dots, _itself) if fit is None else (_total, fit.unexplained)
    path, error = start, rest(sound.mics - sound.echo(spectra, start))
    slope = sound.correlation(spectra, heed * error) - precision * (start - believed)
    eased = ease(slope)
    way, steepness = eased, dots(slope, eased)
    for _ in range(iterations):
        echo = rest(sound.echo(spectra, way))
        change = sound.correlation(spectra, heed * echo) + precision * way
        step = steepness / (dots(way, change) + 1e-20)
        path = path + step * way
        slope -= step * change
        eased = ease(slope)
        before, steepness = steepness, dots(slope, eased)
        way = eased + steepness / (before + 1e-20) * way
    return path.astype(np.float32)


def _prior(sound: Sound) -> np.ndarray:
    """Return the standard deviation (taps,) expected of a path's taps."""
    prior = np.exp(-0.5 * _DECAY_PER_S * np.arange(sound.taps) / SAMPLE_RATE) + _LEAST
    energy = float(np.mean(np.sum(sound.mics**2, axis=1))) / (sound.energy + 1e-12)
    return (prior * np.sqrt(energy / np.sum(prior**2) + 1e-12)).astype(np.float32)


def _preconditioner(sound: Sound, spectra: np.ndarray, prior: np.ndarray) -> Callable:
    """Return what nearly inverts the search's Hessian: a function of slopes (m, taps).

    It divides by the power of what was played, and leaves less to taps that are hardly there.
    """
    power = np.sum(spectra.real**2 + spectra.imag**2, axis=0)
    window = np.hanning(_LEVELLED + 2)[1:-1]
    power = np.convolve(np.pad(power, _LEVELLED // 2, mode="reflect"), window, "valid")
    power /= power.mean() + 1e-20
    share = (1 / (power + _EVEN)).astype(np.float32)
    there = (prior / prior.max()) ** np.float32(0.25)

    def ease(slope: np.ndarray) -> np.ndarray:
        return there * sound.filtered(there * slope, share)

    return ease


def _dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("mt,mt->m", a, b)[:, None]


def _total(a: np.ndarray, b: np.ndarray) -> np.float32:
    return np.float32(np.vdot(a, b))


def _itself(error: np.ndarray) -> np.ndarray:
    return error
