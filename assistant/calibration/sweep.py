"""An exponential sine sweep, and the impulse responses it reveals.

A. Farina, "Simultaneous measurement of impulse response and distortion with a swept-sine
technique", AES 108th Convention, Paris 2000: the sweep's frequency grows exponentially, so that
what a loudspeaker adds at k times a frequency comes out of the deconvolution as a response of its
own, ``length * ln k`` before the linear one.
"""

from __future__ import annotations

import numpy as np

from assistant.audio.format import SAMPLE_RATE, gain

LOW_HZ, HIGH_HZ = 120.0, 7400.0
FADE_S = 0.03
_FLOOR = 1e-3  # of the sweep's power: nothing is divided by less
_HARMONICS = (2, 3, 4, 5)
_BEFORE, _AFTER = 32, 800  # samples of a response that count for its energy: 50 ms


class Sweep:
    """A sweep of ``duration_s``; ``sound`` is float32 (n,) with an RMS of ``level_db`` dBFS."""

    def __init__(self, duration_s: float = 2.0, level_db: float = -32.0) -> None:
        n = round(duration_s * SAMPLE_RATE)
        t = np.arange(n) / SAMPLE_RATE
        self._rate_s = duration_s / np.log(HIGH_HZ / LOW_HZ)  # Farina's L: the time per factor e
        phase = 2 * np.pi * LOW_HZ * self._rate_s * (np.exp(t / self._rate_s) - 1)
        fade = np.minimum(
            1.0, np.minimum(np.arange(n), np.arange(n)[::-1]) / (FADE_S * SAMPLE_RATE)
        )
        shape = np.sin(phase) * np.sin(0.5 * np.pi * fade) ** 2
        self.sound = (shape * np.sqrt(2) * gain(level_db)).astype(np.float32)

    def responses(self, rows: np.ndarray) -> np.ndarray:
        """Return the impulse responses (C, size) behind ``rows`` (C, n), which heard the sweep.

        Both begin with the hop in which the sweep was handed over. Sample t of a response is t
        samples later; the responses of the harmonics are at negative times, at the end.
        """
        size = 1 << int(rows.shape[1] + self.sound.size - 1).bit_length()
        played = np.fft.rfft(self.sound.astype(np.float64), size)
        power = np.abs(played) ** 2
        inverse = np.conj(played) / (power + _FLOOR * power.max())
        return np.fft.irfft(np.fft.rfft(rows.astype(np.float64), size, axis=1) * inverse, axis=1)

    def distortion(self, response: np.ndarray, at: int) -> float:
        """Return the harmonics' share of the amplitude, 0 to 1, in one response that peaks ``at``.

        Harmonics 2 to 5, as far as they stand out of the noise before all of them.
        """

        def energy(order: float) -> float:
            start = round(at - SAMPLE_RATE * self._rate_s * np.log(order))
            return float(np.sum(np.take(response, range(start - _BEFORE, start + _AFTER)) ** 2))

        noise = energy(9.0)
        harmonics = sum(max(0.0, energy(order) - noise) for order in _HARMONICS)
        return float(np.sqrt(harmonics / max(energy(1.0) - noise, 1e-20)))


def direct(response: np.ndarray, longest: int) -> float:
    """Return when the direct sound arrives, in samples with a fraction; -1 when nothing does.

    It is the first peak at least half as high as the highest, among the ``longest`` lags; it must
    stand out of what is there at negative times, between the responses of the harmonics.
    """
    envelope = np.abs(response[:longest])
    peak = float(envelope.max())
    quiet = np.median(np.abs(response[longest : 2 * longest]))
    if peak < 12.0 * quiet or peak == 0.0:
        return -1.0
    near = int(np.argmax(envelope >= 0.5 * peak))
    at = near + int(np.argmax(envelope[near : near + 16]))
    if not 0 < at < longest - 1:
        return float(at)
    before, middle, after = envelope[at - 1 : at + 2]
    return at + 0.5 * float((before - after) / (before - 2 * middle + after))


def offsets(responses: np.ndarray, at: int) -> np.ndarray:
    """Return how many samples later than in the first row the direct sound comes, (M,).

    ``responses`` (M, n) all peak around sample ``at``; 1/16 of a sample is told apart.
    """
    reach, fine = 24, 16
    window = np.hanning(2 * reach)
    cut = responses[:, max(0, at - reach) : at - reach + 2 * reach] if at >= reach else None
    if cut is None:
        cut = np.pad(responses[:, : at + reach], ((0, 0), (reach - at, 0)))
    spectra = np.fft.rfft(cut * window, 4 * reach, axis=1)
    cross = np.fft.irfft(spectra * np.conj(spectra[0]), 4 * reach * fine, axis=1)
    best = np.argmax(cross, axis=1)
    return np.where(best > cross.shape[1] // 2, best - cross.shape[1], best) / fine
