"""Draws sentences from a ``Grammar``: what people may say, for language models and benchmarks."""

from __future__ import annotations

import math
import random
import re
from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType

from assistant.errors import BadInput, did_you_mean
from assistant.speech.recogniser import Grammar

_TOKEN = re.compile(r"<[^<>]*>|[()\[\]|*+]|[^\s()\[\]|*+<>]+")
_TAKEN = 0.4  # how often an optional part is spoken
_USUAL_FIRST, _LIST = 10, 20  # a plain list this long names what is usual first (Zipf's law)
_MORE = 0.4  # how often a repeated part comes once more
_DEEPEST = 12  # nested rules; deeper, optional parts are left out


@dataclass(frozen=True)
class _Choice:
    options: tuple[tuple[object, ...], ...]
    rule: str  # that it is written in


@dataclass(frozen=True)
class _Rule:
    name: str


@dataclass(frozen=True)
class _Many:
    part: object
    least: int


class Sampler:
    """Draws random sentences of ``grammar``; the same ``seed`` draws the same ones.

    An alternative is as likely as the root of the number of words in it, so that each word of a
    long list is met; an optional part comes four times in ten, or as often as ``taken`` says of
    the rule it is written in. With ``usual`` a long list of plain words is taken to name what is
    usual first. Raises ``BadInput`` for brackets that do not pair and rules that are missing.
    """

    def __init__(
        self,
        grammar: Grammar,
        seed: int = 0,
        taken: Mapping[str, float] = MappingProxyType({}),
        usual: bool = False,
    ) -> None:
        self._random = random.Random(seed)
        self._taken, self._usual = taken, usual
        self._rules = {name: _parse(name, text) for name, text in grammar.rules.items()}
        self._top = _Rule(grammar.top)
        self._sizes: dict[object, int] = {}
        self._sums: dict[int, list[float]] = {}  # of a choice's weights, each with those before

    def sentence(self, rule: str | None = None) -> str:
        """Return one sentence of ``rule``, of the whole grammar by default."""
        said: list[str] = []
        self._say(_Rule(rule) if rule else self._top, 0, said)
        return " ".join(said)

    def _say(self, part: object, depth: int, said: list[str]) -> None:
        if isinstance(part, str):
            said.append(part)
        elif isinstance(part, _Choice):
            for inner in self._chosen(part, depth):
                self._say(inner, depth, said)
        elif isinstance(part, _Rule):
            if part.name not in self._rules:
                remedy = did_you_mean(part.name, self._rules or ["none"])
                raise BadInput("grammar", f'no rule "{part.name}"', remedy)
            self._say(self._rules[part.name], depth + 1, said)
        elif isinstance(part, _Many):
            for _ in range(part.least + self._extra(depth)):
                self._say(part.part, depth, said)

    def _chosen(self, part: _Choice, depth: int) -> tuple[object, ...]:
        if part.options[-1] != ():
            return self._pick(part, part.options)
        taken = self._taken.get(part.rule, _TAKEN)
        if depth > _DEEPEST or self._random.random() >= taken:
            return ()
        return self._pick(part, part.options[:-1])

    def _pick(self, part: _Choice, options: tuple[tuple[object, ...], ...]) -> tuple[object, ...]:
        sums = self._sums.get(id(part))
        if sums is None:
            sums = self._sums[id(part)] = list(accumulate(self._weighed(options)))
        return options[bisect(sums, self._random.random() * sums[-1], 0, len(sums) - 1)]

    def _weighed(self, options: tuple[tuple[object, ...], ...]) -> list[float]:
        if (
            self._usual
            and len(options) >= _LIST
            and all(isinstance(p, str) for o in options for p in o)
        ):
            return [1 / (place + _USUAL_FIRST) for place in range(len(options))]
        return [math.sqrt(1 + sum(self._size(p, frozenset()) for p in o)) for o in options]

    def _size(self, part: object, inside: frozenset[str]) -> int:
        """Return how many words a part has, with those of the rules it refers to."""
        if isinstance(part, str):
            return 1
        if isinstance(part, _Many):
            return self._size(part.part, inside)
        if isinstance(part, _Choice):
            return sum(self._size(p, inside) for option in part.options for p in option)
        if part.name in inside or part.name not in self._rules:
            return 0
        if part not in self._sizes:
            self._sizes[part] = self._size(self._rules[part.name], inside | {part.name})
        return self._sizes[part]

    def _extra(self, depth: int) -> int:
        count = 0
        while depth <= _DEEPEST and count < 4 and self._random.random() < _MORE:
            count += 1
        return count


def _parse(name: str, text: str) -> _Choice:
    tokens = _TOKEN.findall(text)
    options, at = _options(name, tokens, 0)
    if at != len(tokens):
        raise BadInput(f"grammar rule <{name}>", "its brackets do not pair", "check them")
    return _Choice(tuple(options), name)


def _options(name: str, tokens: list[str], at: int) -> tuple[list[tuple[object, ...]], int]:
    """Return the alternatives that begin at a token, and the index of the bracket after them."""
    options: list[list[object]] = [[]]
    while at < len(tokens) and tokens[at] not in ")]":
        token = tokens[at]
        at += 1
        if token == "|":
            options.append([])
        elif token in "([":
            inner, at = _options(name, tokens, at)
            closing = ")" if token == "(" else "]"
            if tokens[at : at + 1] != [closing]:
                return [()], -1
            at += 1
            options[-1].append(_Choice(tuple(inner) + (((),) if token == "[" else ()), name))
        elif token in "*+":
            if options[-1]:
                options[-1].append(_Many(options[-1].pop(), 1 if token == "+" else 0))
        else:
            options[-1].append(_Rule(token[1:-1].strip()) if token[0] == "<" else token)
    return [tuple(option) for option in options], at
