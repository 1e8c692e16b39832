"""Which words may wake it, and what is made to sound like them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from assistant.errors import BadInput
from assistant.teach import dictionary, phrase
from assistant.teach.phrase import parse
from assistant.teach.sentences import REPLIES, refuse_everyday, sentence


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("stop", "too short"),
        ("bob", "too short"),
        ("hey you", "too short"),
        ("good morning everybody", "said all day"),
        ("my extraordinarily intelligent loudspeaker", "too long"),
        ("computer", r"people say anyway \(one in 5,100 .*hey computer"),
        ("Television", "people say anyway"),
        ("", "one to four words"),
        ("computer 3000", "one to four words"),
        ("please turn the oven off now", "one to four words"),
    ],
)
def test_a_bad_wake_word_is_refused_with_what_to_choose(text, problem):
    with pytest.raises(BadInput, match=problem) as refused:
        parse(text)
    assert "hey pumpkin" in str(refused.value)


@pytest.mark.parametrize("text", ["hello computer", "watermelon", "buttercup", "blenkinsop"])
def test_a_seldom_word_and_a_word_with_another_are_taken(text):
    assert parse(text).text == text.lower()


def test_what_is_said_anyway_is_refused():
    with pytest.raises(BadInput, match="said anyway"):
        refuse_everyday("shopping list")
    refuse_everyday("hey pumpkin")


@pytest.mark.parametrize(
    ("text", "syllables"),
    [("Hey  Pumpkin!", 3), ("okay kitchen", 4), ("buttercup", 3), ("hello sunflower", 5)],
)
def test_a_good_one_is_read(text, syllables):
    found = parse(text)
    assert found.syllables == syllables
    assert found.text == re.sub(r"[^a-z ]", "", " ".join(text.lower().split()))


def test_near_misses_are_many_and_never_the_phrase():
    pumpkin = parse("hey pumpkin")
    said = phrase.written(pumpkin.sounds)
    misses = phrase.near_misses(pumpkin, 200, np.random.default_rng(0))
    assert len(misses) == 200
    assert len({miss.say for miss in misses}) > 150
    assert not {pumpkin.text, said} & {miss.say for miss in misses}
    assert {"hey", "pumpkin", "hey bumpkin"} & {miss.say for miss in misses}


def test_changed_sounds_are_clearly_other_sounds():
    sounds = parse("okay kitchen").sounds
    rng = np.random.default_rng(0)
    for count in (1, 2, 3):
        new = phrase.changed(sounds, count, rng)
        pairs = [
            (a, b) for w, v in zip(sounds, new, strict=True) for a, b in zip(w, v, strict=True)
        ]
        assert sum(a != b for a, b in pairs) == count
        assert not [(a, b) for a, b in pairs if a != b and phrase.alike(a, b)]


def test_the_dictionary_knows_what_sounds_like_a_word():
    near = dict(dictionary.neighbours("pumpkin", 20))
    assert near["bumpkin"] == 1 and "pumpkin" not in near
    assert all(changes >= 1 for changes in near.values())
    invented = [word for word, _ in dictionary.neighbours("zumpkin", 5)]
    assert "pumpkin" in invented


def test_other_speech_differs_and_replies_are_in_it():
    rng = np.random.default_rng(0)
    assert len({sentence(rng) for _ in range(100)}) > 80
    assert any("shopping list" in reply for reply in REPLIES)
