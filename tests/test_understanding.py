"""What utterances and their beginnings mean to the shipped skills."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.language import text
from assistant.language.answers import NO, YES, is_backchannel
from assistant.language.slots import Items, Ordinal
from assistant.skill import Skill
from assistant.understanding import STOP_PHRASES, Understanding
from tests.talking import shipped

HOUSEHOLD = {
    "add milk to the shopping list": "add",
    "add milk and eggs to the grocery list": "add",
    "add toilet paper": "add",
    "add twenty two eggs to the shopping list": "add",
    "put olive oil on my to do list": "add",
    "please put bread on the list": "add",
    "remove milk from the shopping list": "remove",
    "delete light bulbs from my list": "remove",
    "take tea off the grocery list": "remove",
    "remove the second one": "remove_nth",
    "delete the last item": "remove_nth",
    "what is on the list": "read",
    "what's on my shopping list": "read",
    "read the grocery list": "read",
    "clear my shopping list": "clear",
    "is dog food on the list": "check",
    "do we need rice": "check",
    "how many items are on the shopping list": "count",
    "i need batteries": "need",
    "we need more milk": "need",
    "we are out of toilet paper": "need",
    "what time is it": "time",
    "what's the time": "time",
    "what day is it today": "day",
    "what's the date today": "date",
    "volume up": "up",
    "turn the volume down": "down",
    "set the volume to fifty": "set_to",
    "set volume to fifty percent": "set_to",
    "volume seven": "set_to",
    "louder please": "up",
    "quieter": "down",
    "mute": "mute",
    "next": "following",
    "previous": "previous",
    "continue": "go_on",
    "go on": "go_on",
    "go back": "previous",
    "start over": "start_over",
    "repeat that please": "repeat",
    "say that again": "repeat",
    "again": "repeat",
    "what did you say": "repeat",
    "that one": "this_one",
    "the third one please": "nth",
    "undo that": "undo",
    "redo": "redo",
    "help me": "help_",
    "what can you do": "help_",
    "hello": "hello",
    "hey computer": "hello",
    "good night": "night",
    "who are you": "who",
    "thank you": "thanks",
    "actually make that two": "amend",
}


@pytest.mark.parametrize(("said", "handler"), HOUSEHOLD.items())
def test_household_sentences(said, handler):
    match = shipped().match(said)
    assert match is not None and match.handler.name == handler


@pytest.mark.parametrize(
    "before",
    ["hey ", "hey computer ", "jarvis, ", "alexa ", "please ", "uh ", "okay so "],
)
@pytest.mark.parametrize("after", ["", " please", " [unk]", " thanks"])
def test_fillers_and_wake_words_are_forgiven(before, after):
    match = shipped().match(f"{before}what's on my shopping list{after}")
    assert match is not None and match.handler.name == "read" and match.complete


@pytest.mark.parametrize(
    "said",
    ["open the door", "", "[unk]", "[unk] louder", "[unk] add milk", "we need to leave"],
)
def test_what_no_skill_can_do(said):
    assert shipped().match(said) is None


def test_slots_become_values():
    match = shipped().match("add 2 litres of milk, eggs and olive oil to the shopping list")
    items = match.slots["items"]
    assert isinstance(items, Items)
    assert [i.name for i in items] == ["milk", "eggs", "olive oil"]
    assert [i.quantity.encode() for i in items] == ["2 litre", "", ""]
    assert shipped().match("remove the last one").slots == {"which": Ordinal(-1)}
    assert shipped().match("volume twenty five percent").slots == {"percent": 25}
    assert shipped().match("add nails to the hardware list").slots["name"] == "hardware"


@pytest.mark.parametrize(
    ("said", "things"),
    [
        ("add milk eggs and olive oil", ["milk", "eggs", "olive oil"]),
        ("add milk and eggs and bread", ["milk", "eggs", "bread"]),
        ("add mac and cheese and bread", ["mac and cheese", "bread"]),
        ("add two apples three pears", ["apples", "pears"]),
        ("add one egg bread", ["egg", "bread"]),
        ("add apple pie", ["apple pie"]),
        ("add blue cheese crackers, milk", ["blue cheese crackers", "milk"]),
        ("add orange juice paper towels", ["orange juice", "paper towels"]),
        ("add milk and", ["milk"]),
        ("add milk to the", ["milk"]),
        ("add milk to the shopping", ["milk"]),
        ("add [unk] and eggs", ["eggs"]),
        ("add milk to my shopping list and eggs", ["milk", "eggs"]),
    ],
)
def test_enumerations(said, things):
    match = shipped().match(said)
    assert [i.name for i in match.slots["items"]] == things


@pytest.mark.parametrize(
    "said",
    ["add", "add milk and", "what's on my", "what's", "hey", "please", "could you", "add milk",
     "set the volume to", "set the volume to twenty", "remove the second", "is milk on the"],
)  # fmt: skip
def test_beginnings_could_continue(said):
    assert shipped().could_continue(said)
    match = shipped().match(said)
    assert match is None or not match.complete


@pytest.mark.parametrize(
    "said",
    ["what's on my shopping list", "add milk to the shopping list", "what time is it now",
     "remove milk from the list", "louder", "open the door", "undo that"],
)  # fmt: skip
def test_ends_cannot_continue(said):
    assert not shipped().could_continue(said)


@pytest.mark.parametrize(
    "said", [*STOP_PHRASES, "Stop!", "jarvis stop", "please, be quiet", "stop it now"]
)
def test_stop_phrases(said):
    assert shipped().is_stop(said)


@pytest.mark.parametrize("said", ["", "stop the", "stop the timer", "don't stop", "the bus stop"])
def test_what_is_not_a_stop(said):
    assert not shipped().is_stop(said)


@pytest.mark.parametrize("said", ["uh huh", "okay", "thanks", "yeah", "right", "thank you"])
def test_backchannels(said):
    assert is_backchannel(said)
    assert not shipped().is_stop(said)


@given(st.sampled_from(sorted(HOUSEHOLD)), st.data())
def test_every_beginning_of_a_sentence_is_one(said, data):
    words = said.removesuffix(" please").split()
    cut = data.draw(st.integers(1, len(words)))
    beginning = " ".join(words[:cut])
    assert cut == len(words) or shipped().could_continue(beginning)


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.sampled_from(sorted(shipped().grammar().rules)))
def test_every_sentence_of_the_grammar_is_understood(seed, rule):
    grammar = shipped().grammar()
    top_level = re.findall(r"<(\w+)>", grammar.rules[grammar.top])
    if rule not in top_level:
        rule = grammar.top
    said = Sampler(grammar.rules, random.Random(seed)).sentence(rule)
    if rule == "answer":
        words = text.words(said)
        assert words in YES or words in NO or is_backchannel(said)
    else:
        answer = text.words(said) in YES | NO or is_backchannel(said)
        assert shipped().match(said) is not None or shipped().is_stop(said) or answer, said


@pytest.mark.parametrize("said", ["please hi computer", "and then please", "okay hello please"])
def test_what_is_usually_stripped_may_be_all_there_is(said):
    assert shipped().match(said) is not None


def test_vocabulary_is_the_words_of_the_grammar():
    vocabulary = shipped().vocabulary()
    assert vocabulary == sorted(set(vocabulary))
    assert {"olive", "oil", "what's", "ninety", "stop", "yes", "second", "quiet"} <= set(vocabulary)
    assert all(re.fullmatch(r"[a-z]+('[a-z]+)*", word) for word in vocabulary)


def test_the_most_literal_sentence_wins():
    skill = Skill("demo")

    @skill.on("play {name}")
    def play(speaker, name: str):
        return name

    @skill.on("play the news")
    def news(speaker):
        return "news"

    understanding = Understanding([skill])
    assert understanding.match("play the news").handler.name == "news"
    assert understanding.match("play the new song").slots == {"name": "the new song"}


def test_partials_do_not_change_the_answer():
    fresh = Understanding(shipped().skills)
    said = "add two litres of milk eggs and olive oil to the shopping list"
    words = said.split()
    for n in range(len(words)):
        fresh.match(" ".join(words[:n]))
    assert fresh.match(said).slots == shipped().match(said).slots


class Sampler:
    """Draws sentences from JSGF right-hand sides."""

    def __init__(self, rules, rng) -> None:
        self.rules, self.rng = rules, rng

    def sentence(self, rule: str) -> str:
        self.tokens = re.findall(r"<\w+>|[()\[\]|*+]|[^\s()\[\]|*+<>]+", self.rules[rule])
        self.at = 0
        words = self.alternatives(True)
        assert self.at == len(self.tokens)
        return " ".join(words)

    def alternatives(self, wanted: bool) -> list[str]:
        options = [self.sequence(wanted)]
        while self.at < len(self.tokens) and self.tokens[self.at] == "|":
            self.at += 1
            options.append(self.sequence(wanted))
        return self.rng.choice(options)

    def sequence(self, wanted: bool) -> list[str]:
        out: list[str] = []
        while self.at < len(self.tokens) and self.tokens[self.at] not in "|)]":
            begin = self.at
            part = self.part(wanted)
            if self.at < len(self.tokens) and self.tokens[self.at] in "*+":
                least = self.tokens[self.at] == "+"
                end = self.at + 1
                part = part if least else []
                for _ in range(self.rng.randint(0, 2)):
                    self.at = begin
                    part = part + self.part(wanted)
                self.at = end
            out += part
        return out

    def part(self, wanted: bool) -> list[str]:
        token = self.tokens[self.at]
        self.at += 1
        if token in "([":
            inner = self.alternatives(wanted)
            assert self.tokens[self.at] == {"(": ")", "[": "]"}[token]
            self.at += 1
            return inner if token == "(" or self.rng.random() < 0.5 else []
        if token.startswith("<"):
            return Sampler(self.rules, self.rng).sentence(token[1:-1]).split()
        return [token]


def test_a_match_tells_whether_its_things_are_familiar():
    understanding = shipped()
    assert understanding.match("add milk and two eggs").familiar
    assert not understanding.match("add back").familiar
    assert not understanding.match("add milk and xylophones to the shopping list").familiar
    assert understanding.match("clear my shopping list").familiar


@pytest.mark.parametrize(
    ("said", "complete", "settled", "unfinished"),
    [
        ("add", False, False, True),
        ("add milk", False, False, False),
        ("add milk and", False, False, True),
        ("add milk to the", False, False, True),
        ("add milk to the shopping list", True, True, False),
        ("what's on my", False, False, True),
        ("what's on my shopping list", True, True, False),
        ("what time is it", False, True, False),
        ("the weather is nice", False, False, False),
    ],
)
def test_it_knows_whether_a_sentence_is_over(said, complete, settled, unfinished):
    match = shipped().match(said)
    over = match is not None and match.complete and not shipped().is_unfinished(said)
    fixed = match is not None and match.settled and not shipped().is_unfinished(said)
    assert (over, fixed, shipped().is_unfinished(said)) == (complete, settled, unfinished)
