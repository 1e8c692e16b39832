"""Changes the sample rate of a stream, for sound cards that cannot do 16 kHz."""

from __future__ import annotations

from math import gcd

import numpy as np

HALF_LENGTH = 32  # zero crossings of the filter on either side, at the lower rate
ATTENUATION_DB = 80.0


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
