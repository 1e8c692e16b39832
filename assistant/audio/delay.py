"""Aligns the reference with its echo: bulk delay, jumps of it, and clock drift."""

from __future__ import annotations

import math

import numpy as np

from assistant.audio.delay_search import DelaySearch
from assistant.audio.drift import DriftTracker
from assistant.audio.format import HOP
from assistant.audio.resample import Interpolator

MARGIN = 64  # samples the reference comes before the strongest sound: keeps the filter causal
_EVERY, _EVERY_HASTE = 8, 4  # hops between two looks at the correlation
_AGREE, _AGREE_HASTE = 4, 3  # looks in a row that must agree; twice as many to overrule
_CREPT = MARGIN // 2  # samples the echo may be elsewhere before the reference is moved
_JUMPED = 2  # the same when the canceller has just failed
_HASTE = 125  # hops with sound that a search in haste lasts: 2 s
_QUICK, _SLOW = 0.2, 0.01  # weights of a new hop in the canceller's success
_WORKED, _FAILED = 0.35, 0.85  # output over microphone, power
_WELL = 0.1  # ... while the delay cannot be far off, whatever the search finds
_FAILURES = 6  # hops of it in a row that start a search in haste
_REMEMBER = 32  # hops of success between two copies of the echo path
_PATIENCE = 30  # hops the canceller gets after a move until it can fail again
_LEAST = 20  # hops that must have been heard before anything is concluded
_DROWNED = 0.15  # expected echo over microphone, power: below it somebody is far louder
_ALIKE = 0.3  # how much an echo found in haste must resemble the one from before
_AUDIBLE = 1e-7


class DelayAligner:
    """Delays the reference until it comes just before its echo; audio thread only.

    ``max_delay`` samples is the longest bulk delay that is looked for (8000 is 500 ms). With
    ``fixed`` the reference is delayed by exactly that and nothing is searched or followed.
    ``start`` is the delay until the first search ends, where one was measured before.
    ``history`` hops of the past can be had anew after the delay has changed (``past``).
    ``bends`` rows, the distorted versions of the reference, are delayed with it.

    The delay is searched among all lags (``DelaySearch``) every 128 ms of playback. When the
    canceller, told by ``judge``, fails from one moment to the next, the delay may have jumped:
    the search starts afresh and decides within half a second. The echo is then recognised by its
    shape, so the reference lands on the sample where the canceller's filter expects it.
    Clock drift (``DriftTracker``) is taken out by reading the reference at moving instants. So are
    its bends: a loudspeaker bends what it is given, and what that adds folds back at half the
    sample rate, in other places if the bends were computed of what is read between the samples.

    ``delay`` is what is applied, in whole samples; ``changed`` tells that this hop is the first
    with a new delay, and then ``shifted`` by how many samples the echo is now earlier in the
    aligned reference, as ``EchoCanceller.shift`` takes it; ``jumped`` that the echo path itself
    is the one from before the jump. ``found`` tells that the echo was ever located, ``jumps``
    counts, ``lag`` is by how many samples this hop was delayed at its start, ``drift_ppm`` is the
    drift (positive: the playback clock is faster). ``bends`` float32 (bends, HOP) are renewed
    with every hop.
    """

    def __init__(
        self,
        max_delay: int = 8192,
        fixed: int | None = None,
        *,
        start: int = 0,
        history: int = 0,
        bends: int = 0,
    ) -> None:
        self._fixed = fixed
        self._longest = max(max_delay, fixed or 0)
        self._keep = self._end = self._longest + (2 + history) * HOP
        self._ring = np.zeros((1 + bends, self._keep + 64 * HOP), np.float32)
        self._history = history
        self._search = DelaySearch(max_delay)
        self._drift = DriftTracker()
        self._between = Interpolator()
        self._all = np.zeros((1 + bends, HOP), np.float32)
        self._out, self.bends = self._all[0], self._all[1:]
        self._fraction = 0.0
        self._offset = MARGIN  # from the delay applied to the place of the echo
        self._haste = self._failing = self._worth = 0
        self._quick = self._slow = (1.0, 1.0, 1.0)  # energies: output, microphone, echo
        self._echo = np.zeros(HOP, np.float32)
        self.delay = min(start, max_delay) if fixed is None else fixed
        self.found = fixed is not None
        self.changed = self.jumped = False
        self.shifted = self.jumps = 0
        self.lag = float(self.delay)

    @property
    def drift_ppm(self) -> float:
        """How much faster the playback clock is than the capture clock, parts per million."""
        return self._drift.ppm

    @property
    def rate(self) -> float:
        """Samples by which the delay is made to grow per sample; 0.0 while there is no drift."""
        return self._drift.rate

    def process(
        self, reference: np.ndarray, mic: np.ndarray, bends: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the aligned reference (float32 (HOP,), an own buffer valid until the next call).

        ``reference`` is what was handed to the device with this hop and ``mic`` one microphone's
        hop, both float32 (HOP,); ``bends`` (bends, HOP) are the former's distorted versions.
        """
        self.changed, self.jumped, self.shifted = False, False, 0
        self._store(reference, bends)
        if self._fixed is None and self._search.listen(reference, mic):
            self._haste = max(0, self._haste - 1)
            if self._search.hops % (_EVERY_HASTE if self._haste else _EVERY) == 0:
                self._search.look()
                self._decide()
        lag = self._read()
        if self.found and self._fixed is None:
            self._drift.update(self._out, mic, lag)
        return self._out

    def hurry(self) -> None:
        """Look anew, and decide soon: the delay may have jumped. Costs nothing where it has not."""
        if self.found and self._fixed is None:
            self._haste = _HASTE
            self._search.restart()

    def past(self) -> np.ndarray:
        """Return the aligned reference and its bends before this hop as they would be now.

        float32 (history, 1 + bends, HOP), all of it ``int(lag)`` samples late.
        """
        stop = self._end - HOP - int(self.lag)
        past = self._ring[:, stop - self._history * HOP : stop]
        return past.reshape(len(past), -1, HOP).swapaxes(0, 1)

    def _store(self, reference: np.ndarray, bends: np.ndarray | None) -> None:
        ring = self._ring
        if self._end + HOP > ring.shape[1]:
            ring[:, : self._keep] = ring[:, self._end - self._keep : self._end]
            self._end = self._keep
        ring[0, self._end : self._end + HOP] = reference
        if bends is not None:
            ring[1:, self._end : self._end + HOP] = bends
        self._end += HOP

    def _read(self) -> float:
        """Fill the output; return the lag in its middle."""
        rate = self._drift.rate
        start = self._end - HOP - self.delay
        if not (rate or self._fraction) or self.delay < Interpolator.AHEAD:
            np.copyto(self._all, self._ring[:, start : start + HOP])
            self.lag = float(self.delay)
            return self.lag
        self.lag = lag = self.delay + self._fraction
        self._between.read(self._ring, start, self._fraction, rate, self._all)
        after = min(lag + rate * HOP, float(self._longest))
        self.delay = int(after)
        self._fraction = after - self.delay
        return lag + rate * HOP / 2

    def _decide(self) -> None:
        """Act on the search once enough looks agree."""
        search = self._search
        need = _AGREE_HASTE if self._haste else 2 * _AGREE if self.found else _AGREE
        if search.agreed < need or search.hops < _LEAST:
            return
        if not self.found:
            self._find(search.place)
            return
        expected = self.delay + self._offset
        place, alike = search.matched()
        grown = place - expected
        works = self._quick[0] < _WELL * self._quick[1]
        if abs(grown) > _CREPT and works and not self._haste:
            return  # music that repeats itself resembles its own echo at many lags
        if abs(grown) > (_JUMPED if self._haste else _CREPT):
            if alike > _ALIKE or not self._haste:
                self._move(grown)
        elif self._haste:
            self._haste, self._failing = 0, -_PATIENCE
        elif abs(grown) <= _JUMPED:
            search.remember(expected)

    def _find(self, place: int) -> None:
        self.found = True
        before = self.delay
        if not (before and 0 < place - before < 2 * MARGIN):  # as it was measured: leave it
            self.delay = max(0, place - MARGIN)
        self._offset = place - self.delay
        self.shifted = self.delay - before
        self.changed = self.shifted != 0
        self._search.remember(place)
        self._drift.reset()

    def _move(self, grown: int) -> None:
        """The echo is ``grown`` samples later than expected: it jumped, or crept there unseen."""
        before = self.delay
        self.delay = min(max(0, before + grown), self._longest)
        reached = self.delay - before
        self.jumped = self._haste > 0 or abs(grown) > 2 * MARGIN
        self._offset += grown - reached
        self.shifted = reached - grown if self.jumped else reached
        self.changed = True
        self.jumps += self.jumped
        self._drift.moved(grown if self.jumped else 0)
        self._haste, self._failing = 0, -_PATIENCE

    def judge(self, mic: np.ndarray, cleaned: np.ndarray) -> bool:
        """Say what the canceller made of a hop of one microphone; both float32 (HOP,).

        An output suddenly as loud as the microphone starts a search in haste, unless far more
        is heard than the echo expected. A person who talks as loudly as the echo may start one
        too: that costs nothing, the delay is confirmed.
        Returns True now and then while all is well: the echo path is worth remembering.
        """
        if self._fixed is not None or not self.found or not np.dot(self._out, self._out) > _AUDIBLE:
            return False
        echo = np.subtract(mic, cleaned, out=self._echo)
        energies = tuple(float(np.dot(x, x)) for x in (cleaned, mic, echo))
        if not math.isfinite(sum(energies)):
            return False
        self._quick = _smoothed(self._quick, energies, _QUICK)
        left, heard, expected = self._quick
        if left > _FAILED * heard and expected > _DROWNED * heard:
            self._failing += 1
            works = self._slow[0] < _WORKED * self._slow[1]
            if works and self._failing >= _FAILURES and not self._haste:
                self._haste = _HASTE
                self._search.restart()
            return False
        self._failing = min(0, self._failing + 1)
        self._slow = _smoothed(self._slow, energies, _SLOW)
        well = not self._haste and left < _WORKED * heard
        self._worth += well
        return well and self._worth % _REMEMBER == 0


def _smoothed(before: tuple[float, ...], now: tuple[float, ...], weight: float) -> tuple:
    return tuple(b + weight * (n - b) for b, n in zip(before, now, strict=True))
