"""Changes the sample rate of a stream, for sound cards that cannot do 16 kHz."""

from __future__ import annotations

from math import gcd

import numpy as np

from assistant.audio.fft import rfft
from assistant.audio.format import HOP

HALF_LENGTH = 32  # zero crossings of the filter on either side, at the lower rate
ATTENUATION_DB = 80.0
_FASTEST = 5e-4  # samples per sample by which the instants may move


def lowpass(up: int, down: int) -> np.ndarray:
    """Return the linear-phase filter (taps,) that changes the rate by ``up`` / ``down``.

    It runs at ``up`` times the source's rate, stops what would alias by 80 dB, passes up to
    0.84 of the lower rate's half, and delays by ``HALF_LENGTH`` samples of the lower rate.
    Source: Kaiser's window design, Oppenheim and Schafer, "Discrete-Time Signal Processing".
    """
    slower = max(up, down)
    center = HALF_LENGTH * slower
    n = np.arange(-center, center + 1)
    transition = (ATTENUATION_DB - 8.0) / (2.285 * 2.0 * np.pi * 2 * center)
    cutoff = 0.5 / slower - transition / 2.0
    window = np.kaiser(2 * center + 1, 0.1102 * (ATTENUATION_DB - 8.7))
    taps = 2.0 * cutoff * np.sinc(2.0 * cutoff * n) * window
    return taps * (up / taps.sum())


class Resampler:
    """Turns a stream of ``source`` Hz into one of ``target`` Hz, piece by piece.

    The pieces' borders leave no trace: cutting the same sound differently gives the same
    samples. ``delay`` is the time it adds, in seconds. A polyphase filter: only the products
    that reach a result are computed. One thread at a time.
    """

    def __init__(self, source: int, target: int, channels: int = 1) -> None:
        common = gcd(source, target)
        self._up, self._down = target // common, source // common
        taps = lowpass(self._up, self._down)
        self.delay = (len(taps) // 2) / (self._up * source)
        self._length = -(-len(taps) // self._up)
        padded = np.zeros(self._length * self._up)
        padded[: len(taps)] = taps
        # Row p holds the taps of phase p, the oldest sample's first.
        phases = padded.reshape(self._length, self._up).T[:, ::-1]
        self._phases = np.ascontiguousarray(phases, np.float32)
        self._past = np.zeros((channels, self._length - 1), np.float32)
        self._next = 0  # the next result's place, in steps of 1/up of a source sample

    def process(self, x: np.ndarray) -> np.ndarray:
        """Return what ``x``, float32 (channels, n), makes certain: float32 (channels, m).

        Over a long time m / n is target / source exactly; a single m may be off by one.
        """
        sound = np.concatenate((self._past, x), axis=1)
        self._past[:] = sound[:, sound.shape[1] - self._length + 1 :]
        windows = np.lib.stride_tricks.sliding_window_view(sound, self._length, axis=1)
        if self._down == 1:
            return (windows @ self._phases.T).reshape(len(x), -1)
        steps = x.shape[1] * self._up
        places = np.arange(self._next, steps, self._down)
        self._next += len(places) * self._down - steps
        chosen = windows[:, places // self._up]
        if self._up == 1:
            return chosen @ self._phases[0]
        return np.einsum("cmt,mt->cm", chosen, self._phases[places % self._up])


class Interpolator:
    """Reads streams between their samples, at instants that may move slowly; no allocation grows.

    A Kaiser-windowed sinc of 256 taps, from a table, by FFT (overlap-save: Oppenheim and Schafer),
    which costs as much as 64 taps without. The filter of the hop's first instant fades into that of
    its last: at 200 ppm they are 0.05 samples apart, and the error is -88 dB at 1 kHz, -57 dB at
    6 kHz and -52 dB at 7.8 kHz. Audio thread only.
    """

    TAPS = 256
    AHEAD = TAPS // 2 + 1  # samples after the newest instant that it needs
    _SHAPE = 8.0  # of the window
    _STEPS = 128  # of the table per sample
    _FFT = HOP + TAPS

    def __init__(self) -> None:
        fractions = np.arange(-self._STEPS // 4, self._STEPS + self._STEPS // 4 + 2) / self._STEPS
        at = np.arange(self.TAPS) - self.TAPS // 2 + fractions[:, None]
        inside = np.maximum(0.0, 1 - (2 * at / (self.TAPS + 1)) ** 2)
        table = np.sinc(at) * np.i0(self._SHAPE * np.sqrt(inside))
        self._table = (table / table.sum(axis=1, keepdims=True)).astype(np.float32)
        self._ramp = np.arange(HOP, dtype=np.float32) / HOP

    def read(
        self, source: np.ndarray, start: int, lag: float, rate: float, out: np.ndarray
    ) -> None:
        """Fill ``out`` (rows, HOP) with ``source`` (rows, n) read ``lag`` before ``start`` and on.

        ``lag`` is 0 to 1 samples at the first sample and grows by ``rate`` per sample, at most by
        ``_FASTEST``; ``start`` is an index with ``TAPS`` samples before it and ``HOP + AHEAD`` from
        it on.
        """
        first = start - self.TAPS // 2
        spectra = rfft(source[:, first : first + self._FFT])
        np.copyto(out, self._filtered(spectra, lag))
        if rate:
            last = self._filtered(spectra, lag + rate * HOP)
            last -= out
            last *= self._ramp
            out += last

    def reread(self, sound: np.ndarray, lags: np.ndarray) -> np.ndarray:
        """Return ``sound`` read ``lags`` samples before each instant: float32 (rows, hops * HOP).

        ``sound`` is float32 of that shape and ``lags`` (hops + 1,) at the hops' borders, straight
        between them. Zeros are read beyond both ends. Not for the audio thread: a whole recording.
        """
        edge = self.TAPS + int(np.ceil(np.abs(lags).max()))
        padded = np.pad(sound, ((0, 0), (edge, edge)))
        out = np.empty_like(sound)
        for hop, (first, last) in enumerate(
            zip(lags[:-1].tolist(), lags[1:].tolist(), strict=True)
        ):
            whole, at = int(np.floor(first)), hop * HOP
            rate = np.clip((last - first) / HOP, -_FASTEST, _FASTEST)
            piece = out[:, at : at + HOP]
            self.read(padded, edge + at - whole, first - whole, rate, piece)
        return out

    def _filtered(self, spectra: np.ndarray, lag: float) -> np.ndarray:
        place = (lag + 0.25) * self._STEPS
        row = int(place)
        part = np.float32(place - row)
        taps = (1 - part) * self._table[row] + part * self._table[row + 1]
        return np.fft.irfft(spectra * np.fft.rfft(taps, self._FFT).conj())[:, :HOP]
