"""When partial results are enough to stop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assistant import messages as m
from assistant.audio.capture import CaptureRing
from assistant.audio.format import HOP
from assistant.speech.hearing import BLOCK, Hearing
from assistant.speech.recogniser import Transcript
from assistant.speech.stop import STEADY


class Scripted:
    """A recogniser whose streams hear what is written: one text for each block."""

    name = "scripted"

    def __init__(self, freely: Sequence[str], spotted: Sequence[str]) -> None:
        self._freely, self._spotted = freely, spotted

    def open(self, phrases: Sequence[str] | None = None) -> _Script:
        return _Script(self._freely if phrases is None else self._spotted)

    def lacks(self, words) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        """Nothing to release."""


class _Script:
    def __init__(self, texts: Sequence[str]) -> None:
        self._left, self._last = list(texts), ""

    def feed(self, samples: np.ndarray) -> str:
        self._last = self._left.pop(0) if self._left else self._last
        return self._last

    def finish(self) -> Transcript:
        return Transcript(self._last, (), 0.0)

    def close(self) -> None:
        """Nothing to release."""


def stops_after(freely: Sequence[str], spotted: Sequence[str]) -> int | None:
    """Return after how many blocks it was a stop, or None."""
    command = m.Recognise(2, 0, over_speech=1)
    hearing = Hearing(command, Scripted(freely, spotted), ("stop", "never mind"))
    ring = CaptureRing(4.0)
    for number in range(1, len(freely) + 1):
        while ring.position < number * BLOCK:
            ring.write(np.zeros(HOP, np.float32))
        hearing.feed(ring, number * BLOCK)
        if hearing.stopped:
            return number
    return None


def test_a_phrase_that_both_streams_hear_for_long_enough_stops():
    assert stops_after(["never mind"] * 9, ["never mind"] * 9) == STEADY


def test_a_sound_that_only_at_last_resembles_the_phrase_does_not_stop():
    """Whoever only says "mm hmm" is taken for many things, the phrases' spotter knows just one."""
    freely = ["help"] * STEADY + ["never mind"] * (STEADY - 1)
    assert stops_after(freely, ["never mind"] * len(freely)) is None
