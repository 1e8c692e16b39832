"""Small loudspeakers that distort, each in its own way, so that no canceller fits just one."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from assistant.audio.format import SAMPLE_RATE

TEST_HZ, TEST_SIZE = 250, 4096  # the sine whose THD is meant: 64 whole periods


def distort(x: np.ndarray, thd: float, kind: str) -> np.ndarray:
    """Return ``x`` (float64 (n,)) as a loudspeaker of ``KINDS`` sounds it.

    ``thd`` is the total harmonic distortion, 0.01 for 1 %, of a 250 Hz sine as strong as the
    louder syllables of ``x`` (95 % quantile of its RMS over 32 ms).
    """
    frames = x[: len(x) // 512 * 512].reshape(-1, 512)
    level = np.quantile(np.sqrt(np.mean(frames**2, axis=1)), 0.95) * np.sqrt(2)
    return level * KINDS[kind](x / level, drive(kind, round(thd, 5)))


@lru_cache(maxsize=512)
def drive(kind: str, thd: float) -> float:
    """Return the drive at which a unit sine through ``kind`` has this distortion."""
    sine = np.sin(2 * np.pi * TEST_HZ / SAMPLE_RATE * np.arange(2 * TEST_SIZE))
    low, high = 0.0, 1.0
    while _thd(KINDS[kind](sine, high)) < thd:
        high *= 2
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if _thd(KINDS[kind](sine, middle)) > thd else (middle, high)
    return (low + high) / 2


def _thd(y: np.ndarray) -> float:
    """Return the harmonics' amplitude over the fundamental's, once the filters have settled."""
    spectrum = np.abs(np.fft.rfft(y[-TEST_SIZE:]))
    first = TEST_SIZE * TEST_HZ // SAMPLE_RATE
    harmonics = spectrum[2 * first :: first]
    return float(np.sqrt(np.sum(harmonics**2)) / spectrum[first])


def _saturating(u: np.ndarray, drive: float) -> np.ndarray:
    """An amplifier and a suspension that give less the more is asked of them."""
    g = np.sqrt(drive) + 1e-6
    return np.tanh(g * u) / g


def _asymmetric(u: np.ndarray, drive: float) -> np.ndarray:
    """A cone that travels further one way: even harmonics beside the odd ones."""
    y = _saturating(u, 8 * drive)
    return y + 1.4 * drive * (y**2 - np.mean(y**2))


def _excursion(u: np.ndarray, drive: float) -> np.ndarray:
    """Stiffer where the cone has travelled far, which it does at low frequencies."""
    return u / (1 + drive * _lowpass(u, 400.0) ** 2)


def _clipping(u: np.ndarray, drive: float) -> np.ndarray:
    """An amplifier at its supply rails."""
    most = 1 / (1 + drive)
    return np.clip(u, -most, most)


def _rubbing(u: np.ndarray, drive: float) -> np.ndarray:
    """A voice coil that rubs: the cone's travel lags by a play it has to overcome first."""
    travel = _lowpass(u, 400.0)
    return u + drive * (_play(travel, 0.25) - travel)


def _play(x: np.ndarray, width: float) -> np.ndarray:
    """Return ``x`` after a mechanical play (the backlash operator of hysteresis models)."""
    out, at = np.empty(len(x)), 0.0
    for i, value in enumerate(x.tolist()):
        at = max(value - width, min(value + width, at))
        out[i] = at
    return out


def _lowpass(x: np.ndarray, corner: float) -> np.ndarray:
    spectrum = np.fft.rfft(x)
    f = np.fft.rfftfreq(len(x), 1 / SAMPLE_RATE)
    return np.fft.irfft(spectrum / (1 + 1j * f / corner), len(x))


KINDS = {
    "saturating": _saturating,
    "asymmetric": _asymmetric,
    "excursion": _excursion,
    "clipping": _clipping,
    "rubbing": _rubbing,
}
