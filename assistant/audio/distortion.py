"""What a small loudspeaker may add to a sound: a few distorted versions of it, to be weighted.

A loudspeaker that is driven hard clips softly, pushes further than it pulls, and gets stiffer
where the cone has travelled far. Which of it a given one does is learned (``ReferenceHistory``);
here are the shapes it is put together from (a parallel Hammerstein model).

They are computed at twice the sample rate, as what they add above its half would fold back where
no loudspeaker puts it.
"""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE

FFT = 2 * HOP
NAMES = (
    "x|x|",
    "x^2",
    "x|d|",
    "soft clip",
    "softly clipped square",
    "x d1^2",
    "x d1 d2",
    "x d2^2",
    "beyond 0.1",
    "beyond 0.2",
    "beyond 0.3",
    "beyond 0.45",
)  # d, d1, d2: three guesses at the cone's displacement; d1 and d2 span others
_SCALE = 0.2  # amplitude at which these are about as strong as the sound itself
_RESONANCE_HZ = 350.0  # of a 40-50 mm driver
_CORNERS_HZ = (200.0, 800.0)
_KNEES = (0.5, 1.0, 1.5, 2.25)  # in _SCALE: where an amplifier may clip hard
_HALF = 8  # samples on either side from which a sound between two samples is made
DELAY = 2 * _HALF - 1  # samples the shapes come after the sound
_AUDIBLE = 1e-6  # mean square from which a hop says something about the overlap
_MEMORY = 0.002  # weight of a new hop in the overlap: 8 s of sound, so that it hardly wanders
_REFRESH = 16  # hops between two changes of the overlap


class Bends:
    """Computes the distorted versions of a sound, hop by hop. Audio thread only.

    ``shapes`` float32 (len(NAMES), HOP): the newest hop's, without what they have in common with
    the sound itself (which a linear filter explains better); they and ``sound`` (HOP,), the same
    hop undistorted, come ``DELAY`` samples late. ``drift`` float32 (len(NAMES),): by how much
    that common part was changed with this hop, mostly 0.
    """

    def __init__(self) -> None:
        count = len(NAMES)
        self.shapes = np.zeros((count, HOP), np.float32)
        self.sound = np.zeros(HOP, np.float32)
        self.drift = np.zeros(count, np.float32)
        self._frame = np.zeros(FFT, np.float32)
        cones = np.stack([_resonance(_RESONANCE_HZ), *map(_lowpass, _CORNERS_HZ)])
        ways = np.stack([_late(_HALF), np.fft.rfft(_between(), FFT)])  # at the samples, between
        self._ways = np.concatenate([ways[:, None], ways[:, None] * cones], axis=1)
        self._ways = self._ways.astype(np.complex64)
        self._bent = np.zeros((2, count, HOP + DELAY), np.float32)
        self._back = _convolution(_between(), HOP)
        self._common = np.zeros(count, np.float32)
        self._moments = np.zeros(count)
        self._power, self._heard = 1e-12, 0

    def clear(self) -> None:
        """Forget what was played, but not what the shapes have in common with it."""
        self._frame[:] = 0
        self._bent[:] = 0

    def push(self, reference: np.ndarray, power: float) -> None:
        """Take a hop (float32 (HOP,), mean square ``power``) and renew ``shapes``."""
        frame, bent = self._frame, self._bent
        frame[:HOP] = frame[HOP:]
        frame[HOP:] = reference
        self.sound[:] = frame[HOP - DELAY : FFT - DELAY]
        bent[:, :, :DELAY] = bent[:, :, HOP:]
        moved = np.fft.irfft(np.fft.rfft(frame) * self._ways)[..., HOP:]
        moved *= np.float32(1 / _SCALE)
        _bend(*moved.transpose(1, 0, 2), bent[:, :, DELAY:].transpose(1, 0, 2))
        shapes = self.shapes
        np.matmul(bent[1], self._back, out=shapes)
        shapes += bent[0, :, _HALF : _HALF + HOP]
        shapes *= np.float32(0.5 * _SCALE)
        self.drift[:] = 0
        if power > _AUDIBLE:
            self._separate(self.sound, power)
        shapes -= self._common[:, None] * self.sound

    def _separate(self, reference: np.ndarray, power: float) -> None:
        self._heard += 1
        weight = max(_MEMORY, 1 / self._heard)
        self._power += weight * (power - self._power)
        self._moments += weight * (self.shapes @ reference / HOP - self._moments)
        if self._heard % _REFRESH == 1:
            common = (self._moments / self._power).astype(np.float32)
            np.subtract(common, self._common, out=self.drift)
            self._common = common


def _bend(
    u: np.ndarray, cone: np.ndarray, first: np.ndarray, second: np.ndarray, shapes: np.ndarray
) -> None:
    """Write the shapes of ``u``, all in ``_SCALE``; ``cone`` to ``second`` are the displacements.

    Float32 (2, HOP) each, and ``shapes`` (len(NAMES), 2, HOP).
    """
    soft = np.tanh(u)
    np.multiply(u, np.abs(u), out=shapes[0])
    np.multiply(u, u, out=shapes[1])
    np.multiply(u, np.abs(cone), out=shapes[2])
    np.tanh(np.float32(1.5) * u, out=shapes[3])
    np.multiply(soft, soft, out=shapes[4])
    np.multiply(u, first * first, out=shapes[5])
    np.multiply(u, first * second, out=shapes[6])
    np.multiply(u, second * second, out=shapes[7])
    for row, knee in enumerate(_KNEES, 8):
        np.subtract(u, np.clip(u, -knee, knee), out=shapes[row])


def _between() -> np.ndarray:
    """Return the filter (2 _HALF,) to the middle between two samples: a windowed sinc."""
    at = np.arange(2 * _HALF) - _HALF + 0.5
    taps = np.sinc(at) * np.kaiser(2 * _HALF, 5.0)
    return (taps / taps.sum()).astype(np.float32)


def _late(samples: int) -> np.ndarray:
    return np.exp(-2j * np.pi * samples * np.arange(HOP + 1) / FFT)


def _convolution(taps: np.ndarray, size: int) -> np.ndarray:
    """Return the matrix that filters a row of ``size`` samples and those just before them."""
    matrix = np.zeros((size + len(taps) - 1, size), np.float32)
    for column in range(size):
        matrix[column : column + len(taps), column] = taps[::-1]
    return matrix


def _resonance(hertz: float) -> np.ndarray:
    """Return the spectrum of a critically damped resonance: displacement falls above it."""
    w = 2 * np.pi * hertz / SAMPLE_RATE
    t = np.arange(HOP)
    h = t * np.exp(-w * t)
    return np.fft.rfft(2.0 * h / h.sum(), FFT).astype(np.complex64)


def _lowpass(hertz: float) -> np.ndarray:
    h = np.exp(-2 * np.pi * hertz / SAMPLE_RATE * np.arange(HOP))
    return np.fft.rfft(h / h.sum(), FFT).astype(np.complex64)
