"""The normal form of an utterance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language import text


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("What's on my list?", "what is on my list"),
        ("whats on my list", "what is on my list"),
        ("I\u2019m out of milk", "i am out of milk"),
        ("set volume to 30%", "set volume to thirty percent"),
        ("25", "twenty five"),
        ("salt & pepper", "salt and pepper"),
        ("to-do list", "to do list"),
        ("two Litres", "two liters"),
        ("o'clock", "o'clock"),
        ("[unk] stop", "[unk] stop"),
    ],
)
def test_one_normal_form(typed, heard):
    assert text.words(typed) == tuple(heard.split())


@given(st.text(max_size=60))
def test_any_text_has_a_normal_form_that_stays(said):
    words = text.words(said)
    assert text.words(" ".join(words)) == words
    assert all(core for core in text.cores(words))
