"""The sound of a room: impulse responses, background noise, convolution, and levels.

Levels. One mapping from sound pressure to samples holds everywhere in the virtual room:
94 dB SPL (1 Pa) at a microphone is an RMS of -14 dB re full scale. That is a MEMS microphone of
-26 dBFS/Pa behind 12 dB of preamplifier, so 108 dB SPL fills the converter, speech at 2.5 m
lies near -53 dBFS, and the speaker's own voice a hand's breadth away just fits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE

SPEED_OF_SOUND = 343.0  # m/s, dry air at 20 degrees Celsius
FULL_SCALE_SPL = 108.0  # dB SPL of an RMS of 1.0

_AT_ONCE = 2048  # images, of some ten thousand: 3 MB
_TAPS = 16  # of the fractional delay; flat to 7 kHz
_MIXING_S = 0.2  # images up to here, seeded noise of the same decay after it
_JITTER_M = 0.04


def amplitude(db_spl: float) -> float:
    """Return the RMS in samples of a sound of ``db_spl`` at a microphone."""
    return float(10.0 ** ((db_spl - FULL_SCALE_SPL) / 20.0))


@dataclass(frozen=True)
class Images:
    """Mirror images of a source: ``places`` (n, 3) in metres, reflections ``order`` (n,)."""

    places: np.ndarray
    order: np.ndarray
    mirrored: np.ndarray  # (n, 3): -1 where an image is turned over along an axis, else 1


def images(size, source, reach_m: float) -> Images:
    """Mirror ``source`` in the walls of a shoebox room, as far as ``reach_m`` from its middle.

    J. B. Allen and D. A. Berkley, "Image method for efficiently simulating small-room
    acoustics", 1979.
    """
    places, counts, turns = [], [], []
    for length, x in zip(size, source, strict=True):
        m = np.arange(-math.ceil(reach_m / length) - 1, math.ceil(reach_m / length) + 2)
        place = np.where(m % 2 == 0, m * length + x, (m + 1) * length - x)
        keep = np.abs(place - length / 2) < reach_m
        places.append(place[keep])
        counts.append(np.abs(m[keep]))
        turns.append(1 - 2 * (m[keep] % 2))
    grid = np.stack(np.meshgrid(*places, indexing="ij"), axis=-1).reshape(-1, 3)
    near = np.sum((grid - np.asarray(size) / 2) ** 2, axis=1) < reach_m**2
    order = sum(np.meshgrid(*counts, indexing="ij")).ravel()
    turned = np.stack(np.meshgrid(*turns, indexing="ij"), axis=-1).reshape(-1, 3)
    return Images(grid[near], order[near], turned[near])


@lru_cache(maxsize=32)
def reflection(size, rt60_s: float) -> float:
    """Return the pressure reflection factor of the walls that makes the room decay in ``rt60_s``.

    ``size`` is a tuple of metres. Eyring's formula starts the search; because the field of a
    shoebox is not diffuse, the factor is then refined until the energy of the images falls with
    that slope. 0 for a room without reverberation (``rt60_s`` below 0.05).
    """
    if rt60_s < 0.05:
        return 0.0
    a, b, c = size
    volume, surface = a * b * c, 2 * (a * b + a * c + b * c)
    span = 0.7 * rt60_s
    mirror = images(size, np.asarray(size) * (0.31, 0.43, 0.37), span * SPEED_OF_SOUND)
    order = mirror.order
    distance = np.linalg.norm(mirror.places - np.asarray(size) * (0.64, 0.58, 0.55), axis=1)
    bins = (distance / SPEED_OF_SOUND / span * 100).astype(int)
    inside = bins < 100
    flat = bins[inside] * (order.max() + 1) + order[inside]
    table = np.bincount(flat, 1 / distance[inside] ** 2, 100 * (order.max() + 1))
    table = table.reshape(100, -1)
    times = (np.arange(100) + 0.5) * span / 100

    def decay(factor: float) -> float:
        energy = table @ factor ** (2.0 * np.arange(table.shape[1]))
        fit = slice(15, 100)  # past the direct sound
        slope = np.polyfit(times[fit], 10 * np.log10(energy[fit] + 1e-30), 1)[0]
        return -60.0 / slope

    eyring = math.exp(-0.5 * 0.161 * volume / (surface * rt60_s))
    low, high = eyring**4, min(0.999, eyring**0.25)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if decay(middle) < rt60_s else (low, middle)
    return (low + high) / 2


def impulse_responses(
    size, rt60_s: float, source, mics, seed: int = 0, *, facing: np.ndarray | None = None
) -> np.ndarray:
    """Return the impulse responses from ``source`` to every microphone, float32 (M, n).

    ``size`` and positions in metres. The direct sound has the amplitude 1/distance, so a source
    whose level is given at 1 m in the open arrives as loud as it should; n covers the decay to
    -60 dB. With ``facing`` (a vector) the source speaks that way, like a person; without it is
    the same all around. Deterministic.

    Images up to 200 ms (higher orders moved by up to 4 cm, which breaks the flutter of a perfect
    box: E. De Sena et al., 2015), noise of the same decay after them. Walls turn the pressure
    over: without that the images add up to a slow boom (Lehmann and Johansson, 2008).
    """
    mics = np.atleast_2d(np.asarray(mics, float))
    rng = np.random.default_rng(seed)
    furthest = np.linalg.norm(mics - source, axis=1).max()
    factor = reflection(tuple(size), rt60_s)
    length = int((max(rt60_s, 0.02) + furthest / SPEED_OF_SOUND) * SAMPLE_RATE) + 2 * _TAPS
    end_s = min(_MIXING_S, length / SAMPLE_RATE)
    mirror = images(size, source, end_s * SPEED_OF_SOUND + max(size))
    jitter = rng.uniform(-_JITTER_M, _JITTER_M, mirror.places.shape)
    places = mirror.places + (mirror.order > 1)[:, None] * jitter
    strength = (-factor) ** mirror.order
    out = np.zeros((len(mics), length), np.float32)
    for row, mic in zip(out, mics, strict=True):
        way = mic - places
        distance = np.maximum(np.linalg.norm(way, axis=1), 0.02)
        loud = strength / distance
        if facing is not None:
            loud *= _towards(way * mirror.mirrored, distance, facing)
        use = (distance < end_s * SPEED_OF_SOUND) & (np.abs(loud) > 1e-6 / distance)
        row += _scatter(distance[use] / SPEED_OF_SOUND, loud[use], length)
    if length / SAMPLE_RATE > end_s and factor > 0:
        _add_tail(out, rt60_s, end_s, rng)
    return out


def _towards(way: np.ndarray, distance: np.ndarray, facing: np.ndarray) -> np.ndarray:
    """Weigh directions as a talker does: 1 ahead, 0.6 sideways, 0.2 behind.

    A broad cardioid with a directivity index of 4 dB, about the average of 500 Hz to 4 kHz in
    W. T. Chu and A. C. C. Warnock, "Detailed directivity of sound fields around human talkers",
    2002.
    """
    return 0.6 + 0.4 * (way @ facing) / (distance * np.linalg.norm(facing))


def _scatter(delay_s: np.ndarray, strength: np.ndarray, length: int) -> np.ndarray:
    """Add one band-limited impulse per image (Hann-windowed sinc), some at a time."""
    out, k = np.zeros(length), np.arange(_TAPS)
    for start in range(0, len(delay_s), _AT_ONCE):
        at = delay_s[start : start + _AT_ONCE] * SAMPLE_RATE
        first = np.floor(at).astype(int) - _TAPS // 2 + 1
        offset = (first - at)[:, None] + k  # from -taps/2 to taps/2
        taps = np.sinc(offset) * (0.5 + 0.5 * np.cos(2 * np.pi * offset / _TAPS))
        index = first[:, None] + k
        values = taps * strength[start : start + _AT_ONCE, None]
        valid = (index >= 0) & (index < length)
        out += np.bincount(index[valid], values[valid], length)[:length]
    return out


def _add_tail(out: np.ndarray, rt60_s: float, end_s: float, rng: np.random.Generator) -> None:
    """Continue the decay past ``end_s`` with noise, faded in over the last 40 ms of images."""
    fade, end = int(0.04 * SAMPLE_RATE), int(end_s * SAMPLE_RATE)
    start = end - fade
    level = np.sqrt(np.mean(out[:, start:end] ** 2, axis=1, keepdims=True))
    t = (np.arange(out.shape[1] - start) - fade / 2) / SAMPLE_RATE
    tail = rng.standard_normal((len(out), len(t))) * level * 10 ** (-3 * t / rt60_s)
    ramp = np.minimum(np.arange(len(t)) / fade, 1.0)
    out[:, start:end] *= np.sqrt(1 - ramp[:fade])
    out[:, start:] += (tail * np.sqrt(ramp)).astype(np.float32)


def rt60(response: np.ndarray) -> float:
    """Measure the reverberation time of one impulse response in seconds (T30).

    Backward integration of the energy and a straight line between -5 and -35 dB: M. R.
    Schroeder, "New method of measuring reverberation time", 1965; ISO 3382.
    """
    energy = np.cumsum(np.asarray(response, float)[::-1] ** 2)[::-1]
    curve = 10 * np.log10(energy / energy[0] + 1e-12)
    use = np.flatnonzero((curve < -5) & (curve > -35))
    slope = np.polyfit(use / SAMPLE_RATE, curve[use], 1)[0]
    return -60.0 / slope


def convolve(x: np.ndarray, responses: np.ndarray) -> np.ndarray:
    """Return mono ``x`` through every response: float32 (M, len(x) + n - 1)."""
    n = len(x) + responses.shape[1] - 1
    size = 1 << (n - 1).bit_length()
    spectrum = np.fft.rfft(x, size) * np.fft.rfft(responses, size, axis=1)
    return np.fft.irfft(spectrum, size, axis=1)[:, :n].astype(np.float32)


class StreamingConvolver:
    """Convolves a stream with fixed responses, one hop in, (M, HOP) out, without delay.

    Uniformly partitioned overlap-save (T. G. Stockham, 1966; partitioned by hops). The returned
    array is the convolver's own and valid until the next call.
    """

    def __init__(self, responses: np.ndarray) -> None:
        channels, length = responses.shape
        parts = -(-length // HOP)
        padded = np.zeros((channels, parts * HOP), np.float32)
        padded[:, :length] = responses
        blocks = padded.reshape(channels, parts, HOP)
        self._filters = np.fft.rfft(blocks, 2 * HOP, axis=2).astype(np.complex64)
        self._line = np.zeros((parts, HOP + 1), np.complex64)  # newest first, as a ring
        self._head = 0
        self._block = np.zeros(2 * HOP, np.float32)
        self._doubled = np.concatenate([self._filters, self._filters], axis=1)
        self._out = np.zeros((channels, HOP), np.float32)

    def process(self, hop: np.ndarray) -> np.ndarray:
        """Return the next hop of output for float32 ``hop`` (HOP,)."""
        parts = len(self._line)
        self._block[:HOP] = self._block[HOP:]
        self._block[HOP:] = hop
        self._head = (self._head - 1) % parts
        self._line[self._head] = np.fft.rfft(self._block)
        # row r of the line is (r - head) mod parts hops old: read the filters from there on
        first = (-self._head) % parts
        filters = self._doubled[:, first : first + parts]
        spectrum = np.einsum("mpf,pf->mf", filters, self._line)
        self._out[:] = np.fft.irfft(spectrum, axis=1)[:, HOP:]
        return self._out


def background(mics, noise_db: float, seconds: float, seed: int = 0) -> np.ndarray:
    """Return seamless pink-ish background noise at the microphones, float32 (M, n).

    Its level at each microphone is ``noise_db`` dB SPL from 100 Hz up. Four fifths of the power
    arrive from all directions, coherent between two microphones as sin(kd)/kd; the rest is each
    microphone's own.
    """
    mics = np.atleast_2d(np.asarray(mics, float))
    n = 1 << (int(seconds * SAMPLE_RATE) - 1).bit_length()
    rng = np.random.default_rng(seed)
    frequency = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    shape = np.where(frequency >= 100, 1 / np.sqrt(np.maximum(frequency, 200.0)), 0.0)
    distance = np.linalg.norm(mics[:, None] - mics[None], axis=2)
    bands = np.linspace(0, SAMPLE_RATE / 2, 65)
    out = np.zeros((len(mics), len(frequency)), complex)
    for low, high in zip(bands[:-1], bands[1:], strict=True):
        use = np.flatnonzero((frequency >= low) & (frequency <= high))
        coherence = np.sinc(2 * distance * (low + high) / 2 / SPEED_OF_SOUND)
        mix = np.linalg.cholesky(0.8 * coherence + 0.2 * np.eye(len(mics)))
        white = rng.standard_normal((len(mics), len(use), 2))
        out[:, use] = mix @ (white[..., 0] + 1j * white[..., 1]) * shape[use]
    noise = np.fft.irfft(out, n, axis=1)
    noise *= amplitude(noise_db) / np.sqrt(np.mean(noise**2, axis=1, keepdims=True))
    return noise.astype(np.float32)
