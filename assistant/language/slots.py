"""What the slots of a sentence can hold, and how their words become Python values.

A handler's annotation chooses the slot: ``int``, ``Ordinal``, ``Quantity``, ``Items``, ``Needs``,
``str``, or ``Literal["up", "down"]`` for a few fixed words.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Collection
from dataclasses import dataclass

from assistant.language.numbers import ORDINALS, number_words, read_number
from assistant.language.quantities import UNITS, Quantity, read_quantity
from assistant.language.sentences import Alt, Node, Seq, Word, optional, phrase
from assistant.language.text import COMMA, UNKNOWN, spoken
from assistant.language.words import MASS, singular

Words = tuple[str, ...]
Known = Collection[str]


class Ordinal(int):
    """A place in a list as said: 1 is the first, -1 the last, -2 the one before it."""


@dataclass(frozen=True)
class Item:
    """One thing with how much of it."""

    name: str
    quantity: Quantity = Quantity()


class Items(tuple[Item, ...]):
    """The things of an enumeration; ``missed`` when one of them was not understood."""

    missed: bool = False


class Needs(Items):
    """Like ``Items``, for sentences without the word "list": refuses what is not a thing."""


@dataclass(frozen=True)
class SlotType:
    """How one kind of slot is heard and read.

    ``tree`` holds the words it may consist of, ``None`` for any words. ``read`` gets the words
    and the known item names; it returns ``None`` when they do not fit.
    """

    name: str
    read: Callable[[Words, Known], object | None]
    tree: Node | None = None


def slot_type(annotation: object) -> SlotType | None:
    """Return the slot type of a handler's annotation (``X | None`` counts as X)."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(annotation) if a is not type(None)]
        return slot_type(inner[0]) if len(inner) == 1 else None
    if origin is typing.Literal:
        return _choice(typing.get_args(annotation))
    return _TYPES.get(annotation)


def read_items(words: Words, known: Known = ()) -> Items:
    """Split an enumeration into things: "two litres of milk eggs and olive oil" is three.

    Commas separate; "and" separates unless the whole is a known thing ("mac and cheese");
    without either, known things of several words win over those of fewer.
    """
    found: list[Item] = []
    missed = UNKNOWN in words
    typed = COMMA in words
    for chunk in _split(_without_dangling(words), (COMMA,)):
        for item in _split_and(chunk, known):
            found.extend(_things(item, () if typed else known))
    items = Items(i for i in found if i.name)
    items.missed = missed
    return items


def _without_dangling(words: Words) -> Words:
    """Drop what names the list, "milk to my list and eggs", and an end such as "milk and"."""
    out = list(words)
    for at in range(len(out) - 2, 0, -1):
        if out[at] in _TO and out[at + 1] in _THE and "list" in out[at : at + 4]:
            out[at : out.index("list", at) + 1] = [COMMA]
    for at in range(1, len(out) - 1):
        if out[at] in _TO and out[at + 1] in _THE and len(out) - at <= 4:
            out = out[:at]
            break
    while out and out[-1] in _DANGLING:
        out.pop()
    return tuple(out)


_TO = ("to", "on", "onto", "off", "from")
_THE = ("the", "my", "our")
_DANGLING = {"and", "or", "plus", "of", "a", "an", "some", "please", COMMA, *_TO, *_THE}


def _split(words: Words, at: Words) -> list[Words]:
    out: list[list[str]] = [[]]
    for word in words:
        if word in at:
            out.append([])
        else:
            out[-1].append(word)
    return [tuple(part) for part in out if part]


def _split_and(words: Words, known: Known) -> list[Words]:
    """Split at "and", except inside an amount ("two and a half") or a known thing."""
    parts: list[list[str]] = [[]]
    at = 0
    while at < len(words):
        _, after = read_quantity(words, at) if not parts[-1] else (None, at)
        name = _longest_known(words, after, known)
        step = (
            max(after, name, at + 1)
            if {"and", "or"}.intersection(words[at : max(after, name)])
            else at + 1
        )
        if step == at + 1 and words[at] in ("and", "or", "plus"):
            parts.append([])
        else:
            parts[-1].extend(words[at:step])
        at = step
    return [tuple(p) for p in parts if p]


def _longest_known(words: Words, at: int, known: Known) -> int:
    """Return the index after the longest known name that begins at ``at``, or ``at``."""
    for end in range(min(len(words), at + 4), at, -1):
        if " ".join(words[at:end]) in known:
            return end
    return at


def _things(words: Words, known: Known) -> list[Item]:
    """Return the things of one stretch without separators: one, unless all are known."""
    out, at = [], 0
    while at < len(words):
        quantity, name_at = read_quantity(words, at)
        end = _longest_known(words, name_at, known)
        if end == name_at and quantity and known:  # "one egg": known as "eggs"
            end = _longest_known_singular(words, name_at, known)
        if end == name_at:
            return [_thing(words)]
        out.append(Item(" ".join(words[name_at:end]), quantity))
        at = end
    return out


def _longest_known_singular(words: Words, at: int, known: Known) -> int:
    for end in range(min(len(words), at + 3), at, -1):
        name = " ".join(words[at:end])
        if name not in MASS and any(singular(k) == name for k in known):
            return end
    return at


def _thing(words: Words) -> Item:
    quantity, at = read_quantity(words)
    name = " ".join(w for w in words[at:] if w != UNKNOWN)
    return Item(name, quantity if name else Quantity())


def _read_items(words: Words, known: Known) -> Items | None:
    items = read_items(words, known)
    return items if items or items.missed else None


_NOT_THINGS = frozenset(
    str.split(
        "to you me him her them it that this help go get know talk leave sleep be is are not do "
        "what when where who how why because if your i we us there here list timer alarm"
    )
)


def _read_needs(words: Words, known: Known) -> Needs | None:
    items = read_items(words, known)
    if not items or items.missed:
        return None
    for item in items:
        parts = item.name.split()
        if item.name not in known and (len(parts) > 3 or _NOT_THINGS.intersection(parts)):
            return None
    return Needs(items)


def _read_name(words: Words, known: Known) -> str | None:
    return " ".join(w for w in spoken(words) if w != UNKNOWN) or None


def _read_int(words: Words, known: Known) -> int | None:
    number = read_number(spoken(words))
    return number[0] if number and number[1] == len(spoken(words)) else None


def _read_ordinal(words: Words, known: Known) -> Ordinal | None:
    name = " ".join(words)
    return Ordinal(_LAST[name] if name in _LAST else ORDINALS[name])


def _read_quantity(words: Words, known: Known) -> Quantity | None:
    quantity, at = read_quantity((*words, "it"))
    return quantity if quantity and at == len(words) else None


_LAST = {"last": -1, "second to last": -2, "next to last": -2}
_DIGIT = Alt(tuple(phrase(number_words(n)) for n in range(1, 10)))
_COUNT = (
    *(phrase(number_words(n)) for n in range(1, 20)),
    *(Seq((phrase(number_words(n)), optional(_DIGIT))) for n in range(20, 100, 10)),
    *(phrase("one hundred"), phrase("a hundred")),
)
NUMBER = Alt((phrase("zero"), *_COUNT))
_ORDINAL = Alt(
    tuple(phrase(w) for w, n in ORDINALS.items() if n <= 20) + tuple(phrase(w) for w in _LAST)
)
_MEASURE = Alt(tuple(Word(form) for form in sorted(UNITS) if len(form) > 2))
QUANTITY = Alt((
    Seq((Alt(_COUNT), optional(_MEASURE))),  # none of a thing is no quantity of it
    Seq((phrase("half a"), _MEASURE)),
    Seq((Word("a"), _MEASURE)),
    phrase("half a dozen"),
))  # fmt: skip
# What a recogniser's grammar offers before a thing: every word only once, for speed.
AMOUNT_JSGF = (
    "[ ( one | two | three | four | five | six | seven | eight | nine | ten | eleven | twelve "
    "| fifteen | twenty | thirty | fifty | a hundred | a | an | the | some | more | half a ) "
    "[ ( liter | liters | kilo | kilos | grams | pound | pounds | pack | packs | box | boxes "
    "| bag | bags | bottle | bottles | can | cans | jar | jars | carton | cartons | loaf "
    "| loaves | bunch | dozen | rolls | tubes | cups ) [ of ] ] ]"
)


def _choice(words: tuple[str, ...]) -> SlotType:
    def read(heard: Words, known: Known) -> str | None:
        return " ".join(heard)

    name = "_or_".join(w.replace(" ", "_") for w in words)
    return SlotType(name, read, Alt(tuple(phrase(w) for w in words)))


_TYPES: dict[object, SlotType] = {
    str: SlotType("name", _read_name),
    Items: SlotType("items", _read_items),
    Needs: SlotType("items", _read_needs),
    int: SlotType("number", _read_int, NUMBER),
    Ordinal: SlotType("ordinal", _read_ordinal, _ORDINAL),
    Quantity: SlotType("quantity", _read_quantity, QUANTITY),
}
