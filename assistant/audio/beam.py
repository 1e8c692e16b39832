"""Combines the cleaned microphones so that what the canceller left of the loudspeaker cancels."""

from __future__ import annotations

import numpy as np

from assistant.audio.fft import irfft, rfft
from assistant.audio.format import HOP, SAMPLE_RATE

LOOKS = 4  # directions that are listened to at a time

_FFT, _BINS = 2 * HOP, HOP + 1
_LATENCY = 32  # samples of look-ahead that let the filters' phases lead as well as lag
_EVERY = 16  # hops between two designs
_MEMORY = 0.01  # weight of a new hop in the covariance: about 1.6 s of far end alone
_LOAD = 0.03
_RAMP = 0.25  # of the way between beam and plain microphone, per hop
_SPEED = 343.0  # of sound, m/s
_ELEVATION = np.radians(15.0)  # at which people's mouths are, seen from a table


class Beam:
    """Filters and sums the microphones so that the residual echo is smallest; audio thread only.

    The weights are those of minimum-variance beamformers (Capon 1969) on the covariance of the
    cleaned microphones while only the loudspeaker sounds. What the canceller cannot model
    (distortion, rattle) leaves the same loudspeaker, so its direction is where the null goes.
    One beam has unit gain for a sound that reaches all microphones alike: the output. With the
    microphones' ``positions`` (metres, (mics, 2 or 3)) there are ``LOOKS`` more, each with unit
    gain for one direction: people's voices differ from the echo by their direction most, and
    which look helps is not known before they speak.

    Without playback the output is microphone 0. With more than one microphone it is 2 ms late,
    always the same; one microphone is passed on as it is.

    ``looks`` float32 (LOOKS or 0, HOP): the other beams, renewed with every hop. Before there is
    something to cancel, and while nothing plays, each is one of the microphones.
    """

    def __init__(self, mics: int, positions: np.ndarray | None = None) -> None:
        self.latency = _LATENCY if mics > 1 else 0
        self._mics = mics
        aims = [np.ones((_BINS, mics), np.complex64)]
        if mics > 1 and positions is not None:
            aims += [_toward(np.asarray(positions)[:, :2], way) for way in _ways(mics)]
        self._aims = np.stack(aims, axis=-1)  # (bins, mics, beams)
        beams = len(aims)
        self._frames = np.zeros((mics, _FFT), np.float32)
        self._out = np.zeros((beams, HOP), np.float32)
        self._main, self.looks = self._out[0], self._out[1:]
        self._plain = [0, *(i % mics for i in range(beams - 1))]
        self._covariance = np.zeros((mics, mics, _BINS), np.complex64)
        self._level = np.zeros(_BINS, np.float32)
        self._weights = np.zeros((beams, mics, _BINS), np.complex64)
        self._taper = np.zeros(_FFT, np.float32)
        rise = np.hanning(2 * _LATENCY)[:_LATENCY]
        self._taper[:HOP] = 1
        self._taper[:_LATENCY] = rise
        self._taper[HOP - _LATENCY : HOP] = rise[::-1]
        self.reset()

    def reset(self) -> None:
        """Forget where the loudspeaker is."""
        self._covariance[:] = 0
        self._level[:] = 0
        self._learnt = 0
        self._mix = 0.0
        self._frames[:] = 0

    def learn(self, spectrum: np.ndarray) -> None:
        """Take one hop of cleaned microphones, far end alone: complex64 (mics, 257)."""
        if self._mics == 1:
            return
        now = spectrum[:, None] * spectrum.conj()
        level = np.einsum("iik->k", now).real
        weight = max(_MEMORY, 1 / (self._learnt + 1))
        self._level += weight * (level - self._level)
        now /= level + self._level + 1e-12  # loud hops count, none too much
        now -= self._covariance
        now *= weight
        self._covariance += now
        self._learnt += 1
        if self._learnt % _EVERY == 0 and self._learnt >= 2 * _EVERY:
            self._design()

    def _design(self) -> None:
        count = self._mics
        loaded = np.ascontiguousarray(self._covariance.transpose(2, 0, 1))
        level = np.einsum("kii->k", loaded).real / count + 1e-9
        loaded[:, range(count), range(count)] += (_LOAD * level)[:, None]
        best = np.linalg.solve(loaded, self._aims)
        best /= np.einsum("kmb,kmb->kb", self._aims.conj(), best)[:, None]
        taps = np.roll(irfft(best.conj().transpose(2, 1, 0)), _LATENCY, axis=-1)
        taps *= self._taper
        rfft(taps, out=self._weights)

    def process(self, cleaned: np.ndarray, playing: bool) -> np.ndarray:
        """Return ``cleaned`` (float32 (mics, HOP)) as one channel (HOP,), an own buffer.

        ``playing`` tells whether an echo may be in it; only then the beams are used.
        """
        out = self._out
        if self._mics == 1:
            np.copyto(self._main, cleaned[0])
            return self._main
        frames = self._frames
        frames[:, :HOP] = frames[:, HOP:]
        frames[:, HOP:] = cleaned
        ready = playing and self._learnt >= 2 * _EVERY
        before, self._mix = self._mix, min(1.0, max(0.0, self._mix + (_RAMP if ready else -_RAMP)))
        if min(self._mix, before) < 1.0:
            np.copyto(out, frames[self._plain, HOP - _LATENCY : _FFT - _LATENCY])
        if self._mix or before:
            beams = irfft((rfft(frames) * self._weights).sum(axis=1))[:, HOP:]
            if self._mix != before:
                beams -= out
                beams *= np.linspace(before, self._mix, HOP, dtype=np.float32)
                beams += out
            np.copyto(out, beams)
        return self._main


def _ways(mics: int) -> np.ndarray:
    """Return the azimuths of the looks; a pair cannot tell front from back: 0 to 180 degrees."""
    if mics == 2:
        return np.radians([0.0, 45.0, 135.0, 180.0])
    return np.radians(np.arange(LOOKS) * 360.0 / LOOKS)


def _toward(positions: np.ndarray, azimuth: float) -> np.ndarray:
    """Return the phases (bins, mics) with which a plane wave from ``azimuth`` arrives."""
    way = np.array([np.cos(azimuth), np.sin(azimuth)]) * np.cos(_ELEVATION)
    early = (positions - positions.mean(axis=0)) @ way / _SPEED
    hertz = np.arange(_BINS) * SAMPLE_RATE / _FFT
    return np.exp(2j * np.pi * hertz[:, None] * early).astype(np.complex64)
