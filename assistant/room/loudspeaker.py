"""A small loudspeaker: it distorts when it is loud, and it has no bass."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import SAMPLE_RATE, gain

NOMINAL_DBFS = -20.0  # active level of speech that is played at the speaker's stated loudness
CREST_DB = 15.0  # how far the peaks of speech lie above its active level
BASS_HZ = 120.0


class Loudspeaker:
    """Saturates sound before it reaches the air; memoryless, so hops of any length will do.

    ``distortion`` is the total harmonic distortion (0 to 0.3) of a sine as high as the peaks of
    speech at ``NOMINAL_DBFS``: mostly odd harmonics (a soft clip), a quarter as much even (an
    asymmetric suspension). Quieter sound is nearly clean, louder sound worse, as in a real driver.
    """

    def __init__(self, distortion: float) -> None:
        self._peak = gain(NOMINAL_DBFS + CREST_DB)
        self._drive = _drive(distortion)

    def process(self, x: np.ndarray) -> np.ndarray:
        """Return ``x`` (float32, full scale 1) as the membrane moves, same shape and gain."""
        if self._drive == 0.0:
            return x
        return (self._peak * _bend(x / self._peak, self._drive)).astype(np.float32)


def _bend(u: np.ndarray, drive: float) -> np.ndarray:
    v = drive * u
    return np.tanh(v + 0.04 * v * v) / drive


def thd(drive: float) -> float:
    """Return the distortion of a full-height sine: harmonics over fundamental."""
    sine = np.sin(2 * np.pi * np.arange(4096) / 64)
    lines = np.abs(np.fft.rfft(_bend(sine, drive)))[64::64]
    return float(np.sqrt(np.sum(lines[1:] ** 2)) / lines[0])


def _drive(distortion: float) -> float:
    if distortion <= 0.0:
        return 0.0
    low, high = 1e-3, 20.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if thd(middle) < distortion else (low, middle)
    return low


def bass_cut(taps: int = 512) -> np.ndarray:
    """Return the impulse response of a second-order Butterworth high-pass at ``BASS_HZ``.

    It is folded into the room's responses, so it costs nothing while the room runs. Bilinear
    transform; the response has decayed to nothing after ``taps`` samples.
    """
    k = np.tan(np.pi * BASS_HZ / SAMPLE_RATE)
    scale = 1 / (1 + np.sqrt(2) * k + k * k)
    a1, a2 = 2 * (k * k - 1) * scale, (1 - np.sqrt(2) * k + k * k) * scale
    x = np.zeros(taps + 2)
    x[2] = 1.0
    y = np.zeros(taps + 2)
    for n in range(2, taps + 2):
        y[n] = scale * (x[n] - 2 * x[n - 1] + x[n - 2]) - a1 * y[n - 1] - a2 * y[n - 2]
    return y[2:].astype(np.float32)
