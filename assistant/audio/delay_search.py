"""Looks for the echo among all lags: where in the last half second was this sound played?"""

from __future__ import annotations

import numpy as np

from assistant.audio.fft import irfft, rfft
from assistant.audio.format import HOP

_FFT, _BINS = 2 * HOP, HOP + 1
_NEAR = 12  # samples that still count as the same place
_SHARP = 7.0  # how many times the peak must stand above the correlation's RMS
_ALONE = 1.25  # ... and above whatever peaks more than a hop away from it
_MEMORY = 0.012  # weight of a new hop: about 1.3 s
_SILENT = 1e-8
_BEFORE, _AFTER = 48, 208  # the part around the peak by which an echo is known again
_ROOM = 4  # times the lags, until what is kept is moved back
_SLIDE = 48  # samples by which a new peak may be another reflection than the old one


class DelaySearch:
    """Keeps a cross-spectrum of microphone and reference for every hop of lag; audio thread only.

    It is weighted by the smoothed spectra of both (the smoothed coherence transform, Carter,
    Nuttall & Cable 1973), so loud bins do not hide sharp peaks. A person who talks meanwhile is
    not coherent with the reference and averages out.

    ``place`` is the strongest lag in samples, ``agreed`` how many looks in a row have found it
    there (0 while nothing stands out).
    """

    def __init__(self, longest: int) -> None:
        self._lags = lags = longest // HOP + 2
        self._limit = longest
        self._spectra = np.zeros((_ROOM * lags, _BINS), np.complex64)  # conjugate; filled downwards
        self._at = (_ROOM - 1) * lags  # the rows behind it are silence
        self._cross = np.zeros((lags, _BINS), np.complex64)
        self._cross_parts = self._cross.view(np.float32)  # a number scales these twice as fast
        self._work = np.zeros((lags, _BINS), np.complex64)
        self._frame = np.zeros((2, _FFT), np.float32)  # reference, microphone
        self._power = np.full((2, _BINS), 1e-9, np.float32)
        self._padded = np.zeros(lags * HOP + 2 * (_SLIDE + _AFTER), np.float32)
        self._shape = np.zeros(_BEFORE + _AFTER, np.float32)
        self._quiet = 0
        self.restart()

    def restart(self) -> None:
        """Forget what was heard so far, not what the echo looks like: the delay has jumped."""
        self._cross[:] = 0
        self.hops = self.agreed = 0
        self.place = -1

    def listen(self, reference: np.ndarray, mic: np.ndarray) -> bool:
        """Take a hop of each, float32 (HOP,); return whether there was something to hear."""
        frame = self._frame
        frame[0, :HOP] = frame[0, HOP:]
        frame[0, HOP:] = reference
        frame[1, HOP:] = mic
        self._quiet = 0 if float(np.dot(reference, reference)) > _SILENT * HOP else self._quiet + 1
        if self._quiet > self._lags:
            return False
        both = rfft(frame)
        if not np.isfinite(both[:, 1]).all():
            frame[:] = 0
            return False
        self.hops += 1
        weight = np.float32(max(_MEMORY, 1 / self.hops))
        np.multiply(self._push(both[0]), weight * both[1], out=self._work)
        self._cross_parts *= 1 - weight
        self._cross += self._work
        self._power += weight * (both.real**2 + both.imag**2 - self._power)
        return True

    def _push(self, spectrum: np.ndarray) -> np.ndarray:
        """Put a hop of reference in front; return the conjugates by lag, (lags, BINS), a view."""
        kept, size = self._spectra, self._lags - 1
        if self._at == 0:
            kept[-size:] = kept[:size]
            self._at = len(kept) - size
        self._at -= 1
        np.conjugate(spectrum, out=kept[self._at])
        return kept[self._at : self._at + self._lags]

    def look(self) -> None:
        """Find the strongest lag and compare it with the looks before."""
        weight = 1 / (np.sqrt(self._power[0] * self._power[1]) + 1e-9)
        weight[:4] = 0  # hum and handling noise below 125 Hz
        np.multiply(self._cross, weight, out=self._work)
        lags = irfft(self._work)[:, :HOP].ravel()
        self._padded[_SLIDE + _AFTER : -_SLIDE - _AFTER] = lags
        np.abs(lags, out=lags)
        peak = int(lags.argmax())
        height = float(lags[peak])
        sharp = height > _SHARP * float(np.sqrt(np.mean(lags * lags)))
        lags[max(0, peak - HOP) : peak + HOP] = 0
        if not sharp or height < _ALONE * float(lags.max()) or peak > self._limit:
            self.agreed = 0
            return
        self.agreed = self.agreed + 1 if abs(peak - self.place) <= _NEAR else 1
        self.place = peak

    def remember(self, place: int) -> None:
        """Keep what the echo at ``place`` looks like, by which it will be known again."""
        self._shape[:] = self._around(place - _BEFORE, _BEFORE + _AFTER)

    def matched(self) -> tuple[int, float]:
        """Return where the remembered echo is now, samples, and how alike it looks (to 1).

        That is ``place``, freed of its ambiguity: after a jump another reflection than before
        may be the strongest.
        """
        first, size = self.place - _BEFORE - _SLIDE, _BEFORE + _AFTER
        around = self._around(first, size + 2 * _SLIDE)
        likeness = np.correlate(around, self._shape, "valid")
        best = int(likeness.argmax())
        power = np.dot(self._shape, self._shape) * np.sum(around[best : best + size] ** 2)
        return first + _BEFORE + best, float(likeness[best] / np.sqrt(power + 1e-12))

    def _around(self, first: int, size: int) -> np.ndarray:
        start = first + _SLIDE + _AFTER
        return self._padded[start : start + size]
