"""Sentence templates: hassil's notation in, a small tree of words and slots out.

The only file that knows the ``hassil`` package. Notation: ``(a|b)`` alternatives, ``[a]``
optional, ``(a;b)`` in any order, ``{slot}``, ``<rule>``.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from assistant.errors import EngineMissing
from assistant.language import text

MAX_GLUED = 64


@dataclass(frozen=True)
class Word:
    """One literal word."""

    text: str


@dataclass(frozen=True)
class Slot:
    """A place for a value; ``name`` is the handler's parameter."""

    name: str


@dataclass(frozen=True)
class Seq:
    """All parts, one after the other; empty for nothing at all."""

    parts: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Alt:
    """Exactly one of the parts; an empty ``Seq`` among them makes it optional."""

    parts: tuple[Node, ...]


Node = Word | Slot | Seq | Alt
_SPACE = Word(" ")


class BadSentence(ValueError):
    """Says what is wrong with a template and the remedy."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{problem}; {remedy}")


def parse(template: str, rules: Mapping[str, str] | None = None) -> Node:
    """Return the tree of ``template``; ``rules`` are the templates that ``<rule>`` may name.

    Words are normalised as in ``assistant.language.text``. Raises ``BadSentence``.
    """
    tree = _sequence(_pieces(_hassil(template), dict(rules or {}), ()))
    if can_be_silence(tree):
        raise BadSentence("every word of it is optional", "leave one outside the brackets")
    return tree


def slots(node: Node) -> set[str]:
    """Return the names of the slots in a tree."""
    if isinstance(node, Slot):
        return {node.name}
    return set().union(*map(slots, node.parts)) if isinstance(node, Seq | Alt) else set()


def can_be_silence(node: Node) -> bool:
    """Return whether every word of a tree is optional."""
    if isinstance(node, Alt):
        return any(map(can_be_silence, node.parts))
    return isinstance(node, Seq) and all(map(can_be_silence, node.parts))


def optional(node: Node) -> Alt:
    """Return ``[node]``."""
    return Alt((node, Seq()))


def phrase(words: str) -> Node:
    """Return the tree of a plain phrase."""
    parts = tuple(Word(w) for w in words.split())
    return parts[0] if len(parts) == 1 else Seq(parts)


@cache
def _parser():
    """Return hassil's parser module without the rest of the package.

    The package's own ``__init__`` imports its recogniser, YAML and number spelling: 200 ms and
    9 MB for nothing used here. So only the parser's modules are loaded, under a bare parent
    that is taken away again.
    """
    spec = importlib.util.find_spec("hassil")
    if spec is None:
        raise EngineMissing("the package hassil is not installed; run ./install.sh")
    before = {name: m for name, m in sys.modules.items() if name.split(".")[0] == "hassil"}
    try:
        if not before:
            sys.modules["hassil"] = importlib.util.module_from_spec(spec)
        return importlib.import_module("hassil.parse_expression")
    finally:
        if not before:
            for name in [n for n in sys.modules if n.split(".")[0] == "hassil"]:
                del sys.modules[name]


def _hassil(template: str):
    parser = _parser()
    try:
        return parser.parse_sentence(template).expression
    except (parser.ParseError, AssertionError, ValueError, IndexError) as e:
        problem = "a bracket is not closed or stands alone"
        for opening, closing in ("()", "[]", "{}", "<>"):
            if template.count(opening) != template.count(closing):
                problem = f"{opening} and {closing} do not pair"
        raise BadSentence(problem, "close every (, [, { and <") from e


def _pieces(expression, rules: dict[str, str], inside: tuple[str, ...]) -> list[Node]:
    """Return the expression's parts in order, with ``_SPACE`` where words are separated."""
    kind = type(expression).__name__
    if kind == "TextChunk":
        return _text_pieces(expression.original_text)
    if kind == "ListReference":
        return [Slot(expression.slot_name)]
    if kind == "RuleReference":
        return [_rule(expression.rule_name, rules, inside)]
    parts = [_pieces(item, rules, inside) for item in expression.items]
    if kind == "Alternative":
        return [Alt(tuple(Seq(tuple(part)) for part in parts))]
    if kind == "Permutation":
        orders = itertools.permutations(parts)
        return [Alt(tuple(Seq(tuple(itertools.chain(*order))) for order in orders))]
    return list(itertools.chain(*parts))


def _rule(name: str, rules: dict[str, str], inside: tuple[str, ...]) -> Node:
    if name not in rules:
        raise BadSentence(f"there is no rule <{name}>", "give it to Skill(..., rules={...})")
    if name in inside:
        raise BadSentence(f"the rule <{name}> contains itself", "write it without the loop")
    return Seq(tuple(_pieces(_hassil(rules[name]), rules, (*inside, name))))


def _text_pieces(chunk: str) -> list[Node]:
    out: list[Node] = []
    for at, word in enumerate(chunk.split(" ")):
        if at:
            out.append(_SPACE)
        if word:
            out.append(Word(word))
    return out


def _sequence(pieces: list[Node]) -> Node:
    """Return the pieces as whole words: what is not separated by a space is glued."""
    parts: list[Node] = []
    for spaced, run in itertools.groupby(pieces, lambda p: p == _SPACE):
        if not spaced:
            parts.append(_glued(list(run)))
    parts = [p for p in parts if p != Seq()]
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Seq) else [part])
    return flat[0] if len(flat) == 1 else Seq(tuple(flat))


def _glued(run: list[Node]) -> Node:
    """Return one run without spaces between its pieces: usually a single piece."""
    if len(run) == 1:
        return _whole(run[0])
    variants = [list(itertools.chain(*v)) for v in itertools.product(*map(_variants, run))]
    if len(variants) > MAX_GLUED:
        raise BadSentence("too many alternatives touch each other", "put spaces between them")
    return _choice([_sequence(_melt(v)) for v in variants])


def _whole(piece: Node) -> Node:
    if isinstance(piece, Word):
        known = text.words(piece.text)
        if not known:
            raise BadSentence(f"{piece.text!r} is not a word", "write only what can be spoken")
        return phrase(" ".join(known))
    if isinstance(piece, Alt):
        return _choice([_sequence(list(option.parts)) for option in piece.parts])
    return _sequence(list(piece.parts)) if isinstance(piece, Seq) else piece


def _choice(options: list[Node]) -> Node:
    flat: list[Node] = []
    for option in options:
        flat.extend(option.parts if isinstance(option, Alt) else [option])
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else Alt(unique)


def _variants(piece: Node) -> list[list[Node]]:
    if isinstance(piece, Alt):
        return [v for option in piece.parts for v in _variants(option)]
    if isinstance(piece, Seq):
        parts = itertools.product(*map(_variants, piece.parts))
        return [list(itertools.chain(*v)) for v in parts]
    return [[piece]]


def _melt(pieces: list[Node]) -> list[Node]:
    """Join words that touch; a slot may not touch a word."""
    out: list[Node] = []
    for piece in pieces:
        last = out[-1] if out else _SPACE
        if piece == _SPACE or last == _SPACE:
            out.append(piece)
        elif isinstance(piece, Word) and isinstance(last, Word):
            out[-1] = Word(last.text + piece.text)
        else:
            name = piece.name if isinstance(piece, Slot) else last.name
            raise BadSentence(f"the slot {{{name}}} touches a word", "put a space between them")
    return out
