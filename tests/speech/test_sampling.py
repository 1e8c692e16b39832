from __future__ import annotations

import pytest

from assistant.errors import BadInput
from assistant.speech.ngrams import arpa, sentences
from assistant.speech.recogniser import Grammar
from assistant.speech.sampling import Sampler
from tests.speech.sentences import COMMANDS, GRAMMAR
from tests.talking import shipped


def test_the_same_seed_draws_the_same_sentences():
    assert sentences(GRAMMAR, 50, seed=3) == sentences(GRAMMAR, 50, seed=3)
    assert sentences(GRAMMAR, 50, seed=3) != sentences(GRAMMAR, 50, seed=4)


def test_every_short_command_of_the_grammar_is_drawn_sooner_or_later():
    drawn = set(sentences(GRAMMAR, 12_000))
    assert {c for c in COMMANDS if len(c.split()) < 5} <= drawn


def test_what_is_drawn_from_the_skills_is_understood():
    understanding = shipped()
    sampler = Sampler(understanding.grammar(), 1)
    drawn = [sampler.sentence("shopping_read") for _ in range(100)]
    assert all(understanding.match(said) is not None for said in drawn)


@pytest.mark.parametrize("rule", ["add ( milk", "add ) milk", "[ ( a ] )", "<nothing>"])
def test_a_broken_rule_is_refused(rule):
    with pytest.raises(BadInput):
        Sampler(Grammar({"command": rule})).sentence()


def test_recursion_ends():
    sampler = Sampler(Grammar({"command": "go [ <command> ]"}))
    assert all(len(sampler.sentence().split()) <= 20 for _ in range(200))


def test_each_history_of_the_language_model_leaves_probability_one():
    lines = arpa(["add milk", "add milk", "add eggs"], ["add", "milk", "eggs", "tea"]).splitlines()
    one = lines[lines.index("\\1-grams:") + 1 : lines.index("\\2-grams:") - 1]
    p = {line.split("\t")[1]: 10 ** float(line.split("\t")[0]) for line in one}
    assert sum(p.values()) == pytest.approx(1.0, abs=1e-3)
    two = lines[lines.index("\\2-grams:") + 1 : lines.index("\\3-grams:") - 1]
    seen = {line.split("\t")[1]: 10 ** float(line.split("\t")[0]) for line in two}
    after_add = {k.split()[1]: v for k, v in seen.items() if k.startswith("add ")}
    weight = next(10 ** float(row.split("\t")[2]) for row in one if row.split("\t")[1] == "add")
    unseen = sum(v for w, v in p.items() if w not in after_add)
    assert sum(after_add.values()) + weight * unseen == pytest.approx(1.0, abs=2e-3)


def test_what_is_usual_is_drawn_more_often():
    things = [f"thing{chr(97 + i)}" for i in range(25)]
    grammar = Grammar(
        {
            "command": "[ please ] add <amount> <things>",
            "amount": "[ some ]",
            "things": " | ".join(things),
        }
    )
    drawn = " ".join(sentences(grammar, 4000)).split()
    assert 300 < drawn.count("please") < 500  # one command in ten is polite
    assert 500 < drawn.count("some") < 700
    assert drawn.count("thinga") > 2 * drawn.count("thingy") > 100
