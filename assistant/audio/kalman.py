"""The adaptive filter of the echo canceller: partitions of an echo path, each hop made truer."""

from __future__ import annotations

import numpy as np

from assistant.audio.fft import irfft, rfft
from assistant.audio.format import HOP

FFT, BINS = 2 * HOP, HOP + 1

_KEEP, _KEEP_EARLY = 0.999999, 0.99  # how much of the echo path is the same a hop later
_EARLY = 120.0  # hops of playback until the path counts as known
_SHRINK = 0.15  # part of the theoretical covariance decrease; see adapt
_FORGET = 0.2  # of the near-end spectrum, per hop
_TURNS = 3  # hops between two constraints of a partition
_SELDOM = 8  # hops between two steps of the path's own change, once that is slow
_FLOOR = np.float32(1e-7)


class KalmanFilter:
    """A partitioned frequency-domain Kalman filter for every microphone; audio thread only.

    Enzner & Vary 2006; partitioned: Kuech, Mabande & Enzner 2014; its weak points: Yang, Enzner
    & Yang 2017. ``rows`` partitions of one hop, of which the first ``free`` are branches of
    their own and the others one path.

    ``path`` complex64 (mics, rows, BINS). ``expected`` float32 (BINS,) is the power of the echo
    that the path's error was expected to leave in the last hop that taught, mean over the
    microphones: the covariance's, which is several times too large in the first second.
    """

    def __init__(self, mics: int, rows: int, free: int) -> None:
        self._free = free
        self.path = np.zeros((mics, rows, BINS), np.complex64)
        self._error = np.zeros((mics, rows, BINS), np.float32)  # covariance, diagonal
        self._near = np.zeros((mics, BINS), np.float32)
        self._work = np.zeros((mics, rows, BINS), np.complex64)
        self._real = np.zeros((mics, rows, BINS), np.float32)
        self._gain = np.zeros((mics, rows, BINS), np.float32)
        self._kept = [[self.path.copy(), self._error.copy(), 0.0] for _ in range(2)]
        self.noise = np.zeros((mics, BINS), np.float32)
        self.expected = np.zeros(BINS, np.float32)
        self._hops = 0
        self.forget(slice(None))

    def forget(self, mics: slice | np.ndarray) -> None:
        """Start again with these microphones."""
        tail = self.path.shape[1] - self._free
        self.path[mics] = 0
        self._error[mics, self._free :] = np.exp(-np.arange(tail, dtype=np.float32) / 4)[:, None]
        self._error[mics, : self._free] = 0.1
        self._early = 0.0

    def predict(self, reference: np.ndarray) -> np.ndarray:
        """Return the echo (mics, HOP) of ``reference``, complex64 (rows, BINS)."""
        np.multiply(self.path, reference, out=self._work)
        return irfft(np.add.reduce(self._work, axis=1))[:, HOP:]

    def adapt(
        self,
        reference: np.ndarray,
        power: np.ndarray,
        error: np.ndarray,
        error_power: np.ndarray,
        clipped: bool,
    ) -> None:
        """One Kalman step: the gain falls wherever the near end explains the error better.

        ``reference`` and its ``power`` (rows, BINS); ``error`` and its power (mics, BINS), of
        the hop with a hop of zeros before it; ``clipped`` microphones teach a tenth.
        """
        gain, work, real = self._gain, self._work, self._real
        self._near += _FORGET * (error_power - self._near)
        np.multiply(power, self._error, out=real)
        noise = np.maximum(self._near, error_power, out=self.noise)  # an onset is not averaged
        if clipped:
            noise *= 10
        unsure = np.add.reduce(real, axis=1)
        np.mean(unsure, axis=0, out=self.expected)
        unsure *= 0.5
        noise += unsure
        noise += _FLOOR
        np.divide(self._error, noise[:, None], out=gain)
        # The diagonal covariance takes neighbouring partitions for independent and would grow
        # too sure of itself, so it shrinks more slowly than the theory's 0.5.
        real *= gain
        real *= _SHRINK
        self._error -= real
        np.conjugate(reference, out=work[0])
        np.multiply(work[0] * error[:, None], gain, out=work)
        self.path += work
        self._hops += 1
        self._constrain()
        self._early = min(_EARLY, self._early + 1)
        if self._early < _EARLY:
            self._wander(_KEEP_EARLY + (_KEEP - _KEEP_EARLY) * self._early / _EARLY)
        elif self._hops % _SELDOM == 0:
            self._wander(_KEEP**_SELDOM)

    def _wander(self, keep: float) -> None:
        """Grow less sure of the path, of which only a part of ``keep`` is what it was."""
        self._error *= np.float32(keep * keep)
        np.multiply(self.path, self.path.conj(), out=self._work)
        np.multiply(self._work.real, np.float32(1 - keep * keep), out=self._real)
        self._error += self._real

    def _constrain(self) -> None:
        """Keep every partition inside its hop; each in its turn, which saves most FFTs."""
        rows = self.path[:, self._hops % _TURNS :: _TURNS]
        waves = irfft(rows)
        waves[..., HOP:] = 0
        rows[:] = rfft(waves)

    def loosen(self, doubt: float) -> None:
        """Learn faster again: the path has changed, with a ``doubt`` of 0 (not at all) to 1."""
        self._early = min(self._early, _EARLY * (1 - doubt))

    def scale(self, factor: float) -> None:
        """Multiply the path (not the branches): its reference has become as much weaker."""
        self.path[:, self._free :] *= np.float32(factor)
        self._error[:, self._free :] *= np.float32(factor * factor)

    def taps(self) -> np.ndarray:
        """Return the path as impulse responses, float32 (mics, tail)."""
        waves = irfft(self.path[:, self._free :])[..., :HOP]
        return waves.reshape(len(self.path), -1).astype(np.float32)

    def set_taps(self, taps: np.ndarray, doubt: float, told: np.ndarray) -> None:
        """Take over impulse responses whose relative error is ``doubt`` in power, 0 to 1.

        ``told`` float32 (BINS,) is how often, in power over the error's, each bin was heard:
        where it was hardly, the path may be anything, and the filter must learn fast.
        """
        waves = taps.reshape(len(self.path), -1, HOP)
        path = self.path[:, self._free :]
        path[:] = np.fft.rfft(waves, FFT)
        self.path[:, : self._free] = 0
        strength = (path.real**2 + path.imag**2).mean(axis=2, keepdims=True)
        strength += 0.01 * strength.max()
        known = strength / (strength.sum(axis=1, keepdims=True) + _FLOOR) * told
        self._error[:, self._free :] = strength * np.maximum(np.float32(doubt), 1 / (1 + known))
        self._error[:, : self._free] = 0.1 * np.float32(doubt)
        self._early = max(self._early, 0.5 * _EARLY)

    def shift(self, samples: int) -> None:
        """Move the path ``samples`` earlier; what leaves the tail is lost."""
        free = self._free
        for start, stop in (*((i, i + 1) for i in range(free)), (free, self.path.shape[1])):
            waves = irfft(self.path[:, start:stop])[..., :HOP]
            path = waves.reshape(len(waves), -1)
            moved = np.zeros_like(path)
            size = max(0, path.shape[1] - abs(samples))
            moved[:, max(0, -samples) :][:, :size] = path[:, max(0, samples) :][:, :size]
            self.path[:, start:stop] = np.fft.rfft(moved.reshape(waves.shape), FFT)

    def remember(self) -> None:
        """Keep a copy of the path for ``recall``, and the copy before this one."""
        self._kept[0], self._kept[1] = self._kept[1], self._kept[0]
        path, error = self._kept[0][:2]
        np.copyto(path, self.path)
        np.copyto(error, self._error)
        self._kept[0][2] = self._early

    def recall(self) -> bool:
        """Take back the path of the last but one ``remember``; return whether there is one."""
        path, error, early = self._kept[1]
        if early:
            np.copyto(self.path, path)
            np.copyto(self._error, error)
            self._early = early
        return bool(early)
