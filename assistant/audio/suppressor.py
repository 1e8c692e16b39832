"""Turns down what is still echo, for detectors; the recogniser gets the linear output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.audio.fft import irfft, rfft
from assistant.audio.format import HOP

_FFT, _BINS = 2 * HOP, HOP + 1
_REVERBERATES = np.float32(0.7)  # of the echo's power a hop later
_MEAN = np.float32(1.44)  # of an exponential distribution over its median
_TINY, _LEAST = np.float32(1e-9), np.float32(1e-12)
_DB = np.float32(np.log(10) / 10)  # as a natural logarithm of powers
# Of the leak's running median: a hop's step, one towards what is far above it, and how far that is
_STEP, _FAR_STEP, _FAR = 0.3 * _DB, 0.05 * _DB, 8.0 * _DB
_AT_FIRST, _AT_BEST = -20.0 * _DB, -60.0 * _DB


@dataclass(frozen=True)
class Strength:
    """How hard to suppress: ``over`` times the expected residual, down to the gain ``floor``.

    ``smooth`` is the memory of the a-priori signal-to-echo ratio, per hop.
    """

    floor: float
    over: float
    smooth: float


GENTLE = Strength(floor=0.2, over=1.0, smooth=0.9)  # for detectors: speech must stay whole
FIRM = Strength(floor=0.01, over=8.0, smooth=0.95)  # for people: echo must not be heard


class Suppressor:
    """Applies a Wiener gain per bin against the expected residual echo; audio thread only.

    ``streams`` channels are treated alike, each with its own estimate of how far below the echo
    estimate its residual lies (a running median, as people who talk are outliers). The a-priori
    ratio is decision-directed (Ephraim & Malah 1984), which avoids musical noise. The result is
    one hop late, always the same, and untouched while nothing sounds.
    """

    latency = HOP

    def __init__(self, streams: int, strength: Strength = GENTLE) -> None:
        self._floor = np.float32(strength.floor)
        self._over = _MEAN * np.float32(strength.over)
        self._smooth = np.float32(strength.smooth)
        self._window = np.sqrt(np.hanning(_FFT + 1)[:_FFT]).astype(np.float32)
        self._frames = np.zeros((streams + 1, _FFT), np.float32)  # the last row is the echo
        self._tail = np.zeros((streams, HOP), np.float32)
        self._out = np.zeros((streams, HOP), np.float32)
        self._echo = np.zeros(_BINS, np.float32)
        self._leak = np.zeros((streams, _BINS), np.float32)  # natural logarithm of powers
        self._speech = np.zeros((streams, _BINS), np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget how much echo is usually left."""
        self._leak[:] = _AT_FIRST
        self._speech[:] = 0

    def process(self, streams: np.ndarray, echo: np.ndarray, sounding: bool) -> np.ndarray:
        """Return ``streams`` (float32 (n, HOP)) a hop late, an own buffer until the next call.

        ``echo`` (HOP,) is the echo that was subtracted from the microphones; ``sounding`` tells
        whether there may be any.
        """
        frames, out, window = self._frames, self._out, self._window
        frames[:, :HOP] = frames[:, HOP:]
        frames[:-1, HOP:] = streams
        frames[-1, HOP:] = echo
        if not sounding:
            np.multiply(frames[:-1, :HOP], window[:HOP] ** 2, out=out)
            out += self._tail
            np.multiply(frames[:-1, HOP:], window[HOP:] ** 2, out=self._tail)
            return out
        spectra = rfft(frames * window)
        powers = spectra.real**2 + spectra.imag**2
        spectra[:-1] *= self._gain(powers[:-1], powers[-1])
        waves = irfft(spectra[:-1]) * window
        np.add(waves[:, :HOP], self._tail, out=out)
        self._tail[:] = waves[:, HOP:]
        return out

    def _gain(self, powers: np.ndarray, echo: np.ndarray) -> np.ndarray:
        """Return the Wiener gains of ``powers``, float32 (streams, bins)."""
        residual = self._expected(powers, echo)
        now = powers / residual
        now -= 1
        np.maximum(now, 0, out=now)
        now *= 1 - self._smooth
        prior = self._smooth * self._speech
        prior /= residual
        prior += now
        gain = prior / (1 + prior)
        np.multiply(gain, gain, out=self._speech)
        self._speech *= powers
        return np.maximum(gain, self._floor, out=gain)

    def _expected(self, powers: np.ndarray, echo: np.ndarray) -> np.ndarray:
        """Return the residual echo to expect, and learn from ``powers`` how much that is."""
        self._echo *= _REVERBERATES
        np.maximum(self._echo, echo, out=self._echo)
        leak = self._leak
        above = powers + _LEAST
        above /= self._echo + _LEAST
        np.log(above, out=above)
        above -= leak
        step = np.copysign(_STEP, above)
        step[above > _FAR] = _FAR_STEP
        step *= self._echo > 1e-7
        leak += step
        np.maximum(leak, _AT_BEST, out=leak)
        np.minimum(leak, 0.0, out=leak)
        residual = np.exp(leak)
        residual *= self._over * self._echo
        residual += _TINY
        return residual
