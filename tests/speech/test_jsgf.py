from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import BadInput
from assistant.speech.jsgf import UNSAYABLE, jsgf, phrases_grammar, words_of
from assistant.speech.letters import pronounce
from assistant.speech.recogniser import Grammar

PHONES = set(
    str.split(
        "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW "
        "V W Y Z ZH"
    )
)


def test_rules_keep_their_meaning():
    text = jsgf(
        Grammar(
            {"command": '[ Please ] add <my items>+ {tag} | "olive oil" | it’s', "my items": "x"}
        )
    )
    assert "public <utterance> = <r0>;" in text
    assert "<r0> = [ please ] add <r1> + | olive oil | it's;" in text
    assert "<r1> = x;" in text


def test_an_unknown_word_makes_only_its_alternative_impossible():
    text = jsgf(Grammar({"command": "add 東京 | stop"}), lambda word: word.isascii())
    assert f"add {UNSAYABLE} | stop" in text


@pytest.mark.parametrize("rule", ["", "( )", "[ ]", "a | | b", "| a", "a |", "( a | )", "{tag}"])
def test_holes_are_filled(rule):
    body = jsgf(Grammar({"command": rule})).splitlines()[-1]
    assert not re.search(r"[(\[|=]\s*[)\]|;]", body)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_any_phrases_make_a_grammar_of_plain_words(phrases):
    grammar = phrases_grammar(phrases)
    assert all(word == word.lower() for word in words_of(grammar))
    assert "public <utterance>" in jsgf(grammar)


@given(st.text(st.sampled_from('<>()[]|*+;/"{}. ab1'), max_size=20))
def test_any_rule_is_written_or_refused(rule):
    grammar = Grammar({"command": rule})
    try:
        assert jsgf(grammar).startswith("#JSGF")
    except BadInput as e:
        assert "command" in str(e)


@given(st.text(max_size=15))
def test_every_word_with_letters_has_phones(word):
    sounds = pronounce(word)
    assert sounds is None or set(sounds.split()) <= PHONES and sounds


@pytest.mark.parametrize(
    ("word", "sounds"),
    [("milk", "M IH L K"), ("knife", "N AY F"), ("naïve", "N EY V"), ("東京", None)],
)  # fmt: skip
def test_common_spellings(word, sounds):
    assert pronounce(word) == sounds
