"""What an engine makes of the wake word is taken off, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.format import SAMPLE_RATE
from assistant.speech.address import (
    LEAD,
    NOT_YET,
    REFUSALS,
    after_name,
    called,
    command_words,
    partial_command,
    with_address,
)
from assistant.speech.ngrams import sentences
from assistant.speech.recogniser import Grammar, HeardWord

COMMANDS = {"undo", "what time is it", "add milk", "is milk on my list", "what's on my list", "no"}
WORDS = st.sampled_from("hey jarvis jar of this undo what time is it add milk no don't".split())


def is_command(text: str) -> bool:
    return text in COMMANDS


def words(text: str, first_s: float, each_s: float = 0.25) -> list[HeardWord]:
    """Return the words one after the other, the first beginning at ``first_s`` from the hit."""
    at = LEAD + round(first_s * SAMPLE_RATE)
    step = round(each_s * SAMPLE_RATE)
    return [
        HeardWord(w, at + i * step, at + (i + 1) * step, 0.9) for i, w in enumerate(text.split())
    ]


def command(text: str, first_s: float, name: str = "hey jarvis", each_s: float = 0.25) -> str:
    heard = words(text, first_s, each_s)
    return " ".join(w.text for w in command_words(heard, LEAD, name, is_command, is_command))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("hey_jarvis", "hey jarvis"),
        ("alexa", "alexa"),
        ("/var/lib/assistant/models/hey_pumpkin.onnx", "hey pumpkin"),
        ("hey_jarvis_v0.1.onnx", "hey jarvis"),
    ],
)
def test_a_wake_word_is_said_like_its_file_is_called(setting, said):
    assert called(setting) == said


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("hey jarvis what time is it", "what time is it"),
        ("stop hey jarvis undo", "undo"),
        ("hey jarvis no", "no"),
        ("hey jarvis", ""),
        ("hey jarvis sing to me", "sing to me"),  # understood or not: it is what was said
        ("jarvis is milk on my list", "is milk on my list"),
    ],
)
def test_a_name_that_was_heard_is_where_the_command_begins(heard, meant):
    assert command(heard, -0.8) == meant


@pytest.mark.parametrize(
    "junk", ["hey jar this", "hey jar of lists", "hey turn this", "[unk]", "the"]
)
@pytest.mark.parametrize("meant", ["what time is it", "undo", "what's on my list", "no"])
def test_what_was_made_of_an_unknown_name_goes_by_its_time(junk, meant):
    first = -0.25 * len(junk.split()) - 0.15
    assert command(f"{junk} {meant}", first, name="hey pumpkin") == meant


def test_a_leftover_goes_even_from_a_sentence():
    assert command("is what's on my list", -0.2, name="hey pumpkin") == "what's on my list"


@pytest.mark.parametrize("word", sorted(REFUSALS))
def test_a_refusal_is_never_dropped(word):
    assert word in command(f"hey jar {word} undo", -0.8, name="hey pumpkin").split()


def test_nothing_is_dropped_in_vain():
    assert command("hey jar please sing to me", -0.9, name="hey pumpkin") == "please sing to me"


@given(st.lists(WORDS, max_size=8), st.floats(-1.2, 0.5), st.sampled_from(["", "hey jarvis"]))
def test_what_is_left_is_the_end_of_what_was_heard(heard, first_s, name):
    left = command(" ".join(heard), first_s, name).split()
    assert heard[len(heard) - len(left) :] == left
    began_early = words(" ".join(heard), first_s)
    kept = began_early[len(heard) - len(left) :]
    assert all(w.start >= LEAD - NOT_YET or w.text in REFUSALS for w in kept[:1]) or name


@given(st.lists(WORDS, max_size=8))
def test_a_partial_text_is_cut_at_its_front_only(heard):
    said = " ".join(heard)
    assert said.endswith(partial_command(said, "hey jarvis", is_command))


def test_a_partial_text_loses_the_name():
    assert partial_command("hey jarvis add", "hey jarvis", is_command) == "add"
    assert partial_command("hey jar this undo", "hey pumpkin", is_command) == "undo"
    assert partial_command("hey jar", "hey pumpkin", is_command) == "hey jar"
    assert after_name("add milk and eggs and bread to jarvis", "hey jarvis") is None


def test_half_of_the_sentences_of_a_grammar_are_addressed():
    grammar = with_address(Grammar({"command": "undo | louder"}), "hey jarvis")
    said = sentences(grammar, 400)
    assert set(said) == {"undo", "louder", "hey jarvis undo", "hey jarvis louder"}
    assert 140 < sum(s.startswith("hey jarvis ") for s in said) < 260
    assert with_address(grammar, "") is grammar
