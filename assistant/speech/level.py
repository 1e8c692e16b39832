"""Bring speech of any loudness to the one level a recogniser without gain control expects."""

from __future__ import annotations

import numpy as np

_TARGET = 0.25  # peak of the speech
_NOISE = 3e-3  # RMS of the noise that is added
_POLE = 0.9
_BLOCK = 320  # 20 ms
_BEFORE, _AFTER, _LONGEST = 4800, 1600, 8000  # samples held before, after, or without an onset
_FAINTEST = 0.004  # peak below which nothing is speech
_CONTRAST = 3.0  # peak of speech over the quietest block before it


class Level:
    """Holds back what comes before the speech, then passes everything at one level.

    The gain is known only when the speech begins; raising the silence before it by another gain
    than the speech makes a step that sounds like a consonant. So sound is held until its peak
    stands out, silence older than 0.3 s is dropped (``dropped`` counts it), and a little noise
    like a room's is added, because digital silence is like nothing a model was trained on.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._held = np.zeros(0, np.float32)
        self._gain: float | None = None
        self._at = 0

    def adjust(self, x: np.ndarray) -> np.ndarray:
        """Return what can be decoded now, float32, possibly nothing; any number of samples in."""
        x = np.asarray(x, dtype=np.float32)
        if self._gain is not None:
            return self._noisy(x * self._ramp(x))
        self._held = np.concatenate((self._held, x))
        peak = float(np.max(np.abs(self._held), initial=0.0))
        if self._has_onset(peak):
            self._gain = _TARGET / peak
            held, self._held = self._held, self._held[:0]
            return self._noisy(held * self._gain)
        if peak < _FAINTEST and len(self._held) > _BEFORE:
            self.dropped += len(self._held) - _BEFORE
            self._held = self._held[-_BEFORE:]
        return self._held[:0]

    def _has_onset(self, peak: float) -> bool:
        if peak < _FAINTEST or len(self._held) < _AFTER:
            return False
        blocks = len(self._held) // _BLOCK
        peaks = np.abs(self._held[: blocks * _BLOCK]).reshape(blocks, _BLOCK).max(axis=1)
        loud = int(np.argmax(peaks >= _CONTRAST * max(float(peaks.min()), _FAINTEST / _CONTRAST)))
        stands_out = peaks[loud] >= _CONTRAST * peaks.min()
        heard = len(self._held) - loud * _BLOCK
        return len(self._held) >= _LONGEST or bool(stands_out and heard >= _AFTER)

    def _ramp(self, x: np.ndarray) -> np.ndarray:
        """Return the gain of each sample; it falls when somebody gets louder, and never jumps."""
        before = self._gain
        self._gain = min(before, _TARGET / max(float(np.max(np.abs(x), initial=0.0)), 1e-9))
        return np.linspace(before, self._gain, len(x), dtype=np.float32)

    def _noisy(self, x: np.ndarray) -> np.ndarray:
        places = np.arange(self._at, self._at + len(x)) % len(_ROOM)
        self._at = (self._at + len(x)) % len(_ROOM)
        return (x + _NOISE * _ROOM[places]).astype(np.float32)


def _room_noise(length: int = 48_000) -> np.ndarray:
    """Return noise of unit power that falls towards high frequencies, as room noise does."""
    white = np.fft.rfft(np.random.default_rng(1).standard_normal(length))
    turn = np.exp(-2j * np.pi * np.arange(len(white)) / length)
    noise = np.fft.irfft(white / (1.0 - _POLE * turn), length)
    return (noise / noise.std()).astype(np.float32)


_ROOM = _room_noise()
