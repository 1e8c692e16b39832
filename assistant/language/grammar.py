"""The grammar and the vocabulary that recognisers get, written from the skills' sentences.

Notation: W3C JSpeech Grammar Format (JSGF), right-hand sides only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant.language import text
from assistant.language.sentences import Alt, Node, Seq, Slot, Word
from assistant.language.slots import AMOUNT_JSGF
from assistant.skill import Handler, Skill
from assistant.speech.recogniser import Grammar

_JOINED: dict[tuple[str, str], str] = {}
for _short, _long in text.CONTRACTIONS.items():
    _JOINED.setdefault(_long, _short)
LEAD = ("please", "hey", "okay", "can you", "could you")
TRAIL = ("please",)
_PLAIN_NAMES = ("shopping", "grocery", "to do")  # where a skill lists no words of its own


def build_grammar(handlers: Sequence[Handler]) -> Grammar:
    """Return the grammar of everything the handlers understand."""
    rules: dict[str, str] = {}
    tops: list[str] = []
    for handler in handlers:
        name = _rule_name(handler.skill.name, handler.name)
        sentences = [_jsgf(s.tree, handler, rules) for s in handler.sentences]
        rules[name] = " | ".join(dict.fromkeys(sentences))
        tops.append(f"<{name}>")
    lead, trail = " | ".join(LEAD), " | ".join(TRAIL)
    rules["command"] = f"[ {lead} ] ( {' | '.join(tops)} ) [ {trail} ]"
    return Grammar(rules)


def build_vocabulary(grammar: Grammar) -> list[str]:
    """Return every word of the grammar, sorted."""
    plain = " ".join(re.sub(r"<\w+>", " ", rule) for rule in grammar.rules.values())
    return sorted(set(re.findall(r"[^\s()\[\]|*+]+", plain)))


def _rule_name(*parts: str) -> str:
    return re.sub(r"\W+", "_", "_".join(parts))


def _jsgf(node: Node, handler: Handler, rules: dict[str, str]) -> str:
    if isinstance(node, Word):
        return node.text
    if isinstance(node, Slot):
        return f"<{_slot_rule(node.name, handler, rules)}>"
    if isinstance(node, Alt):
        options = [_jsgf(part, handler, rules) for part in node.parts if part != Seq()]
        open_, close = ("[ ", " ]") if Seq() in node.parts else ("( ", " )")
        return open_ + " | ".join(dict.fromkeys(options)) + close
    return " ".join(_sequence(node.parts, handler, rules))


def _sequence(parts: Sequence[Node], handler: Handler, rules: dict[str, str]) -> Iterable[str]:
    """Yield the parts; where two words have a contraction, either form may be spoken."""
    at = 0
    while at < len(parts):
        pair = tuple(p.text if isinstance(p, Word) else "" for p in parts[at : at + 2])
        if pair in _JOINED:
            yield f"( {pair[0]} {pair[1]} | {_JOINED[pair]} )"
            at += 2
        else:
            yield _jsgf(parts[at], handler, rules)
            at += 1


def _slot_rule(slot: str, handler: Handler, rules: dict[str, str]) -> str:
    kind = handler.slots[slot]
    if kind.tree is not None:
        rules.setdefault(kind.name, _jsgf(kind.tree, handler, rules))
        return kind.name
    name = _rule_name(handler.skill.name, slot)
    if name not in rules:
        words = _known(handler.skill, slot) or _PLAIN_NAMES
        plain = " | ".join(dict.fromkeys(_in_words(w) for w in words))
        if kind.name == "items":
            rules["amount"] = AMOUNT_JSGF
            rules[f"{name}_one"] = plain
            one = f"<amount> <{name}_one>"
            rules[name] = f"{one} ( [ and ] {one} )*"
        else:
            rules[name] = plain
    return name


def _known(skill: Skill, slot: str) -> tuple[str, ...]:
    return skill.words.get(slot, ())


def _in_words(entry: str) -> str:
    return " ".join(text.words(entry))
