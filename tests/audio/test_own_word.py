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
VETO = ECHO * HOP / SAMPLE_RATE + 0.6  # s: a word goes on scoring until it has left the window


@pytest.fixture(scope="module")
def word() -> np.ndarray:
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(SAMPLE_RATE // 2)
    name = 0.3 * speak("en-us+f3", "hey jarvis")
    return np.concatenate((quiet, name, quiet[: SAMPLE_RATE // 5])).astype("f4")


def quiet(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    return (1e-4 * rng.standard_normal(int(seconds * SAMPLE_RATE))).astype("f4")


def played(own: OwnWord, sound: np.ndarray, follow=lambda hop: False) -> list[int]:
    """Return the hops after which it has said the word, as far as it was asked."""
    said = []
    for n, hop in enumerate(hops(sound), start=1):
        own.hear(hop)
        if follow(n):
            own.follow()
            said += [n] if own.said() else []
    return said


def test_it_knows_the_word_it_played_and_forgets_it(word):
    own = OwnWord("hey_jarvis")
    sound = np.concatenate((word, quiet(VETO)))
    spoken = len(word) // HOP
    assert spoken in played(own, sound, lambda n: n == spoken)
    assert not own.said()


def test_asked_late_it_knows_what_it_would_have_known_by_following(word):
    sound = np.concatenate((quiet(5.0), word, quiet(0.1)))
    following, late = OwnWord("hey_jarvis"), OwnWord("hey_jarvis")
    at = played(following, sound, lambda n: True)
    assert at and late.said() is False
    for n, hop in enumerate(hops(sound), start=1):
        late.hear(hop)
        if n == at[0] + 4:  # a score comes every fifth hop
            assert late.said()


def test_the_microphones_rising_score_has_it_followed(word):
    """So the hop in which it is asked costs no more than the others."""
    ears = Ears(1, with_overrides(Settings(), {"echo.enabled": False}))
    looked = []
    look = ears._own._look
    ears._own._look = lambda hops: looked.append(hops) or look(hops)
    for hop in hops(np.concatenate((quiet(1.0), word))):
        ears.hear(hop[None], SILENCE, True)
    assert 10 < len(looked) < 60


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
