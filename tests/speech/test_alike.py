"""Short commands that are heard at one pace only."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.format import SAMPLE_RATE
from assistant.speech.alike import is_heard_again, is_heard_alike
from assistant.speech.recogniser import Transcript

T = np.arange(8000) / SAMPLE_RATE
SOUND = sum(np.sin(2 * np.pi * f * T) for f in (500, 6000)).astype(np.float32)


class Paces:
    """A recogniser whose streams hear, one after another, what is written."""

    name, clear, overconfident = "paces", 0.9, True

    def __init__(self, *heard: tuple[str, float]) -> None:
        self._heard, self.fed, self.open_streams = list(heard), [], 0

    def open(self, phrases=None) -> Paces:
        self.open_streams += 1
        return self

    def feed(self, samples: np.ndarray) -> str:
        self.fed.append(samples)
        return ""

    def finish(self) -> Transcript:
        text, sure = self._heard.pop(0)
        return Transcript(text, (), sure)

    def close(self) -> None:
        self.open_streams -= 1


@pytest.mark.parametrize(
    ("text", "heard", "alike"),
    [
        ("again", [("again", 1.0), ("again", 1.0), ("okay", 1.0)], True),
        ("again", [("again", 0.8), ("again", 0.8), ("okay", 1.0)], False),
        ("again", [("again", 1.0), ("mm", 0.5), ("okay", 1.0)], False),
        ("add milk", [("add milk", 1.0), ("add milk", 1.0), ("how are milk", 1.0)], True),
        ("undo that", [("", 0.0), ("undo that", 0.91), ("undo that", 1.0)], False),  # three knocks
        ("add am", [("add am", 1.0), ("add mint", 0.5), ("mm", 1.0)], False),
        ("add an egg", [("add an egg", 1.0), ("add eggs", 0.5), ("an egg", 1.0)], True),
        ("add apples", [("mhm", 1.0), ("add seven", 0.5), ("add item", 0.4)], False),
        ("what time is it", [], True),
    ],
)
def test_a_short_command_needs_other_paces_to_hear_it_too(text, heard, alike):
    recogniser = Paces(*heard)
    assert is_heard_alike(recogniser, SOUND, text) == alike
    assert recogniser.open_streams == 0


def test_the_paces_are_slower_faster_and_brighter():
    recogniser = Paces(*[("again", 1.0)] * 3)
    assert is_heard_alike(recogniser, SOUND, "again")
    slower, faster, brighter = recogniser.fed
    assert all(x.dtype == np.float32 for x in recogniser.fed)
    assert slower.size > SOUND.size == brighter.size > faster.size
    spectra = [np.abs(np.fft.rfft(x, SAMPLE_RATE)) for x in recogniser.fed]
    low, high = slice(300, 700), slice(5000, 7500)  # bins of 1 Hz
    assert [300 + int(np.argmax(s[low])) for s in spectra] == [440, 560, 500]
    assert spectra[2][high].max() > 2 * spectra[2][low].max()


@pytest.mark.parametrize("size", [0, 1])
def test_hardly_any_sound_is_no_error(size):
    recogniser = Paces(*[("", 0.0)] * 3)
    assert not is_heard_alike(recogniser, SOUND[:size], "again")


@pytest.mark.parametrize(("slower", "alike"), [(0.82, False), (1.0, False), (None, True)])
def test_a_stop_phrase_that_free_words_were_unsure_of_needs_more(slower, alike):
    """A "right" was "quiet" with 0.82, 0 and 1, a "wow" with 1, 0 and 1."""
    heard = [("quiet", slower or 1.0), ("right" if slower else "quiet", 1.0), ("quiet", 1.0)]
    recogniser = Paces(*heard)
    assert is_heard_alike(recogniser, SOUND, "quiet", ("quiet", "right")) == alike


@pytest.mark.parametrize(
    ("sure", "heard", "decoded", "again"),
    [
        (0.9, [("stop", 0.7)], 1, True),
        (0.9, [("", 0.0), ("stop", 0.83)], 2, True),
        (0.9, [("mm hmm", 1.0), ("stop", 0.69), ("never mind", 1.0)], 3, False),
        (0.89, [("stop", 0.7), ("stop", 0.7)], 2, True),
        (0.89, [("stop", 0.7), ("mm hmm", 1.0), ("stop", 0.83)], 3, True),
        (0.89, [("wow", 1.0), ("wow", 1.0), ("stop", 1.0)], 3, False),
    ],
)
def test_a_sure_stop_phrase_needs_some_other_paces_and_no_more_decoding(
    sure, heard, decoded, again
):
    recogniser, phrases = Paces(*heard), ("stop", "mm hmm", "never mind", "wow")
    assert is_heard_again(recogniser, SOUND, "stop", phrases, sure) == again
    assert len(recogniser.fed) == decoded and recogniser.open_streams == 0
