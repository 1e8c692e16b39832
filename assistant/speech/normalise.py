"""Spell what a voice would read badly: times, dates, units, money, signs and lists (English).

Plain numbers stay as they are: both voices read digits well. The other direction, number words
to values, is ``assistant.language.numbers``.
"""

from __future__ import annotations

import re
from datetime import date

from assistant.language.numbers import number_words, ordinal_words

_UNITS = {
    "l": "litre", "ml": "millilitre", "cl": "centilitre", "dl": "decilitre", "kg": "kilogram",
    "g": "gram", "mg": "milligram", "km": "kilometre", "m": "metre", "cm": "centimetre",
    "mm": "millimetre", "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute",
    "mins": "minute", "s": "second", "sec": "second", "secs": "second", "ms": "millisecond",
    "lb": "pound", "lbs": "pound", "oz": "ounce", "tbsp": "tablespoon", "tsp": "teaspoon",
    "pcs": "piece", "pkg": "packet", "pkt": "packet", "°c": "degree", "°f": "degree",
    "°": "degree", "w": "watt", "kw": "kilowatt", "kwh": "kilowatt hour", "v": "volt",
    "hz": "hertz", "khz": "kilohertz", "db": "decibel", "kb": "kilobyte", "mb": "megabyte",
    "gb": "gigabyte", "km/h": "kilometre per hour", "m/s": "metre per second", "x": "time",
}  # fmt: skip
_UNCHANGING = {"hertz", "kilohertz"}
_SHORT = {
    "e.g.": "for example", "i.e.": "that is", "etc.": "and so on", "approx.": "about",
    "vs.": "versus", "w/o": "without", "w/": "with", "asap": "as soon as possible",
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday",
    "sat.": "Saturday", "sun.": "Sunday", "dr.": "Doctor", "mr.": "Mister", "mrs.": "Missus",
    "ms.": "Miss", "tel.": "telephone", "min.": "minimum", "max.": "maximum",
    "jan.": "January", "feb.": "February", "aug.": "August", "sept.": "September",
    "oct.": "October", "nov.": "November", "dec.": "December", "p.s.": "P S", "and/or": "and or",
}  # fmt: skip
_SIGNS = {
    "&": " and ", "%": " percent ", "+": " plus ", "=": " equals ", "@": " at ", "×": " times ",
    "÷": " divided by ", "≈": " about ", "≤": " at most ", "≥": " at least ", "→": " to ",
}  # fmt: skip
_MONEY = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny")}
_MONTHS = str.split(
    "January February March April May June July August September October November December"
)
_FRACTIONS = {
    "½": "a half", "¼": "a quarter", "¾": "three quarters", "⅓": "a third", "⅔": "two thirds",
    "⅛": "an eighth",
}  # fmt: skip
_SLASHED = {"1/2": "½", "1/4": "¼", "3/4": "¾", "1/3": "⅓", "2/3": "⅔", "1/8": "⅛"}

_LINES = re.compile(r"([^\s.,;:!?])?[ \t]*\n\s*(?:[-*•–]\s+)?")
_BULLET = re.compile(r"^\s*[-*•]\s+")
_COMMA = re.compile(r"(?<=[^\W\d_]),(?=[^\W\d_])")
_DATE = re.compile(r"(?<![\d-])(\d{4})-(\d\d)-(\d\d)(?![\d-])")
_TIME = re.compile(
    r"\b([01]?\d|2[0-3])[:.]([0-5]\d)\s*([ap])(?:\.m\.(?=\s+[a-z])|\.m\b|m\b)", re.IGNORECASE
)
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)\b(?!:)")
_WHOLE = r"(\d{1,3}(?:,\d{3})+|\d+)"
_PRICE = re.compile(
    rf"([$€£])\s?{_WHOLE}(?:\.(\d\d))?(?![\d.,]*\d)|(?<![\d.,]){_WHOLE}(?:[.,](\d\d))?\s?([$€£])"
)
_RANGE = re.compile(r"(?<![\w.,/–-])(\d{1,3})\s?[-–]\s?(\d{1,3})(?![\w/–-]*[-–/]\d)(?!\d)")
_MINUS = re.compile(r"(?<![\w)\]–-])[-−](?=\d)")
_SLASH = re.compile(r"(?<![\w/.,])(?:(\d+)\s)?([1-3]/[2348])(?![\w/])")
_NUMBER = re.compile(r"(?<!\w)(?:#|[Nn]o\. ?)(?=\d)")
_UNIT = "(" + "|".join(map(re.escape, sorted(_UNITS, key=len)[::-1])) + r")(?![\w°/])"
_PART = re.compile(rf"(\d+)?\s?([½¼¾⅓⅔⅛])(?:\s?{_UNIT})?", re.IGNORECASE)
_AMOUNT = re.compile(rf"(?<![\w.])(\d+(?:[.,]\d+)?)\s*{_UNIT}", re.IGNORECASE)


def for_speech(text: str) -> str:
    """Return ``text`` as it should be read aloud; text without oddities comes back unchanged.

    Idempotent; keeps the order of the words and the punctuation that makes pauses. Never raises.
    """
    text = _BULLET.sub("", text)
    text = _LINES.sub(lambda m: f"{m[1]}, " if m[1] else " ", text.strip())
    text = _COMMA.sub(", ", text)
    text = _DATE.sub(_date, text)
    text = _TIME.sub(lambda m: f"{_clock(m[1], m[2])} {m[3].upper()}M", text)
    text = _CLOCK.sub(lambda m: _clock(m[1], m[2]), text)
    text = _PRICE.sub(_price, text)
    text = _SLASH.sub(lambda m: (m[1] or "") + _SLASHED.get(m[2], f" {m[2]}"), text)
    text = _MINUS.sub("minus ", text)
    text = _RANGE.sub(lambda m: f"{m[1]} to {m[2]}" if int(m[1]) < int(m[2]) else m[0], text)
    text = _NUMBER.sub("number ", text)
    text = _PART.sub(_fraction, text)
    text = _AMOUNT.sub(_amount, text)
    text = " ".join(_SHORT.get(word.lower(), word) for word in text.split(" "))
    for sign, spoken in _SIGNS.items():
        text = re.sub(rf"\s*{re.escape(sign)}\s*", spoken, text)
    return re.sub(r" +(?=[,.;:!?]|$)", "", re.sub(r"[ \t]+", " ", text)).strip()


def _clock(hour: str, minute: str) -> str:
    """Return a time of day: 7:00 is "7 o'clock", 7:05 "7 oh 5", 7:30 "7 30"."""
    h, m = int(hour), int(minute)
    if m == 0:
        return f"{h} o'clock" if 1 <= h <= 12 else f"{h} hundred" if h else "midnight"
    return f"{h} oh {m}" if m < 10 else f"{h} {m}"


def _date(m: re.Match[str]) -> str:
    """Return 2026-11-23 as "the twenty third of November 2026", and anything else as it is."""
    try:
        day = date(int(m[1]), int(m[2]), int(m[3]))
    except ValueError:
        return m[0]
    return f"the {ordinal_words(day.day)} of {_MONTHS[day.month - 1]} {day.year:04}"


def _price(m: re.Match[str]) -> str:
    """Return $3.50 as "3 dollars 50", €1 as "1 euro" and £0.20 as "20 pence"."""
    sign, whole, part = (m[1], m[2], m[3]) if m[1] else (m[6], m[4], m[5])
    large, small = _MONEY[sign]
    cents = int(part or 0)
    if not whole.strip("0,") and cents:
        return f"{cents} {small if cents == 1 else 'pence' if small == 'penny' else small + 's'}"
    named = f"{whole} {large}" + ("" if whole == "1" else "s")
    return f"{named} {number_words(cents)}" if cents else named


def _fraction(m: re.Match[str]) -> str:
    """Return ½ as "a half", 1½ l as "1 and a half litres" and ½ l as "half a litre"."""
    words = _FRACTIONS[m[2]]
    if m[1]:
        return f"{m[1]} and {words}" + (f" {_unit(m[3], many=True)}" if m[3] else "")
    if not m[3]:
        return f" {words}" if m[0][0].isspace() else words
    one = _unit(m[3], many=False)
    article = "an" if one[0] in "aeiou" or one.startswith("hour") else "a"
    half = f"{words.removeprefix('a ')} {article}" if words == "a half" else f"{words} of {article}"
    return " " * m[0][0].isspace() + f"{half} {one}"


def _amount(m: re.Match[str]) -> str:
    return f"{m[1]} {_unit(m[2], many=m[1] != '1')}"


def _unit(short: str, many: bool) -> str:
    name = _UNITS[short.lower()]
    if not many or name in _UNCHANGING:
        return name
    first, per, rest = name.partition(" per ")
    return f"{first}s{per}{rest}"
