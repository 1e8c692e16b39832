"""One setting's value: checked, read from the command line, written as TOML."""

from __future__ import annotations

import json
import math
import unicodedata
from dataclasses import Field

from assistant.errors import BadInput, did_you_mean

_KINDS = {  # what it is, and how an example is written
    bool: ("true or false", "true or false"),
    int: ("a whole number", "one like 200"),
    float: ("a number", "one like 0.5"),
    str: ("a text", 'it in quotes, "like this"'),
    tuple: ("a list of texts", 'it as ["one", "two"]'),
}


def checked(declared: Field, value: object, at: str) -> object:
    """Return ``value`` in the type of the setting; raises ``BadInput`` saying what is wrong.

    ``at`` names the file and the key in that sentence. A whole number is taken for a float, a
    list for a tuple; nothing else is converted.
    """
    low, high, choices = (declared.metadata[k] for k in ("low", "high", "choices"))
    kind = type(declared.default)
    if kind is float and type(value) is int and abs(value) < 2**53:
        value = float(value)
    if kind is tuple and isinstance(value, list):
        value = tuple(value)
    if type(value) is not kind or (kind is tuple and any(type(v) is not str for v in value)):
        raise BadInput(at, f"{_shown(value)} is not {_KINDS[kind][0]}", f"write {_KINDS[kind][1]}")
    texts = value if kind is tuple else (value,) if kind is str else ()
    if any(unicodedata.category(c) in ("Cc", "Cs") for text in texts for c in text):
        raise BadInput(at, f"{_shown(value)} has an unprintable character", "write plain text")
    if choices is not None and value not in choices:
        raise BadInput(at, f'there is no "{value}"', did_you_mean(str(value), choices))
    inside = (low is None or value >= low) and (high is None or value <= high)
    if not inside or (kind is float and not math.isfinite(value)):
        problem = f"{_shown(value)} is out of range"
        raise BadInput(at, problem, f"give a number from {allowed(declared)}")
    return value


def from_text(default: object, text: str) -> object:
    """Return what is written on the command line as a TOML file would hold it."""
    if isinstance(default, str):
        return text
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        return int(text) if isinstance(default, int) else float(text)
    except ValueError:
        return text


def allowed(declared: Field) -> str:
    """Return the range or the choices of a setting in words; empty when anything goes."""
    low, high, choices = (declared.metadata[k] for k in ("low", "high", "choices"))
    if choices is not None:
        return " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]]))
    if low is None and high is None:
        return "true or false" if isinstance(declared.default, bool) else ""
    return f"{low} to {high}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python does not print integers of thousands of digits
        text = "a huge number"
    return text if len(text) <= 60 else text[:57] + "..."


def as_toml(value: object) -> str:
    """Return a setting's value in TOML notation."""
    if isinstance(value, tuple):
        return "[" + ", ".join(as_toml(part) for part in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else repr(value)
