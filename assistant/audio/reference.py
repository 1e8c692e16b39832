"""What the loudspeaker was given, as the echo canceller needs it: spectra of several branches."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE

FFT = 2 * HOP
BINS = HOP + 1
_RESONANCE_HZ = 350.0  # of a 40-50 mm driver
_SCALE = 0.2  # amplitude at which the branches are as strong as the reference
_AUDIBLE = 1e-6  # power from which a hop says something about the distortion
_MEMORY = 0.01  # weight of a new hop in what the branches have in common


class ReferenceHistory:
    """Keeps the reference's last spectra, one row per partition of each branch.

    Four branches: x itself over ``parts`` hops, and over one hop x|x|, x|d| and x^2, where d is
    x low-passed as the cone's displacement is: a small loudspeaker's odd, excursion and even
    distortion (a parallel Hammerstein model). The direct sound dominates what a loudspeaker
    distorts, so one hop is enough. Without ``distortion`` there is only x. Audio thread only.

    ``spectra`` is complex64 (rows, BINS), newest first within a branch; ``power`` its squared
    magnitude; ``starts`` the first row of every branch.
    """

    def __init__(self, parts: int, distortion: bool) -> None:
        self.starts = (0, parts, parts + 1, parts + 2) if distortion else (0,)
        rows = parts + len(self.starts) - 1
        self.spectra = np.zeros((rows, BINS), np.complex64)
        self.power = np.zeros((rows, BINS), np.float32)
        self._distortion = distortion
        self._frames = np.zeros((len(self.starts), FFT), np.float32)
        self._sizes = np.zeros((2, HOP), np.float32)
        self._overlap = np.zeros((2, 1), np.float32)
        self._moments = np.array([1e-9, 0, 0], np.float32)
        self._cone = _cone()

    def clear(self) -> None:
        """Forget what was played, not what the branches have in common."""
        self.spectra[:] = 0
        self._frames[:] = 0

    def push(self, reference: np.ndarray, power: float, echo_path: np.ndarray) -> None:
        """Put a hop of ``reference`` (float32 (HOP,), mean square ``power``) in front.

        ``echo_path`` (mics, rows, BINS) is corrected in place when the branches change.
        """
        frames, spectra = self._frames, self.spectra
        frames[:, :HOP] = frames[:, HOP:]
        frames[0, HOP:] = reference
        if self._distortion:
            self._bend(reference, power, echo_path)
        spectra[1:] = spectra[:-1]
        for row, start in zip(np.fft.rfft(frames), self.starts, strict=True):
            spectra[start] = row
        np.multiply(spectra.real, spectra.real, out=self.power)
        self.power += spectra.imag**2

    def _bend(self, reference: np.ndarray, power: float, echo_path: np.ndarray) -> None:
        frames, sizes = self._frames, self._sizes
        sizes[0] = reference
        sizes[1] = np.fft.irfft(np.fft.rfft(frames[0]) * self._cone)[HOP:]
        np.abs(sizes, out=sizes)
        sizes *= 1 / _SCALE
        if power > _AUDIBLE:
            self._separate(reference, sizes, echo_path)
        np.multiply(sizes - self._overlap, reference, out=frames[1:3, HOP:])
        np.multiply(reference, reference, out=frames[3, HOP:])
        frames[3, HOP:] *= 1 / _SCALE

    def _separate(self, reference: np.ndarray, sizes: np.ndarray, echo_path: np.ndarray) -> None:
        """Keep the odd branches free of x itself: correlated branches slow a Kalman filter down.

        What such a branch loses, the linear branch gains, so the whole model stays the same.
        """
        both = reference * reference
        self._moments[0] += _MEMORY * (both.sum() - self._moments[0])
        self._moments[1:] += _MEMORY * (sizes @ both - self._moments[1:])
        overlap = (self._moments[1:] / self._moments[0])[:, None]
        for row, change in zip(self.starts[1:3], overlap - self._overlap, strict=True):
            echo_path[:, 0] += change * echo_path[:, row]
        self._overlap[:] = overlap


def _cone() -> np.ndarray:
    """Return the spectrum of a filter from voltage to a small cone's displacement.

    A critically damped resonance: displacement follows the voltage below it, and falls above.
    """
    w = 2 * np.pi * _RESONANCE_HZ / SAMPLE_RATE
    t = np.arange(HOP)
    h = t * np.exp(-w * t)
    return np.fft.rfft(2.0 * h / h.sum(), FFT).astype(np.complex64)
