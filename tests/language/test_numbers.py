"""Numbers and ordinals, said and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language import text
from assistant.language.numbers import LARGEST, number_words, ordinal_words, read_number


@given(st.integers(0, LARGEST))
def test_numbers_are_read_as_they_are_said(n):
    words = number_words(n).split()
    assert read_number(words) == (n, len(words))
    assert text.words(str(n)) == tuple(words)


@given(st.integers(0, 999), st.sampled_from(("milk", "bottles", "and", "of")))
def test_a_number_ends_where_the_next_word_begins(n, following):
    words = number_words(n).split()
    assert read_number([*words, following]) == (n, len(words))


@pytest.mark.parametrize(
    ("said", "value"),
    [("a hundred", 100), ("two hundred and ten", 210), ("three thousand and five", 3005)],
)
def test_numbers_as_people_say_them(said, value):
    assert read_number(said.split()) == (value, len(said.split()))


def test_numbers_that_are_none():
    assert read_number(["milk"]) is None
    assert read_number([]) is None
    with pytest.raises(ValueError, match="outside"):
        number_words(-1)


@pytest.mark.parametrize(
    ("n", "said"),
    [(1, "first"), (2, "second"), (12, "twelfth"), (20, "twentieth"), (23, "twenty third")],
)
def test_ordinals(n, said):
    assert ordinal_words(n) == said
