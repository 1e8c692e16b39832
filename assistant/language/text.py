"""What a recogniser or a keyboard gives, as plain comparable words.

Everything that compares sentences (templates, utterances, the reply being spoken) goes through
``words``, so that "What's", "whats" and "what is" are one thing, and "2" is "two".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from assistant.language.numbers import LARGEST, number_words

UNKNOWN = "[unk]"  # speech outside the recogniser's vocabulary
COMMA = ","  # kept as a word of its own: it separates items in typed sentences

_IS = ("what", "that", "it", "there", "here", "who", "where", "how", "when", "he", "she")
CONTRACTIONS = (
    {f"{w}'s": (w, "is") for w in _IS}
    | {f"{w}'re": (w, "are") for w in ("we", "you", "they", "what")}
    | {f"{w}'ll": (w, "will") for w in ("i", "we", "you", "it", "that")}
    | {f"{w}'d": (w, "would") for w in ("i", "we", "you")}
    | {f"{w}'ve": (w, "have") for w in ("i", "we", "you", "they")}
    | {f"{w}n't": (w, "not") for w in ("do", "does", "did", "is", "are", "was", "have", "could")}
    | {"i'm": ("i", "am"), "can't": ("can", "not"), "won't": ("will", "not")}
    | {"let's": ("let", "us")}
)
_UNWRITTEN = {k.replace("'", ""): v for k, v in CONTRACTIONS.items()}
for _clash in ("well", "were", "ill", "wed", "id", "shell", "hell", "its"):
    _UNWRITTEN.pop(_clash, None)
_EXPANSIONS = _UNWRITTEN | CONTRACTIONS

_SPELLING = {
    "ok": "okay",
    "percentage": "percent",
    "litre": "liter",
    "litres": "liters",
    "metre": "meter",
    "metres": "meters",
    "millilitre": "milliliter",
    "millilitres": "milliliters",
    "kilogram": "kilo",
    "kilograms": "kilos",
    "yoghurt": "yogurt",
}
_TOKEN = re.compile(r"\[unk\]|[,;]|\d+(?:[.:/]\d+)?|%|&|½|[^\W\d_]+(?:'[^\W\d_]+)*")


@lru_cache(maxsize=512)
def words(text: str) -> tuple[str, ...]:
    """Return ``text`` as lower-case words: contractions expanded, numbers written out.

    Punctuation is dropped, except that a comma stays as a word of its own and the recogniser's
    ``[unk]`` is kept.
    """
    out: list[str] = []
    for token in _TOKEN.findall(text.casefold().replace("\u2019", "'")):
        out.extend(_word(token))
    return tuple(out)


def spoken(words_: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words without commas, as they would be heard."""
    return tuple(w for w in words_ if w != COMMA)


def _word(token: str) -> tuple[str, ...]:
    if token[0].isdecimal():
        return tuple(_digits(token).split())
    fixed = {"%": "percent", "&": "and", "½": "half", ";": COMMA}.get(token, token)
    return _EXPANSIONS.get(fixed) or (_SPELLING.get(fixed, fixed),)


def _digits(token: str) -> str:
    if token == "1/2":
        return "half"
    if any(int(part) > LARGEST for part in re.split(r"[.:/]", token)):
        return token
    if "." in token:
        whole, fraction = token.split(".")
        return f"{number_words(int(whole))} point " + " ".join(
            number_words(int(d)) for d in fraction
        )
    return " ".join(number_words(int(part)) for part in re.split(r"[:/]", token))


_WAKE_NAMES = ("computer", "jarvis", "alexa", "mycroft", "rhasspy", "assistant")
_LEAD = [
    *((name,) for name in _WAKE_NAMES),
    *((w,) for w in str.split("hey hi hello okay uh um er erm hmm oh well so please")),
    *((w,) for w in str.split("actually wait sorry and also then just now")),
    *(tuple(p.split()) for p in ("can you", "could you", "would you", "will you", "i want you to")),
    *(tuple(p.split()) for p in ("i would like you to", "i said", "no wait")),
    (COMMA,),
]
_TRAIL = [
    *((name,) for name in _WAKE_NAMES),
    *(tuple(p.split()) for p in ("please", "thanks", "thank you", "for me", "now", "then")),
    *(tuple(p.split()) for p in ("will you", "would you", "if you can", "uh", "um")),
    (UNKNOWN,),
    (COMMA,),
]


def strip_lead(words_: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words without what people (and wake words) put before a command.

    An unknown word stays: it may have been "don't".
    """
    return _without_leads(words_)[-1]


def _without_leads(words_: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the words, and then with one more of what is put before a command taken off."""
    found = [words_]
    while phrase := next((p for p in _LEAD if p and found[-1][: len(p)] == p), None):
        found.append(found[-1][len(phrase) :])
    return found


def strip_trail(words_: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words without politeness, names and at most one unknown word at the end.

    The first of them stays where nothing else would: "thanks please" is a thank you.
    """
    return _without_trails(words_)[-1]


def _without_trails(words_: tuple[str, ...]) -> list[tuple[str, ...]]:
    found, unknown = [words_], 0
    while phrase := next((p for p in _TRAIL if found[-1][-len(p) :] == p), None):
        unknown += phrase == (UNKNOWN,)
        if phrase == found[-1] or unknown > 1:
            break
        found.append(found[-1][: -len(phrase)])
    return found


def cores(words_: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return what the words may boil down to, most stripped first, without duplicates.

    A greeting is also something to strip: "please hi computer" may mean "hi computer".
    """
    leads = _without_leads(words_)
    found = [core for lead in leads[::-1] for core in _without_trails(lead)[::-1]]
    if leads[-1][:1] == ("no",):  # "no, add bread"
        found.append(strip_trail(strip_lead(leads[-1][1:])))
    return tuple(dict.fromkeys(w for w in found if w))


def only_lead(words_: tuple[str, ...]) -> bool:
    """Return whether the words are at most a beginning such as "hey computer, could you"."""
    rest = strip_lead(words_)
    return not rest or any(p[: len(rest)] == rest for p in _LEAD)


def is_within(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """Return whether all of ``part`` occurs in ``whole`` in the same order (gaps allowed)."""
    rest = iter(whole)
    return all(any(word == other for other in rest) for word in part)


def join(parts: Sequence[str], word: str = "and") -> str:
    """Return "a", "a and b" or "a, b and c"; empty for nothing."""
    head, last = parts[:-1], "".join(parts[-1:])
    return f"{', '.join(head)} {word} {last}" if head else last
