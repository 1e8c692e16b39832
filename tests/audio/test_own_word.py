"""The wake word in what the loudspeaker plays."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.ears import Ears
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.own_word import ECHO, OwnWord
from assistant.room.people import speak
from assistant.settings import Settings, with_overrides
from tests.audio.sounds import hops

SILENCE = np.zeros(HOP, np.float32)
VETO = ECHO + SAMPLE_RATE // 10


@pytest.fixture(scope="module")
def word() -> np.ndarray:
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(SAMPLE_RATE // 2)
    name = 0.3 * speak("en-us+f3", "hey jarvis")
    return np.concatenate((quiet, name, quiet[: SAMPLE_RATE // 5])).astype("f4")


def quiet(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    return (1e-4 * rng.standard_normal(int(seconds * SAMPLE_RATE))).astype("f4")


def test_it_knows_the_word_it_played_and_forgets_it(word):
    own, at = OwnWord("hey_jarvis"), 0
    for hop in hops(word):
        at += HOP
        own.hear(at, hop, playing=True)
    assert own.said(at) and not own.said(at + VETO)


def test_it_does_not_listen_while_nothing_plays(word):
    own = OwnWord("hey_jarvis")
    for n, hop in enumerate(hops(word), start=1):
        own.hear(n * HOP, hop, playing=False)
    assert not own.said((len(word) // HOP) * HOP)


def test_its_own_name_does_not_wake_it_and_a_person_shortly_after_does(word):
    """Without any cancelling the microphone hears it as clearly as the person."""
    ears = Ears(1, with_overrides(Settings(), {"echo.enabled": False}))
    late = 640
    heard = np.concatenate((np.zeros(late, "f4"), word, quiet(1.5), word, quiet(0.5)))
    played = np.zeros_like(heard)
    played[: word.size] = word
    pairs = zip(hops(heard), hops(played), strict=True)
    hits = [now.at for mic, ref in pairs if (now := ears.hear(mic[None], ref, True)).hit]
    assert len(hits) == 1 and hits[0] > word.size + SAMPLE_RATE
