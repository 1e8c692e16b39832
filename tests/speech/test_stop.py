from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.speech.recogniser import Transcript
from assistant.speech.stop import STEADY, SURE, VAGUE, is_stop, speaks_for

PHRASES = ("stop", "stop it")


def test_a_sure_phrase_stops_and_anything_more_does_not():
    assert is_stop(Transcript("stop it", (), SURE), PHRASES)
    assert not is_stop(Transcript("stop it", (), SURE - 0.01), PHRASES)
    assert not is_stop(Transcript("stop it [unk]", (), 1.0), PHRASES)
    assert not is_stop(Transcript("do not stop", (), 1.0), PHRASES)
    assert not is_stop(Transcript(), PHRASES)


@given(st.lists(st.sampled_from(["", "stop", "stop it", "milk"]), max_size=20))
def test_partials_stop_only_when_they_settled_on_a_phrase(partials):
    settled = len(partials) >= STEADY and len(set(partials[-STEADY:])) == 1
    assert is_stop(partials, PHRASES) == (settled and partials[-1] in PHRASES)


def test_an_uncertain_noise_leaves_a_stop_possible_but_an_uncertain_backchannel_does_not():
    """Somebody's "right" was "alright" with 0.54, and the spotter was sure of "quiet"."""
    unsure = VAGUE - 0.01
    assert speaks_for(Transcript("stop", (), 0.1), "stop", PHRASES)
    assert speaks_for(Transcript("shop", (), unsure), "stop", PHRASES)
    assert not speaks_for(Transcript("shop", (), VAGUE), "stop", PHRASES)
    assert not speaks_for(Transcript("shop", (), unsure), "never mind", PHRASES)
    assert not speaks_for(Transcript(), "stop", PHRASES)
    assert not speaks_for(Transcript("[unk]", (), 0.0), "enough", (*PHRASES, "enough"))
    for said in ("alright", "mm hmm", "oh"):
        assert not speaks_for(Transcript(said, (), unsure), "stop", PHRASES)
