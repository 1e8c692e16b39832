"""What speaks for a wake word and what against it; the scenes are in test_ears.py."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.belief import (
    ALIKE,
    ALIKE_LATELY,
    CLOSELY,
    LASTING,
    LOUD_DB,
    LOUDLY,
    LOUDLY_SURE,
    OVER_HOPS,
    SPEECH,
    VOICE,
    WEAK_SPEECH,
    Word,
    is_echo,
    is_spoken,
)
from assistant.audio.wake import SURE

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
    above_db=st.floats(-40, 60),
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
    assert not is_spoken(loud) or loud.both >= SURE


@given(words.filter(lambda word: word.voice < VOICE and word.speech < WEAK_SPEECH))
def test_without_a_voice_one_view_alone_never_has_the_word(word):
    """Our own echo had 0.98 in one view, the hum after a knock 0.996, both without any voice."""
    assert word.second >= SURE or not believed(word)


@given(words.filter(lambda word: word.voice < LASTING))
def test_a_weak_score_needs_a_voice_that_goes_on(word):
    """Plates had 0.35 with a voice of 3.4."""
    assert word.score >= SURE or not believed(word)


def test_a_weak_score_with_a_voice_that_goes_on_is_believed():
    """Somebody's "mm" had 0.41 and a voice of 3.6, and words as weak one of 22.9."""
    mm = Word(0.41, 4e-5, False, 22, 0.76, 3.6, -0.1, False, True, 12.0)
    assert not believed(mm)
    assert believed(replace(mm, voice=22.9)) and believed(replace(mm, score=0.6))


@given(words, st.floats(-40, 60))
def test_without_more_of_a_voice_a_louder_sound_is_never_believed_more(word, above_db):
    assert believed(replace(word, above_db=max(word.above_db, above_db))) <= believed(word)


@given(words.filter(lambda word: word.voice < LOUDLY))
def test_far_louder_than_the_echo_the_word_leaves_its_whole_voice(word):
    """An "uh huh" had 0.55 with a voice of 11, a sneeze 0.96 and 0.94 in two views with none."""
    loud = replace(word, above_db=LOUD_DB)
    assert not believed(loud) or (loud.voice >= LOUDLY_SURE and loud.surely)


@given(words.filter(lambda word: word.score < SURE))
def test_no_weak_score_is_believed_where_no_echo_explains_it(word):
    """Somebody's "computer", 41 dB above the echo and with a voice of 39, had 0.42."""
    assert not believed(replace(word, above_db=max(word.above_db, LOUD_DB)))


@given(words.filter(lambda word: word.voice < VOICE))
def test_what_a_closer_look_is_not_sure_of_needs_a_voice(word):
    sure = word.score >= CLOSELY and word.both >= SURE
    assert sure or not believed(replace(word, closer=True))


def test_a_closer_look_of_one_stream_needs_a_voice_whatever_it_scores():
    """Somebody's "wow"."""
    wow = Word(0.945, 0.003, True, 9, 0.68, 1.64, -0.07, False, True, 13.9)
    assert not believed(wow)
    assert believed(replace(wow, voice=3.2)) and believed(replace(wow, second=0.5))


@given(words.filter(lambda word: word.over < OVER_HOPS and word.speech < SPEECH))
def test_what_rises_above_no_echo_and_has_no_voice_is_sure_and_no_echo(word):
    calm = word.alike < ALIKE_LATELY and not word.lately
    assert (word.surely and calm) or not believed(word)


def test_a_word_that_two_views_have_surely_may_be_buried_in_the_echo():
    """Somebody 30 dB below the echo had 0.98 and 0.95 without a voice; nothing else told of her."""
    buried = Word(0.98, 0.95, False, 0, 0.01, 0.2, 0.5, False, True, 2.0)
    assert believed(buried)
    assert not believed(replace(buried, alike=0.6)) and not believed(replace(buried, lately=True))
