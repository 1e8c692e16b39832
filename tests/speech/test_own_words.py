from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import BadInput
from assistant.speech.own_words import OwnWords, distance, read_words
from assistant.speech.recogniser import HeardWord

PHONES = st.lists(st.sampled_from(["AA", "AH", "T", "D", "S", "M"]), max_size=8)


def heard(text: str) -> list[HeardWord]:
    return [HeardWord(w, 100 * i, 100 * i + 90, 0.9) for i, w in enumerate(text.split())]


def texts(words) -> str:
    return " ".join(w.text for w in words)


def test_what_sounds_like_an_own_word_becomes_it():
    own = OwnWords(["Nutella"], kept={"add", "to", "the", "list", "shopping", "milk"})
    found = own.restore(heard("add nut tell a to the list"))
    assert texts(found) == "add nutella to the list"
    assert (found[1].start, found[1].end) == (100, 390)


def test_the_skills_own_words_are_never_replaced():
    own = OwnWords(["Milka"], kept={"add", "milk", "to", "the", "list"})
    assert texts(own.restore(heard("add milk to the list"))) == "add milk to the list"


def test_without_own_words_nothing_changes():
    assert texts(OwnWords([]).restore(heard("new tell a"))) == "new tell a"


@given(PHONES, PHONES)
def test_the_distance_is_symmetric_and_zero_only_for_the_same(a, b):
    assert distance(a, b) == pytest.approx(distance(b, a))
    assert (distance(a, b) == 0) == (a == b)
    assert 0 <= distance(a, b) <= 1


def test_a_file_of_words_may_have_comments(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("Nutella  # for breakfast\n\n# names\nAunt  Mary\n", encoding="utf-8")
    assert read_words(path) == ("nutella", "aunt mary")
    assert read_words(tmp_path / "none.txt") == ()
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="words.txt"):
        read_words(path)
