"""Measures how fast the echo's delay creeps when playback and capture run on separate clocks."""

from __future__ import annotations

import numpy as np

from assistant.audio.fft import rfft
from assistant.audio.format import HOP, SAMPLE_RATE

_FFT, _BINS = 2 * HOP, HOP + 1
_FINE = 4  # steps per sample of the correlation that compares two places
_REACH = 10 * _FINE  # how far from the expected place the echo is looked for
_BLOCK = 32  # hops with sound per measurement: half a second
_SILENT = 1e-8
_ALIKE = 0.35  # part of the coherence that must agree with the template
_FOLLOW = 0.15  # weight of a new measurement in the template
_NOISE = 0.03  # samples: standard deviation of a measurement all alike, without drift
_CENTRE = 0.1  # s: how uncertain it is when within a block the sound was
_WIDEST = 400e-6 * SAMPLE_RATE  # samples per second: no two crystals differ by more
_WANDER = 0.1e-6 * SAMPLE_RATE  # by how much the rate wanders in a second (temperature)
_SWAY = 0.01  # samples the echo path's own place wanders in a second
_STUBBORN = 3  # measurements in a row elsewhere: the echo has moved, or the rate is wrong
_DOUBT = 10e-6 * SAMPLE_RATE  # by how much, at least
_FOREIGN = 12  # measurements in a row unlike the template: the echo path is another one
_LEAST = 4e-6 * SAMPLE_RATE  # a slower drift is left to the canceller
_BIAS = 0.2  # part of the first estimated rate that may be wrong
_SURE = 5.0  # standard deviations the rate must be away from zero


class DriftTracker:
    """Tells by how many samples per second the echo comes later; audio thread only.

    Every half a second of playback, the coherence of the microphone with the aligned reference
    is compared with a slowly learnt template of it: the slope of the phase between the two (the
    generalised cross-correlation of Knapp & Carter 1976) is how far the echo has moved, to about
    0.01 samples. A Kalman filter over place and rate turns these places into the drift. A person
    who talks meanwhile is not coherent with the reference; a measurement that does not fit is
    left out, and when several in a row do not, the place is corrected and the rate is not.

    ``ppm`` is the estimate, positive where the playback clock is the faster one (the delay
    shrinks). ``rate`` is what should be applied, in samples of lag per sample: exactly 0.0 until
    a drift is certain, so two devices on one clock are left alone.
    """

    def __init__(self) -> None:
        self._frame = np.zeros((2, _FFT), np.float32)  # reference, microphone
        self._cross = np.zeros(_BINS, np.complex64)
        self._power = np.zeros((2, _BINS), np.float32)
        self._template = np.zeros(_BINS, np.complex64)
        self._turn = (2j * np.pi / _FFT * np.arange(_BINS)).astype(np.complex64)
        self._now = 0.0  # seconds since the start
        self.ppm = self.rate = 0.0
        self.reset()

    def reset(self) -> None:
        """Forget everything: another loudspeaker, another place."""
        self._known = False
        self._covariance = np.diag([_NOISE**2, _WIDEST**2])
        self._state = np.zeros(2)  # place, samples; rate, samples per second
        self._measured = 0
        self._strange = self._elsewhere = 0
        self._since = self._now
        self.ppm = self.rate = 0.0
        self._begin()

    def moved(self, samples: float) -> None:
        """Take note that the echo's delay has just jumped by ``samples`` (it may be 0)."""
        self._state[0] += samples
        self._covariance[0, 0] += 4.0 if samples else 0.0
        self._begin()

    def _begin(self) -> None:
        self._frame[:] = 0
        self._cross[:] = 0
        self._power[:] = 0
        self._hops = 0
        self._energy = self._times = self._lags = 0.0

    def update(self, aligned: np.ndarray, mic: np.ndarray, lag: float) -> None:
        """Take a hop of the aligned reference and of one microphone, both float32 (HOP,).

        ``lag`` is by how many samples the reference was delayed in the middle of this hop.
        """
        self._now += HOP / SAMPLE_RATE
        frame = self._frame
        frame[0, :HOP] = frame[0, HOP:]
        frame[0, HOP:] = aligned
        frame[1, HOP:] = mic
        energy = float(np.dot(aligned, aligned))
        if not energy > _SILENT * HOP or not np.isfinite(energy):
            return
        both = rfft(frame)
        self._cross += np.conjugate(both[0]) * both[1]
        self._power += both.real**2 + both.imag**2
        self._energy += energy
        self._times += energy * self._now
        self._lags += energy * lag
        self._hops += 1
        if self._hops == _BLOCK:
            self._measure()
            self._begin()

    def _measure(self) -> None:
        coherence = self._cross / np.sqrt(self._power[0] * self._power[1] + 1e-12)
        coherence[:4] = 0
        if not np.isfinite(coherence).all():
            return
        when, lag = self._times / self._energy, self._lags / self._energy
        if not self._known:
            self._template[:] = coherence
            self._known, self._since = True, when
            if not self._measured:
                self._state[0] = lag
            self._zero = self._state[0] - lag
            return
        self._predict(when - self._since)
        self._since = when
        expected = self._state[0] - lag - self._zero
        place, alike = self._compare(coherence, round(_FINE * expected))
        if self._correct(place + lag + self._zero, alike):
            back = np.exp(self._turn * np.float32(place))
            self._template += np.float32(_FOLLOW) * (coherence * back - self._template)
        self._decide()

    def _compare(self, coherence: np.ndarray, expected: int) -> tuple[float, float]:
        """Return by how many samples ``coherence`` is later than the template, and how alike."""
        shared = coherence * self._template.conj()
        likeness = np.fft.irfft(shared, _FINE * _FFT)
        around = likeness.take(np.arange(expected - _REACH - 1, expected + _REACH + 2), mode="wrap")
        best = 1 + int(around[1:-1].argmax())
        before, peak, after = (float(v) for v in around[best - 1 : best + 2])
        curve = before - 2 * peak + after
        top = best + (0.5 * (before - after) / curve if curve < 0 else 0.0)
        whole = float(np.abs(shared).sum()) / (_FINE * HOP)
        return (expected - _REACH - 1 + top) / _FINE, peak / (whole + 1e-12)

    def _predict(self, seconds: float) -> None:
        step = np.array([[1.0, seconds], [0.0, 1.0]])
        self._state = step @ self._state
        self._covariance = step @ self._covariance @ step.T
        self._covariance[0, 0] += _SWAY**2 * seconds
        self._covariance[1, 1] += _WANDER**2 * seconds

    def _correct(self, place: float, alike: float) -> bool:
        """Take one measured place (in samples of delay) if it can be; return whether it was."""
        covariance = self._covariance
        off = place - self._state[0]
        blur = _CENTRE * (self._state[1] - self.rate * SAMPLE_RATE)
        if self._measured == 0:
            blur = _CENTRE * off / (_BLOCK * HOP / SAMPLE_RATE)
        sure = max(alike, 0.1) ** 3
        noise = covariance[0, 0] + (_NOISE / sure) ** 2 + blur**2
        if alike < _ALIKE:
            self._strange += 1
            if self._strange >= _FOREIGN:
                self._known, self._strange = False, 0
            return False
        self._strange = 0
        if off * off > 25 * noise:
            self._elsewhere += 1
            if self._elsewhere >= _STUBBORN:
                self._elsewhere = 0
                covariance += np.diag([25.0, max(_BIAS * self._state[1], _DOUBT) ** 2])
            return False
        self._elsewhere = 0
        gain = covariance[:, 0] / noise
        self._state = self._state + gain * off
        self._covariance = covariance - np.outer(gain, covariance[0])
        self._measured += 1
        return True

    def _decide(self) -> None:
        rate = float(np.clip(self._state[1], -_WIDEST, _WIDEST))
        self.ppm = -rate / SAMPLE_RATE * 1e6
        spread = float(np.sqrt(self._covariance[1, 1]))
        certain = self._measured >= 4 and abs(rate) > max(_LEAST, _SURE * spread)
        if certain and not self.rate:
            # The first estimate is biased where the sound was unevenly spread over the blocks, in
            # proportion to the drift that was not compensated then. From here on there is none.
            self._covariance = np.diag([0.25, (_BIAS * rate) ** 2])
        if self.rate or certain:
            self.rate = rate / SAMPLE_RATE
