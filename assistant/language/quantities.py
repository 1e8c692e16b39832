"""Amounts of things: reading them from words, merging them, saying them.

A ``Quantity`` maps units to amounts ("two litres and one bottle"). Merging adds what has the
same unit; it is associative and commutative, and "no amount said" changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from assistant.language.numbers import LARGEST, number_words, read_number
from assistant.language.text import words
from assistant.language.words import plural, singular

_UNIT_NAMES = str.split(
    "litre millilitre gram kilo pound ounce pint gallon pack packet package box bag bottle can "
    "tin jar carton loaf bunch dozen piece slice roll tube cup bar stick head clove case tub "
    "pair sack tray crate bowl spoon teaspoon tablespoon metre"
)
UNITS = {words(form)[0]: unit for unit in _UNIT_NAMES for form in (unit, plural(unit))}
UNITS |= {"l": "litre", "ml": "millilitre", "g": "gram", "kg": "kilo", "oz": "ounce"}
UNITS |= {"lb": "pound", "lbs": "pound"}
_BARE_UNITS = ("dozen", "pair")  # "a dozen eggs" and "two dozen eggs": no plural, no "of"

_HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Quantity:
    """How much of a thing: ``parts`` are (unit or "", amount), sorted, without zeros."""

    parts: tuple[tuple[str, Fraction], ...] = ()

    @classmethod
    def of(cls, amount: int | Fraction, unit: str = "") -> Quantity:
        """Return ``amount`` of one unit; "" counts the things themselves."""
        return cls(((unit, Fraction(amount)),)) if amount else cls()

    def __add__(self, other: Quantity) -> Quantity:
        total: dict[str, Fraction] = dict(self.parts)
        for unit, amount in other.parts:
            total[unit] = total.get(unit, Fraction(0)) + amount
        return Quantity(tuple(sorted((u, a) for u, a in total.items() if a)))

    def __bool__(self) -> bool:
        return bool(self.parts)

    def encode(self) -> str:
        """Return the quantity as text for the store; ``decode`` reads it back."""
        return ";".join(f"{amount} {unit}".strip() for unit, amount in self.parts)

    @classmethod
    def decode(cls, text: str) -> Quantity:
        """Read what ``encode`` wrote."""
        out = cls()
        for part in filter(None, text.split(";")):
            amount, _, unit = part.partition(" ")
            out += cls.of(Fraction(amount), unit)
        return out


def say(quantity: Quantity, name: str) -> str:
    """Return "two litres and one bottle of milk", "three eggs" or just the name."""
    if not quantity:
        return name
    measures = [say_measure(unit, amount) for unit, amount in quantity.parts if unit]
    count = dict(quantity.parts).get("")
    if count is not None and not measures:
        return f"{say_amount(count)} {name_for(count, name)}"
    if count is not None:
        measures.append(say_amount(count))
    last_unit = quantity.parts[-1][0]
    of = " " if last_unit in _BARE_UNITS and count is None else " of "
    return " and ".join(measures) + of + name


def say_measure(unit: str, amount: Fraction) -> str:
    """Return "two litres", "half a kilo", "one and a half pints" or "two dozen"."""
    if (unit, amount) == ("dozen", 1):
        return "a dozen"
    one = amount <= 1 or unit in _BARE_UNITS
    return f"{say_amount(amount, 'half a')} {unit if one else plural(unit)}"


def say_amount(amount: Fraction, half: str = "half") -> str:
    """Return the amount in words; halves as people say them, the rest in decimals."""
    whole, rest = divmod(amount, 1)
    if not rest:
        return number_words(int(whole)) if whole <= LARGEST else str(whole)
    if rest == _HALF:
        return f"{number_words(int(whole))} and a half" if whole else half
    decimals = f"{float(rest):.3f}"[2:].rstrip("0") or "0"
    return f"{number_words(int(whole))} point " + " ".join(number_words(int(d)) for d in decimals)


def name_for(count: Fraction, name: str) -> str:
    """Return the name as ``count`` of it are called."""
    return singular(name) if count <= 1 else plural(name)


def read_quantity(heard: Sequence[str], start: int = 0) -> tuple[Quantity, int]:
    """Read the quantity at ``heard[start]``; return it and the index of the word after it.

    "two litres of", "a dozen", "half a kilo of", "three", "a", "some" (which is no amount). An
    empty quantity and ``start`` when there is none.
    """
    amount, at = _read_amount(heard, start)
    unit = UNITS.get(_at(heard, at), "")
    if at == start and not (unit in _BARE_UNITS or (unit and _at(heard, at + 1) == "of")):
        return Quantity(), start
    if unit:
        following = at + 1 + (_at(heard, at + 1) == "of")
        if following < len(heard):
            return Quantity.of(amount or 1, unit), following
    if _at(heard, at) == "of" and amount is not None:  # "two of those"
        at += 1
    if at >= len(heard):
        return Quantity(), start
    return (Quantity() if amount is None else Quantity.of(amount)), at


def _at(heard: Sequence[str], at: int) -> str:
    return heard[at] if at < len(heard) else ""


def _read_amount(heard: Sequence[str], at: int) -> tuple[Fraction | None, int]:
    """Return the amount at ``at``, or ``None``; the index moves past words such as "some"."""
    if _at(heard, at + 1) in ("hundred", "thousand") and heard[at] == "a":
        value, at = read_number(heard, at) or (0, at)
        return Fraction(value), at
    for phrase, amount in _PHRASES:
        if tuple(heard[at : at + len(phrase)]) == phrase:
            return amount, at + len(phrase)
    number = read_number(heard, at)
    if number is None:
        return None, at
    value, at = number
    if tuple(heard[at : at + 3]) == ("and", "a", "half"):
        return value + _HALF, at + 3
    if _at(heard, at) == "point" and read_number(heard, at + 1):
        digits, at = _read_decimals(heard, at + 1)
        return value + digits, at
    return Fraction(value), at


def _read_decimals(heard: Sequence[str], at: int) -> tuple[Fraction, int]:
    value, scale = Fraction(0), Fraction(1, 10)
    while (digit := read_number(heard[at : at + 1])) is not None and digit[0] < 10:
        value, scale, at = value + digit[0] * scale, scale / 10, at + 1
    return value, at


_PHRASES = [
    (tuple(phrase.split()), amount)
    for phrase, amount in (
        ("one and a half", 1 + _HALF),
        ("half a", _HALF),
        ("half an", _HALF),
        ("half", _HALF),
        ("a half", _HALF),
        ("a couple of", Fraction(2)),
        ("a couple", Fraction(2)),
        ("a few", None),
        ("a little", None),
        ("a bit of", None),
        ("a lot of", None),
        ("more", None),
        ("some more", None),
        ("some", None),
        ("any", None),
        ("the", None),
        ("another", Fraction(1)),
        ("an", Fraction(1)),
    )
] + [(("a",), Fraction(1))]
_PHRASES.sort(key=lambda entry: -len(entry[0]))
