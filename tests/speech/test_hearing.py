"""When partial results are enough to stop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from assistant import messages as m
from assistant.audio.capture import CaptureRing
from assistant.audio.format import HOP, samples
from assistant.speech.hearing import BLOCK, PRE_ROLL, Hearing, could_be_said
from assistant.speech.recogniser import Transcript
from assistant.speech.stop import STEADY


class Scripted:
    """A recogniser whose streams hear what is written: one text for each block.

    ``chosen`` is what is heard with listeners' words to choose from; ``sure`` how sure free words
    are at last, and ``choice`` how sure that choice is.
    """

    name, clear, overconfident = "scripted", 0.9, True

    def __init__(
        self,
        freely: Sequence[str],
        spotted: Sequence[str],
        chosen: Sequence[str] = (),
        sure: float = 0.0,
        choice: float = 0.9,
    ) -> None:
        self._freely, self._spotted, self._chosen, self._sure = freely, spotted, chosen, sure
        self._choice = choice

    def open(self, phrases: Sequence[str] | None = None) -> _Script:
        if phrases is None:
            return _Script(self._freely, self._sure)
        if "mm hmm" in phrases:
            return _Script(self._chosen, self._choice)
        return _Script(self._spotted, 0.9)

    def lacks(self, words) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        """Nothing to release."""


class _Script:
    def __init__(self, texts: Sequence[str], sure: float) -> None:
        self._left, self._last, self._sure = list(texts), "", sure

    def feed(self, samples: np.ndarray) -> str:
        self._last = self._left.pop(0) if self._left else self._last
        return self._last

    def finish(self) -> Transcript:
        return Transcript(self._last, (), self._sure)

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


def stops_at_last(recogniser: Scripted, blocks: int = 5) -> bool:
    """Return whether an utterance of so many blocks turns out to be a stop phrase."""
    hearing = Hearing(m.Recognise(2, 0, over_speech=1), recogniser, ("stop", "quiet"))
    ring = CaptureRing(4.0)
    while ring.position < blocks * BLOCK:
        ring.write(np.zeros(HOP, np.float32))
    hearing.feed(ring, ring.position, all_of_it=True)
    hearing.finish(blocks * BLOCK)
    return hearing.stopped


def test_a_word_free_words_are_unsure_of_must_stand_out_from_what_listeners_say():
    """Somebody's "wow" was "quiet" with 0.49, and the phrases' spotter was sure of it."""
    for unsure in (["quiet"] * 5, ["[unk]"] * 5):
        assert stops_at_last(Scripted(unsure, ["quiet"] * 5, ["quiet"] * 5, 0.49))
        assert not stops_at_last(Scripted(unsure, ["quiet"] * 5, ["wow"] * 5, 0.49))
        assert not stops_at_last(Scripted(unsure, ["quiet"] * 5, ["quiet"] * 5, 0.49, 0.84))


def test_a_word_free_words_are_unsure_of_must_be_heard_at_other_paces_too():
    """Somebody's "wow" was "quiet" with 1.0 beside listeners' words."""

    class Hasty(Scripted):
        """Hears what is chosen once, and then something else."""

        opened = 0

        def open(self, phrases: Sequence[str] | None = None) -> _Script:
            self.opened += phrases is not None and "mm hmm" in phrases
            return _Script(["one"], 0.9) if self.opened > 1 else super().open(phrases)

    words = ["quieter"] * 5, ["quiet"] * 5, ["quiet"] * 5, 0.6, 1.0
    assert stops_at_last(Scripted(*words))
    assert not stops_at_last(Hasty(*words))


def test_what_free_words_made_of_it_is_among_the_choices():
    """Somebody's "right" was "light" with 0.45, and "quiet" with 1.0 while that was no choice."""

    class Choosy(Scripted):
        """Hears the word that free words had, where that may be chosen."""

        def open(self, phrases: Sequence[str] | None = None) -> _Script:
            offered = phrases is not None and "light" in phrases
            return _Script(["light"], 0.66) if offered else super().open(phrases)

    quiet = ["quiet"] * 5
    assert stops_at_last(Choosy(["[unk]"] * 5, quiet, quiet, 0.45, 1.0))
    assert not stops_at_last(Choosy(["light"] * 5, quiet, quiet, 0.45, 1.0))


def test_a_word_free_words_are_sure_of_must_be_heard_at_one_other_pace():
    """Somebody's "mm hmm" was surely "never mind", and at any other pace "mm hmm"."""
    quiet = ["quiet"] * 5
    assert stops_at_last(Scripted(quiet, quiet, quiet, 0.9, 0.7))
    assert not stops_at_last(Scripted(quiet, quiet, quiet, 0.9, 0.69))
    rash = Scripted(quiet, quiet, ["mm hmm"] * 5, 1.0, 1.0)
    assert not stops_at_last(rash)
    rash.overconfident = False
    assert stops_at_last(rash)


@pytest.mark.parametrize(("sure", "stopped"), [(0.73, False), (0.89, False), (0.9, True)])
def test_a_word_free_words_are_hardly_sure_of_must_be_heard_at_two_other_paces(sure, stopped):
    """Somebody's "wow" was "quiet" with 0.73, and once more when it was brighter."""

    class Once(Scripted):
        """Hears what is chosen only the third time."""

        opened = 0

        def open(self, phrases: Sequence[str] | None = None) -> _Script:
            self.opened += phrases is not None and "mm hmm" in phrases
            return _Script(["wow"], 1.0) if self.opened in (1, 2) else super().open(phrases)

    quiet = ["quiet"] * 5
    assert stops_at_last(Once(quiet, quiet, quiet, sure, 1.0)) == stopped
    assert stops_at_last(Scripted(quiet, quiet, quiet, sure, 1.0))


def test_a_command_takes_time_and_a_voice():
    """Four knocks over a reply were "repeat that", for sure."""
    length = PRE_ROLL + samples(0.6)
    assert could_be_said("repeat that", length)
    assert could_be_said("repeat that", length, samples(0.3))
    assert not could_be_said("repeat that", length, samples(0.06))
    assert not could_be_said("repeat that", PRE_ROLL + samples(0.2), samples(0.2))
