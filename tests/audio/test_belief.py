"""What speaks for a wake word and what against it; the scenes are in test_ears.py."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.belief import ALIKE, VOICE, Word, is_echo, is_spoken

share = st.floats(0, 1)
words = st.builds(
    Word,
    score=share,
    second=share,
    closer=st.booleans(),
    over=st.integers(0, 62),
    speech=share,
    voice=st.floats(0, 62),
    alike=st.floats(-1, 1),
    lately=st.booleans(),
    audible=st.booleans(),
)


def believed(word: Word) -> bool:
    return is_spoken(word) and not is_echo(word)


@given(words, share, share)
def test_a_clearer_word_is_never_believed_less(word, score, second):
    clearer = replace(word, score=max(word.score, score), second=max(word.second, second))
    assert believed(clearer) >= believed(word)


@given(words, share, st.floats(0, 62))
def test_more_of_a_voice_is_never_believed_less(word, speech, voice):
    clearer = replace(word, speech=max(word.speech, speech), voice=max(word.voice, voice))
    assert believed(clearer) >= believed(word)


@given(words, st.floats(-1, 1))
def test_more_of_the_echos_rhythm_is_never_believed_more(word, alike):
    assert believed(replace(word, alike=max(word.alike, alike))) <= believed(word)


@given(words)
def test_a_new_path_a_closer_look_and_a_hiss_are_never_believed_more(word):
    for doubtful in ({"lately": True}, {"closer": True}, {"audible": False}):
        calm = {name: not value for name, value in doubtful.items()}
        if word.alike < ALIKE:
            assert believed(replace(word, **doubtful)) <= believed(replace(word, **calm))


@given(words.filter(lambda word: word.voice < VOICE))
def test_what_is_clearly_louder_than_the_echo_needs_a_voice_or_two_views(word):
    loud = replace(word, over=62)
    assert not is_spoken(loud) or loud.both >= 0.9 or loud.certain


def test_a_weak_score_that_no_other_view_shares_needs_a_voice_that_goes_on():
    mm = Word(
        score=0.41, second=4e-5, closer=False, over=22, speech=0.76, voice=3.6, alike=-0.1,
        lately=False, audible=True,
    )  # fmt: skip
    assert not believed(mm)
    assert believed(replace(mm, voice=22.9))
    assert believed(replace(mm, second=0.02))
    assert believed(replace(mm, score=0.6))
