"""Turns down what a new echo path leaves of the echo, until the path is known well.

The Kalman filter knows how unsure it is of its path, and so how much echo to expect in its output:
a Wiener gain per frequency follows from it (Enzner & Vary 2006). Of the loudspeaker's distortion it
knows nothing, so a share of the echo is expected, too. In the first seconds after a
change it leaves less of the echo and more of a person than the linear output does, as what it
turns down is mostly echo there. Later there is nothing to gain, and the output stays as it is.
"""

from __future__ import annotations

import numpy as np

from assistant.audio.fft import irfft, rfft
from assistant.audio.format import HOP

_FFT, _BINS = 2 * HOP, HOP + 1
# Of least gains of 0.1 to 0.5 and shares of 0.02 to 1 those with which, in tuning rooms, the voice
# activity told a person from echo best, and the recogniser heard most words, at 0 and -10 dB.
_LEAST = 0.2  # -14 dB: as for the detectors
_SHARE = 0.2  # of the expected echo that is there: the filter's covariance errs on the safe side
_BENT = 0.03  # of the echo's power, expected whatever the filter knows: a new path's distortion is
# not fitted well yet. Of 0.02 and 0.05 both told a person better at 0 and -10 dB than none, in
# tuning rooms, and the latter worse at -20 dB
_SMOOTH = 0.9  # memory of the a-priori ratio of person to echo, per hop
_FADE = 32  # samples in which a gain's impulse response ends
_WINDOWED = 0.75  # power of a Hann window of two hops, relative to a hop without window
_TINY = np.float32(1e-7)


class PostFilter:
    """Filters the clean channel by a gain per bin while the path is new. Audio thread only.

    The a-priori ratio is decision-directed (Ephraim & Malah 1984). The gains become a minimum-phase
    filter, by the cepstrum (Oppenheim & Schafer 1975): it delays nothing, and a gain of 1 is no
    filter at all. From hop to hop the output is cross-faded.
    """

    def __init__(self) -> None:
        self._frame = np.zeros(_FFT, np.float32)
        self._window = np.hanning(_FFT + 1)[:_FFT].astype(np.float32)
        self._unsure = np.zeros((2, _BINS), np.float32)  # the last two hops' expected echo
        self._person = np.zeros(_BINS, np.float32)  # power of what was let through
        self._filters = np.ones((2, _BINS), np.complex64)  # the last hop's, and this one's
        self._ramp = np.arange(HOP, dtype=np.float32) / HOP
        self._end = np.linspace(1, 0, _FADE, dtype=np.float32)
        self._out = np.zeros(HOP, np.float32)
        self._busy = False

    def reset(self) -> None:
        """Forget what was heard."""
        for array in (self._frame, self._unsure, self._person):
            array[:] = 0
        self._filters[:] = 1
        self._busy = False

    def process(
        self, clean: np.ndarray, expected: np.ndarray, echo: np.ndarray, unsettled: float
    ) -> np.ndarray:
        """Return ``clean`` (float32 (HOP,)) filtered, without delay: an own buffer, float32 (HOP,).

        ``expected`` float32 (BINS,) is the power of the echo expected in the spectrum of this hop
        with a hop of zeros before it, ``echo`` float32 (HOP,) what was subtracted in this hop, and
        ``unsettled``, 0 to 1, how new the path is.
        """
        frame, unsure, out = self._frame, self._unsure, self._out
        frame[:HOP] = frame[HOP:]
        frame[HOP:] = clean
        unsure[0] = unsure[1]
        unsure[1] = expected
        if not unsettled and not self._busy:
            np.copyto(out, clean)
            return out
        before, now = self._filters
        now[:] = 1
        if unsettled:
            spectrum = np.fft.rfft(echo, _FFT)
            unsure[1] += np.float32(_BENT) * (spectrum.real**2 + spectrum.imag**2)
            _minimum_phase(1 - unsettled * (1 - self._gains()), self._end, now)
        waves = irfft(rfft(frame) * self._filters)[:, HOP:]
        np.subtract(waves[1], waves[0], out=out)
        out *= self._ramp
        out += waves[0]
        before[:] = now
        self._busy = unsettled > 0
        if not self._busy:
            self._person[:] = 0
        return out

    def _gains(self) -> np.ndarray:
        spectrum = rfft(self._frame * self._window)
        power = (spectrum.real**2 + spectrum.imag**2) / np.float32(_WINDOWED)
        echo = self._unsure.sum(axis=0)
        echo *= np.float32(_SHARE / 2)
        echo += _TINY
        ratio = _SMOOTH * self._person / echo
        ratio += (1 - _SMOOTH) * np.maximum(power / echo - 1, 0)
        gain = ratio / (1 + ratio)
        self._person[:] = gain * gain * power
        return np.maximum(gain, np.float32(_LEAST))


def _minimum_phase(gains: np.ndarray, end: np.ndarray, out: np.ndarray) -> None:
    """Put into ``out`` the spectrum of a filter of one hop whose magnitudes are ``gains``."""
    cepstrum = irfft(np.log(gains))
    cepstrum[1:HOP] *= 2
    cepstrum[HOP + 1 :] = 0
    taps = irfft(np.exp(rfft(cepstrum)))
    taps[HOP - len(end) : HOP] *= end
    taps[HOP:] = 0
    out[:] = rfft(taps)
