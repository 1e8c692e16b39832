"""What a small loudspeaker may add to a sound: a few distorted versions of it, to be weighted.

A loudspeaker that is driven hard clips softly, pushes further than it pulls, and gets stiffer
where the cone has travelled far. Which of it a given one does is learned (``ReferenceHistory``);
here are the shapes it is put together from (a parallel Hammerstein model).
"""

from __future__ import annotations

import numpy as np

from assistant.audio.fft import irfft, rfft
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
_KNEES = np.array([[0.5], [1.0], [1.5], [2.25]], np.float32)  # in _SCALE: where an amplifier may
# clip hard
_AUDIBLE = 1e-6  # mean square from which a hop says something about the overlap
_MEMORY = 0.002  # weight of a new hop in the overlap: 8 s of sound, so that it hardly wanders
_REFRESH = 16  # hops between two changes of the overlap


class Bends:
    """Computes the distorted versions of a sound, hop by hop. Audio thread only."""

    def __init__(self) -> None:
        self._shapes = np.zeros((len(NAMES), HOP), np.float32)
        self._frame = np.zeros(FFT, np.float32)
        self._cones = np.stack([_resonance(_RESONANCE_HZ), *map(_lowpass, _CORNERS_HZ)])

    def clear(self) -> None:
        """Forget what was played."""
        self._frame[:] = 0

    def process(self, reference: np.ndarray) -> np.ndarray:
        """Return the distorted versions, float32 (len(NAMES), HOP), of a hop (float32 (HOP,)).

        An own buffer, valid until the next call.
        """
        frame = self._frame
        frame[:HOP] = frame[HOP:]
        frame[HOP:] = reference
        u = reference * np.float32(1 / _SCALE)
        moved = irfft(rfft(frame) * self._cones)[:, HOP:]
        moved *= np.float32(1 / _SCALE)
        cone, first, second = moved
        soft = np.tanh(u)
        shapes = self._shapes
        np.multiply(u, np.abs(u), out=shapes[0])
        np.multiply(u, u, out=shapes[1])
        np.multiply(u, np.abs(cone), out=shapes[2])
        np.tanh(1.5 * u, out=shapes[3])
        np.multiply(soft, soft, out=shapes[4])
        np.multiply(u, first * first, out=shapes[5])
        np.multiply(u, first * second, out=shapes[6])
        np.multiply(u, second * second, out=shapes[7])
        np.maximum(u, -_KNEES, out=shapes[8:])
        np.minimum(shapes[8:], _KNEES, out=shapes[8:])
        np.subtract(u, shapes[8:], out=shapes[8:])
        shapes *= np.float32(_SCALE)
        return shapes


class Separation:
    """Takes out of the bends what they have in common with the sound itself. Audio thread only.

    A linear filter explains that better. ``drift`` float32 (len(NAMES),) is by how much the
    common part was changed with the last hop, mostly 0.
    """

    def __init__(self) -> None:
        count = len(NAMES)
        self.drift = np.zeros(count, np.float32)
        self._common = np.zeros(count, np.float32)
        self._moments = np.zeros(count)
        self._power, self._heard = 1e-12, 0

    def process(self, reference: np.ndarray, power: float, bends: np.ndarray) -> None:
        """Change ``bends`` (len(NAMES), HOP) of a hop (float32 (HOP,), mean square ``power``)."""
        self.drift[:] = 0
        if power > _AUDIBLE:
            self._learn(reference, power, bends)
        bends -= self._common[:, None] * reference

    def _learn(self, reference: np.ndarray, power: float, bends: np.ndarray) -> None:
        self._heard += 1
        weight = max(_MEMORY, 1 / self._heard)
        self._power += weight * (power - self._power)
        self._moments += weight * (bends @ reference / HOP - self._moments)
        if self._heard % _REFRESH == 1:
            common = (self._moments / self._power).astype(np.float32)
            np.subtract(common, self._common, out=self.drift)
            self._common = common


def _resonance(hertz: float) -> np.ndarray:
    """Return the spectrum of a critically damped resonance: displacement falls above it."""
    w = 2 * np.pi * hertz / SAMPLE_RATE
    t = np.arange(HOP)
    h = t * np.exp(-w * t)
    return np.fft.rfft(2.0 * h / h.sum(), FFT).astype(np.complex64)


def _lowpass(hertz: float) -> np.ndarray:
    h = np.exp(-2 * np.pi * hertz / SAMPLE_RATE * np.arange(HOP))
    return np.fft.rfft(h / h.sum(), FFT).astype(np.complex64)
