"""Templates become trees, and bad ones say what to do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from assistant.language.sentences import Alt, BadSentence, Seq, Slot, Word, parse, slots


def accepted(node) -> set[str]:
    """Every sentence of a tree, slots as ``{name}``."""
    if isinstance(node, Word):
        return {node.text}
    if isinstance(node, Slot):
        return {f"{{{node.name}}}"}
    if isinstance(node, Alt):
        return set().union(*map(accepted, node.parts))
    assert isinstance(node, Seq)
    out = {""}
    for part in node.parts:
        out = {f"{a} {b}".strip() for a in out for b in accepted(part)}
    return out


@pytest.mark.parametrize(
    ("template", "sentences"),
    [
        (
            "add {x} to [the|my] list",
            {"add {x} to list", "add {x} to the list", "add {x} to my list"},
        ),
        ("item[s] left", {"item left", "items left"}),
        ("add {x}[ to it]", {"add {x}", "add {x} to it"}),
        ("turn (it;up)", {"turn it up", "turn up it"}),
        ("what's new", {"what is new"}),
        ("volume up|louder", {"volume up", "louder"}),
        ("(a|b)(c|d) e", {"ac e", "ad e", "bc e", "bd e"}),
        ("set {value:x} now", {"set {x} now"}),
        ("Loud", {"loud"}),
    ],
)
def test_templates(template, sentences):
    assert accepted(parse(template)) == sentences


def test_rules_are_pieces_of_sentences():
    tree = parse("clear <list>", {"list": "[my] <kind> list", "kind": "(shopping|{name})"})
    assert accepted(tree) == {
        "clear shopping list",
        "clear my shopping list",
        "clear {name} list",
        "clear my {name} list",
    }
    assert slots(tree) == {"name"}


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("add (milk", "do not pair"),
        ("add milk]", "do not pair"),
        ("add {x", "do not pair"),
        ("", "bracket|optional"),
        ("[stop]", "every word of it is optional"),
        ("{n}% loud", "touches a word"),
        ("add <nothing>", "no rule <nothing>"),
        ("hello !", "not a word"),
    ],
)
def test_bad_templates_say_what_to_do(template, problem):
    with pytest.raises(BadSentence, match=problem) as caught:
        parse(template)
    assert caught.value.remedy


def test_a_rule_must_not_contain_itself():
    with pytest.raises(BadSentence, match="contains itself"):
        parse("<a>", {"a": "x <b>", "b": "<a>"})


def test_only_the_parser_of_hassil_is_loaded():
    code = (
        "import sys; from assistant.language.sentences import parse; parse('a [b]');"
        "print(sorted(m for m in sys.modules if m in ('yaml', 'xml', 'unicode_rbnf')));"
        "import importlib.util; print('hassil' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[:2] == ["[]", "False"]
