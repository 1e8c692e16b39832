"""Combines the cleaned microphones into one, quietest for what the canceller left over."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP

_FFT, _BINS = 2 * HOP, HOP + 1
_LATENCY = 32  # samples of look-ahead that let the filters' phases lead as well as lag
_EVERY = 16  # hops between two designs
_MEMORY = 0.01  # weight of a new hop in the covariance: about 1.6 s of far end alone
_LOAD = 0.03
_RAMP = 0.25  # of the way between beam and plain microphone, per hop


class Beam:
    """Filters and sums the microphones so that the residual echo is smallest; audio thread only.

    The weights are those of a minimum-variance beamformer (Capon 1969) on the covariance of the
    cleaned microphones while only the loudspeaker sounds, with unit gain for a sound that
    reaches all microphones alike. What the canceller cannot model (distortion, rattle) leaves
    the same loudspeaker, so its direction is where the null goes.

    Without playback the result is microphone 0. With more than one microphone it is 2 ms late,
    always the same; one microphone is passed on as it is.
    """

    def __init__(self, mics: int) -> None:
        self.latency = _LATENCY if mics > 1 else 0
        self._mics = mics
        self._frames = np.zeros((mics, _FFT), np.float32)
        self._out = np.zeros(HOP, np.float32)
        self._covariance = np.zeros((_BINS, mics, mics), np.complex64)
        self._weights = np.zeros((mics, _BINS), np.complex64)
        self._taper = np.zeros(_FFT, np.float32)
        rise = np.hanning(2 * _LATENCY)[:_LATENCY]
        self._taper[:HOP] = 1
        self._taper[:_LATENCY] = rise
        self._taper[HOP - _LATENCY : HOP] = rise[::-1]
        self.reset()

    def reset(self) -> None:
        """Forget where the loudspeaker is."""
        self._covariance[:] = 0
        self._level = np.zeros(_BINS, np.float32)
        self._learnt = 0
        self._mix = 0.0
        self._frames[:] = 0

    def learn(self, spectrum: np.ndarray) -> None:
        """Take one hop of cleaned microphones, far end alone: complex64 (mics, 257)."""
        if self._mics == 1:
            return
        rows = spectrum.T
        now = rows[:, :, None] * rows[:, None, :].conj()
        level = np.einsum("kii->k", now).real
        self._level += max(_MEMORY, 1 / (self._learnt + 1)) * (level - self._level)
        now /= (level + self._level + 1e-12)[:, None, None]  # loud hops count, none too much
        now -= self._covariance
        now *= max(_MEMORY, 1 / (self._learnt + 1))
        self._covariance += now
        self._learnt += 1
        if self._learnt % _EVERY == 0 and self._learnt >= 2 * _EVERY:
            self._design()

    def _design(self) -> None:
        count = self._mics
        loaded = self._covariance.copy()
        level = np.einsum("kii->k", loaded).real / count + 1e-9
        loaded[:, range(count), range(count)] += (_LOAD * level)[:, None]
        toward = np.ones((_BINS, count, 1), np.complex64)
        best = np.linalg.solve(loaded, toward)[..., 0]
        best /= best.sum(axis=1, keepdims=True)
        taps = np.roll(np.fft.irfft(best.conj().T), _LATENCY, axis=1)
        taps *= self._taper
        np.fft.rfft(taps, out=self._weights)

    def process(self, cleaned: np.ndarray, playing: bool) -> np.ndarray:
        """Return ``cleaned`` (float32 (mics, HOP)) as one channel (HOP,), an own buffer.

        ``playing`` tells whether an echo may be in it; only then the beam is used.
        """
        if self._mics == 1:
            np.copyto(self._out, cleaned[0])
            return self._out
        frames = self._frames
        frames[:, :HOP] = frames[:, HOP:]
        frames[:, HOP:] = cleaned
        np.copyto(self._out, frames[0, HOP - _LATENCY : _FFT - _LATENCY])
        ready = playing and self._learnt >= 2 * _EVERY
        before, self._mix = self._mix, min(1.0, max(0.0, self._mix + (_RAMP if ready else -_RAMP)))
        if self._mix or before:
            spectrum = np.fft.rfft(frames)
            spectrum *= self._weights
            beam = np.fft.irfft(spectrum.sum(axis=0))[HOP:]
            beam -= self._out
            beam *= np.linspace(before, self._mix, HOP, dtype=np.float32)
            self._out += beam
        return self._out
