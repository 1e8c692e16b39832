"""All sentences of all skills as one automaton that is fed word by word.

A position automaton (Glushkov 1961): every word or slot of every sentence is one position, and
each position knows by which word it goes on. A search keeps, per position, only the cheapest way
there; words taken by an open slot are dear, those of a closed slot cheap, literal ones free, so
the most specific sentence wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from assistant.language.sentences import Alt, Node, Seq, Slot, Word
from assistant.language.text import COMMA

OPEN_COST, CLOSED_COST = 10, 1

Captures = tuple[tuple[int, int, int], ...]  # (slot occurrence, first word, word after the last)
Frontier = dict[int, tuple[int, Captures]]  # position -> (cost, captures)


@dataclass
class _Position:
    word: str | None  # None takes any word
    slot: int  # occurrence of a slot, -1 outside
    cost: int
    follow: list[int] = field(default_factory=list)


class Automaton:
    """Accepts sentences; ``add`` all, then ``freeze``, then feed words with ``step``."""

    def __init__(self) -> None:
        self._positions = [_Position("", -1, 0)]  # position 0 is the start
        self._accepts: dict[int, list[int]] = {}  # position -> sentences that may end there
        self.slot_names: list[str] = []
        self._next: list[dict[str, tuple[int, ...]]] = []
        self._open: list[tuple[int, ...]] = []

    def __len__(self) -> int:
        return len(self._positions)

    def add(self, sentence: int, tree: Node, slot_tree: Callable[[str], Node | None]) -> None:
        """Add a sentence; ``slot_tree`` gives a slot's words, ``None`` where any will do."""
        _, first, last = self._build(tree, slot_tree, -1)
        self._positions[0].follow.extend(first)
        for position in last:
            self._accepts.setdefault(position, []).append(sentence)

    def freeze(self) -> None:
        """Prepare the lookups; call once after the last ``add``."""
        for position in self._positions:
            by_word: dict[str, list[int]] = {}
            wild: list[int] = []
            for target in dict.fromkeys(position.follow):
                word = self._positions[target].word
                (wild if word is None else by_word.setdefault(word, [])).append(target)
            self._next.append({w: tuple(t) for w, t in by_word.items()})
            self._open.append(tuple(wild))
            position.follow = []

    def start(self) -> Frontier:
        """Return the frontier before the first word."""
        return {0: (0, ())}

    def step(self, frontier: Frontier, word: str, at: int) -> Frontier:
        """Return where the search stands after ``word``, which is word number ``at``."""
        if word == COMMA:
            return frontier
        out: Frontier = {}
        for position, (cost, captures) in frontier.items():
            targets = self._next[position].get(word, ()) + self._open[position]
            for target in targets:
                entered = self._positions[target]
                total = cost + entered.cost
                known = out.get(target)
                if known is not None and known[0] < total:
                    continue
                taken = _capture(captures, entered.slot, at)
                if known is None or total < known[0] or taken > known[1]:
                    out[target] = (total, taken)
        return out

    def accepted(self, frontier: Frontier) -> list[tuple[int, int, Captures]]:
        """Return (cost, sentence, captures) of every sentence that may end here, cheapest first."""
        found = [
            (cost, sentence, captures)
            for position, (cost, captures) in frontier.items()
            for sentence in self._accepts.get(position, ())
        ]
        return sorted(found)

    def goes_on(
        self, frontier: Frontier, below: int | None = None, *, openly: bool = False
    ) -> bool:
        """Return whether a sentence continues here at a cost of at most ``below``.

        With ``openly`` only a slot that takes any word counts.
        """
        return any(
            (self._open[position] or (self._next[position] and not openly))
            and (below is None or cost <= below)
            for position, (cost, _) in frontier.items()
        )

    def _new(self, word: str | None, slot: int, cost: int) -> int:
        self._positions.append(_Position(word, slot, cost))
        return len(self._positions) - 1

    def _build(
        self, node: Node, slot_tree: Callable[[str], Node | None], slot: int
    ) -> tuple[bool, list[int], list[int]]:
        """Add the node's positions; return (nullable, first positions, last positions)."""
        if isinstance(node, Word):
            here = self._new(node.text, slot, CLOSED_COST if slot >= 0 else 0)
            return False, [here], [here]
        if isinstance(node, Slot):
            return self._build_slot(node, slot_tree)
        if isinstance(node, Alt):
            parts = [self._build(part, slot_tree, slot) for part in node.parts]
            first = [p for _, f, _ in parts for p in f]
            return any(n for n, _, _ in parts), first, [p for _, _, last in parts for p in last]
        nullable, first, last = True, [], []
        assert isinstance(node, Seq)
        for part in node.parts:
            part_nullable, part_first, part_last = self._build(part, slot_tree, slot)
            for position in last:
                self._positions[position].follow.extend(part_first)
            if nullable:
                first = first + part_first
            last = last + part_last if part_nullable else part_last
            nullable = nullable and part_nullable
        return nullable, first, last

    def _build_slot(
        self, node: Slot, slot_tree: Callable[[str], Node | None]
    ) -> tuple[bool, list[int], list[int]]:
        self.slot_names.append(node.name)
        occurrence = len(self.slot_names) - 1
        tree = slot_tree(node.name)
        if tree is not None:
            return self._build(tree, slot_tree, occurrence)
        here = self._new(None, occurrence, OPEN_COST)
        self._positions[here].follow.append(here)
        return False, [here], [here]


def _capture(captures: Captures, slot: int, at: int) -> Captures:
    if slot < 0:
        return captures
    if captures and captures[-1][0] == slot:
        return (*captures[:-1], (slot, captures[-1][1], at + 1))
    return (*captures, (slot, at, at + 1))
