"""What the loudspeaker was given, as the echo canceller needs it: spectra, distortion included."""

from __future__ import annotations

import numpy as np

from assistant.audio.distortion import NAMES, Bends, Separation
from assistant.audio.fft import irfft, rfft
from assistant.audio.format import HOP

FFT = 2 * HOP
BINS = HOP + 1
BRANCHES = 3  # of the bends also get a free filter of one hop: the direct sound dominates them
_LEARN_EVERY, _APPLY_EVERY = 4, 16  # hops
_FORGET = 0.992  # of what the weights are learned from, every time: half in 5.5 s
_STEP = 0.3
_MOST = 3.0  # weight of a bend: more than any loudspeaker needs, and what noise could lead to
_PRIOR = 100.0  # information a weight of 1 needs: quiet sound must not invent what loud one shows
_SETTLED = 15  # times before the weights are applied
_NEAR_PARTS = 12  # hops of the path (0.2 s) the weights are learned with: what comes later is weak


class ReferenceHistory:
    """Keeps the reference's last spectra: one row for each of ``BRANCHES`` and of ``parts`` hops.

    The hops' rows are the reference as the loudspeaker bends it: the sound plus ``weights`` times
    its distorted versions (``assistant.audio.distortion``); the echo path follows as one filter.
    The branch rows are three of those versions again, over the newest hop only, for what is not
    the same at all frequencies. Without ``distortion`` there are no branches. Audio thread only.

    ``spectra`` is complex64 (rows, BINS), branches first, then newest to oldest; ``power`` its
    squared magnitude; ``first`` the first hop's row. ``drive`` is the gain of the loudspeaker's
    amplifier since the path was learnt: what comes in is multiplied by it.
    """

    def __init__(self, parts: int, distortion: bool, keep: int) -> None:
        self._parts, self._keep = parts, keep
        self.first = BRANCHES if distortion else 0
        self._bends = Bends() if distortion else None
        self._separation = Separation()
        count = len(NAMES) if distortion else 0
        self.weights = np.zeros(count, np.float32)
        rows = self._rows = self.first + parts
        self._long = np.zeros((4 * rows, BINS), np.complex64)  # filled downwards
        self._long_power = np.zeros((4 * rows, BINS), np.float32)
        self._raw = np.zeros((1 + count, 4 * rows, BINS), np.complex64)
        self._frames = np.zeros((1 + count, FFT), np.float32)
        self._waves = np.zeros((1 + count, 2 * keep), np.float32)  # for the path solver
        self._lags = np.zeros(2 * keep // HOP)  # of the hops in it
        self._square, self._target = np.zeros((count, count)), np.zeros(count)
        self._learnt, self.drive = 0, 1.0
        self._kept = np.zeros((2, count), np.float32)  # weights: the last copy, and the one before
        self.clear()

    def clear(self) -> None:
        """Forget what was played, not how the loudspeaker bends it."""
        self._at = 3 * self._rows
        for array in (self._long, self._long_power, self._raw, self._frames, self._waves):
            array[:] = 0
        self._lags[:] = np.nan
        self._end = self._keep
        if self._bends:
            self._bends.clear()
        self._look()

    def unlearn(self) -> None:
        """Forget how the loudspeaker bends the sound, too."""
        self._square[:] = 0
        self._learnt, self.drive = 0, 1.0
        if len(self.weights):
            self.set_weights(np.zeros_like(self.weights))

    def push(
        self,
        reference: np.ndarray,
        power: float,
        lag: float = 0.0,
        bends: np.ndarray | None = None,
    ) -> float:
        """Put a hop of ``reference`` (float32 (HOP,), mean square ``power``) in front.

        ``lag`` is by how many samples it was delayed at its start, ``bends`` (count, HOP) are its
        distorted versions where they are known. Returns a factor by which the echo path must be
        multiplied, mostly 1.
        """
        self._slide()
        if self.drive != 1.0:
            reference = reference * np.float32(self.drive)
            power *= self.drive**2
        frames, factor = self._frames, 1.0
        frames[:, :HOP] = frames[:, HOP:]
        frames[0, HOP:] = reference
        if self._bends:
            shapes = frames[1:, HOP:]
            if bends is None:
                np.copyto(shapes, self._bends.process(reference))
            else:
                np.multiply(bends, self.drive**2, out=shapes)  # near enough, as in ``set_drive``
            self._separation.process(reference, power, shapes)
            factor = 1.0 + float(self._separation.drift @ self.weights)
        self._waves[:, self._end : self._end + HOP] = frames[:, HOP:]
        self._lags[self._end // HOP] = lag
        self._end += HOP
        raw = rfft(frames)
        self._raw[:, self._at] = raw
        newest = self._long[self._at]
        np.copyto(newest, raw[0])
        if self._bends:
            newest += self.weights @ raw[1:]
            self._long[self._at - self.first : self._at] = raw[1 : 1 + self.first]
        self._look()
        fresh = self.spectra[: self.first + 1]
        np.add(fresh.real**2, fresh.imag**2, out=self.power[: self.first + 1])
        return factor

    def _slide(self) -> None:
        if self._at == self.first:
            new, size = 3 * self._rows, self._parts
            for array in (self._long, self._long_power):
                array[new : new + size] = array[self._at : self._at + size]
            self._raw[:, new : new + size] = self._raw[:, self._at : self._at + size]
            self._at = new
        self._at -= 1
        if self._end + HOP > self._waves.shape[1]:
            self._waves[:, : self._keep] = self._waves[:, self._end - self._keep : self._end]
            count = self._keep // HOP
            self._lags[:count] = self._lags[(self._end - self._keep) // HOP : self._end // HOP]
            self._end = self._keep

    def _look(self) -> None:
        rows = slice(self._at - self.first, self._at + self._parts)
        self.spectra, self.power = self._long[rows], self._long_power[rows]

    def recent(self, samples: int) -> np.ndarray:
        """Return copies of the last ``samples`` of the sound and its bends (1 + count, samples)."""
        return self._waves[:, self._end - samples : self._end].copy()

    def creep(self, hops: int, rate: float) -> np.ndarray:
        """Return by how much too little the last ``hops`` were delayed, samples: (hops + 1,).

        That is at the hops' borders, if the delay ought to have grown by ``rate`` samples per
        sample all the time, up to where it is now.
        """
        end = self._end // HOP
        lags = np.append(self._lags[end - hops : end], self._lags[end - 1] + rate * HOP)
        creep = lags[-1] - rate * HOP * np.arange(hops, -1, -1) - lags
        since = int(np.isfinite(creep).argmax())  # before it was silence, or nothing
        creep[:since] = creep[since]
        return creep

    def set_weights(self, weights: np.ndarray) -> None:
        """Bend the reference like this from now on, and what is remembered of it."""
        self.weights = np.clip(weights, -_MOST, _MOST).astype(np.float32)
        self._target[:] = 0  # was relative to the old weights
        self._square *= 0.5
        self._apply()

    def remember(self) -> None:
        """Keep a copy of the weights for ``recall``, and the copy before this one."""
        self._kept[1] = self._kept[0]
        self._kept[0] = self.weights

    def recall(self) -> None:
        """Take back the weights of the last but one ``remember``."""
        if len(self.weights):
            self.set_weights(self._kept[1])

    def set_drive(self, drive: float) -> None:
        """Multiply what is played by ``drive`` from now on, and what is remembered of it."""
        factor = np.float32(drive / self.drive)
        self.drive = drive
        for array in (self._waves, self._raw, self._frames):
            array[0] *= factor
            array[1:] *= factor * factor  # near enough for a tail: most bends are quadratic
        self._long[self._at - self.first : self._at + self._parts] *= factor
        if self._bends:
            self._apply()
        else:
            self.power *= factor * factor

    def _apply(self) -> None:
        rows = slice(self._at, self._at + self._parts)
        flat = np.ascontiguousarray(self._raw[1:, rows]).reshape(len(self.weights), -1)
        bent = self._raw[0, rows] + (self.weights @ flat.view(np.float32)).view(
            np.complex64
        ).reshape(self._parts, BINS)
        self._long[rows] = bent
        np.add(bent.real**2, bent.imag**2, out=self._long_power[rows])

    def learn(self, path: np.ndarray, error: np.ndarray, noise: np.ndarray, hop: int) -> None:
        """Move the weights by least squares on what one microphone's canceller left over.

        ``path`` complex64 (parts, BINS), ``error`` (BINS,) and ``noise`` (BINS,) its expected
        power; ``hop`` counts. The loudspeaker is the same for all microphones and rooms, so a
        handful of numbers suffices, and they outlive a change of the path.
        """
        if not len(self.weights) or hop % _LEARN_EVERY:
            return
        parts = min(_NEAR_PARTS, self._parts)
        rows = slice(self._at, self._at + parts)
        through = np.einsum("pf,kpf->kf", path[:parts], self._raw[1:, rows])
        waves = irfft(through)
        waves[:, :HOP] = 0
        through = rfft(waves)
        weighted = (through * (1 / noise)).conj()
        self._square *= _FORGET
        self._target *= _FORGET
        self._square += (weighted @ through.T).real
        self._target += (weighted @ error).real
        self._learnt += 1
        if hop % _APPLY_EVERY or self._learnt < _SETTLED:
            return
        square = self._square.copy()
        size = len(square)
        square[np.diag_indices(size)] *= 1.001
        square[np.diag_indices(size)] += 1e-4 * np.trace(square) / size + _PRIOR
        target = self._target - _PRIOR * self.weights
        wanted = self.weights + _STEP * np.linalg.solve(square, target)
        change = np.clip(wanted, -_MOST, _MOST) - self.weights
        self._target -= self._square @ change
        self.weights += change.astype(np.float32)
        self._apply()
