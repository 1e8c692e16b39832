"""Numbers and ordinals as people say them, in both directions (English)."""

from __future__ import annotations

from collections.abc import Sequence

_ONES = str.split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = str.split("twenty thirty forty fifty sixty seventy eighty ninety")
_IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_VALUES = {w: n for n, w in enumerate(_ONES)} | {w: 20 + 10 * n for n, w in enumerate(_TENS)}

LARGEST = 999_999


def number_words(n: int) -> str:
    """Return ``n`` in words without "and": 215 is "two hundred fifteen".

    Raises ``ValueError`` outside 0 to 999,999.
    """
    if not 0 <= n <= LARGEST:
        raise ValueError(f"{n} is outside 0 to {LARGEST}")
    if n < 20:
        return _ONES[n]
    if n < 100:
        tens, ones = divmod(n, 10)
        return _TENS[tens - 2] + (f" {_ONES[ones]}" if ones else "")
    base, name = (100, "hundred") if n < 1000 else (1000, "thousand")
    high, low = divmod(n, base)
    return f"{number_words(high)} {name}" + (f" {number_words(low)}" if low else "")


def ordinal_words(n: int) -> str:
    """Return the ordinal of ``n`` in words: 23 is "twenty third"."""
    head, _, last = number_words(n).rpartition(" ")
    if last in _IRREGULAR_ORDINALS:
        last = _IRREGULAR_ORDINALS[last]
    else:
        last = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return f"{head} {last}".strip()


def read_number(words: Sequence[str], start: int = 0) -> tuple[int, int] | None:
    """Read the longest number that begins at ``words[start]``; return (value, next index).

    Understands "twenty five", "a hundred", "two hundred and ten", "three thousand"; ``None``
    when there is no number.
    """
    hundreds = _read_below_thousand(words, start)
    if hundreds is None:
        return None
    value, at = hundreds
    if _word(words, at) == "thousand" and value > 0:
        value, at = value * 1000, at + 1
        rest = _read_below_thousand(words, at + (_word(words, at) == "and"))
        if rest is not None:
            value, at = value + rest[0], rest[1]
    return value, at


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if at < len(words) else ""


def _read_below_hundred(words: Sequence[str], at: int) -> tuple[int, int] | None:
    value = _VALUES.get(_word(words, at))
    if value is None:
        return None
    ones = _VALUES.get(_word(words, at + 1), 0)
    if value >= 20 and 1 <= ones <= 9:
        return value + ones, at + 2
    return value, at + 1


def _read_below_thousand(words: Sequence[str], at: int) -> tuple[int, int] | None:
    if _word(words, at) == "a" and _word(words, at + 1) in ("hundred", "thousand"):
        low: tuple[int, int] | None = (1, at + 1)
    else:
        low = _read_below_hundred(words, at)
    if low is None:
        return None
    value, at = low
    if _word(words, at) != "hundred" or not 1 <= value <= 9:
        return value, at
    value, at = value * 100, at + 1
    rest = _read_below_hundred(words, at + (_word(words, at) == "and"))
    return (value + rest[0], rest[1]) if rest is not None and rest[0] else (value, at)


ORDINALS = {ordinal_words(n): n for n in range(1, 32)}
