"""Spell what a voice would read badly: times, units, signs and abbreviations (English).

Plain numbers stay as they are: both voices read digits well. The other direction, number words
to values, is ``assistant.language.numbers``.
"""

from __future__ import annotations

import re

_UNITS = {
    "l": "litre", "ml": "millilitre", "cl": "centilitre", "dl": "decilitre", "kg": "kilogram",
    "g": "gram", "mg": "milligram", "km": "kilometre", "m": "metre", "cm": "centimetre",
    "mm": "millimetre", "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute",
    "mins": "minute", "s": "second", "sec": "second", "secs": "second", "lb": "pound",
    "lbs": "pound", "oz": "ounce", "tbsp": "tablespoon", "tsp": "teaspoon", "pcs": "piece",
    "pkg": "packet", "pkt": "packet", "°c": "degree", "°f": "degree", "°": "degree",
}  # fmt: skip
_SHORT = {
    "e.g.": "for example", "i.e.": "that is", "etc.": "and so on", "approx.": "about",
    "vs.": "versus", "no.": "number", "w/o": "without", "w/": "with", "asap": "as soon as possible",
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday",
    "sat.": "Saturday", "sun.": "Sunday",
}  # fmt: skip
_SIGNS = {"&": " and ", "%": " percent ", "+": " plus ", "=": " equals ", "@": " at "}
_TIME = re.compile(r"\b([01]?\d|2[0-3])[:.]([0-5]\d)\s*([ap])\.?m\.?(?![a-z])", re.IGNORECASE)
_CLOCK = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)\b(?!:)")
_AMOUNT = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?)\s*(" + "|".join(map(re.escape, sorted(_UNITS, key=len)[::-1]))
    + r")(?![\w°])",
    re.IGNORECASE,
)  # fmt: skip
_FRACTIONS = {"½": "a half", "¼": "a quarter", "¾": "three quarters", "⅓": "a third"}


def for_speech(text: str) -> str:
    """Return ``text`` as it should be read aloud; text without oddities comes back unchanged.

    Idempotent; keeps the order of the words and the punctuation that makes pauses.
    """
    text = _TIME.sub(lambda m: f"{_clock(m[1], m[2])} {m[3].upper()}M", text)
    text = _CLOCK.sub(lambda m: _clock(m[1], m[2]), text)
    for sign, words in _FRACTIONS.items():
        text = re.sub(rf"(\d){sign}", rf"\1 and {words}", text).replace(sign, words)
    text = _AMOUNT.sub(_amount, text)
    words = [_SHORT.get(word.lower(), word) for word in text.split(" ")]
    text = " ".join(words)
    for sign, spoken in _SIGNS.items():
        text = re.sub(rf"\s*{re.escape(sign)}\s*", spoken, text)
    return re.sub(r" +(?=[,.;:!?]|$)", "", re.sub(r"[ \t]+", " ", text)).strip()


def _clock(hour: str, minute: str) -> str:
    """Return a time of day: 7:00 is "7 o'clock", 7:05 "7 oh 5", 7:30 "7 30"."""
    h, m = int(hour), int(minute)
    if m == 0:
        return f"{h} o'clock" if 1 <= h <= 12 else f"{h} hundred" if h else "midnight"
    return f"{h} oh {m}" if m < 10 else f"{h} {m}"


def _amount(m: re.Match[str]) -> str:
    unit = _UNITS[m[2].lower()]
    return f"{m[1]} {unit}" + ("" if m[1] == "1" else "s")
