from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.speech import segments
from assistant.speech.voice import WordTime

TEXTS = st.text(st.sampled_from("abc XY12.,;:!?–'\n "), max_size=80)


@given(TEXTS)
def test_no_word_is_lost_or_moved(text):
    joined = " ".join(segments.sentences(text))
    assert joined.split() == text.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Added milk. Anything else?", ["Added milk.", "Anything else?"]),
        ("Dr. Lee comes at 5 p.m. today. Good.", ["Dr. Lee comes at 5 p.m. today.", "Good."]),
        ("It costs 3.50 euros. Yes!", ["It costs 3.50 euros.", "Yes!"]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_stops(text, expected):
    assert segments.sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Your list has five things on it, and two of them are new. Shall I read it?",
         ["Your list has five things on it,", "and two of them are new.", "Shall I read it?"]),
        ("If you like, I can read the whole shopping list to you now.",
         ["If you like, I can read the whole shopping list to you now."]),
        ("I can read the whole shopping list to you now, Ana.",
         ["I can read the whole shopping list to you now, Ana."]),
        ("You have milk, eggs, bread, rice and olive oil on your list.",
         ["You have milk, eggs,", "bread, rice and olive oil on your list."]),
        ("It costs 1,000 euros and that is more than I thought it would.",
         ["It costs 1,000 euros and that is more than I thought it would."]),
        ("The oven is still on – shall I turn it off for you?",
         ["The oven is still on", "– shall I turn it off for you?"]),
        ("Added milk, eggs and bread.", ["Added milk, eggs and bread."]),
        ("", []),
    ],
)  # fmt: skip
def test_a_long_first_sentence_starts_with_its_first_clause(text, expected):
    assert segments.parts(text) == expected


@given(TEXTS)
def test_parts_keep_every_word(text):
    assert " ".join(segments.parts(text)).split() == text.split()


def test_it_resumes_at_the_clause_when_that_began_a_moment_ago_else_at_the_word():
    words = tuple(
        WordTime(text, i * 8000, (i + 1) * 8000)
        for i, text in enumerate(("You", "have", "milk,", "two", "big", "red", "apples"))
    )
    assert segments.resume_point(words, 3 * 8000 + 4000) == 3 * 8000
    assert segments.resume_point(words, 5 * 8000 + 7000) == 3 * 8000
    assert segments.resume_point(words, 6 * 8000 + 100) == 6 * 8000
    assert segments.resume_point(words, 2 * 8000) == 0
    assert segments.resume_point((), 500) == 0


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b,", "c."]), st.integers(1, 30_000)), max_size=12),
    st.integers(0, 200_000),
)
def test_the_resume_point_is_the_start_of_a_word_and_not_later_than_now(parts, sample):
    words, at = [], 0
    for text, length in parts:
        words.append(WordTime(text, at, at + length))
        at += length
    point = segments.resume_point(words, sample)
    assert 0 <= point <= sample
    assert point in {w.start for w in words} | {0}
