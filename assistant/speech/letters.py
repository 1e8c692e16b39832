"""How an English word is probably pronounced, for words no dictionary has.

Phones are those of the CMU pronouncing dictionary (39, no stress). The rules are the common
spellings only, longest first; a name may come out wrong, and is still better than no entry.
"""

from __future__ import annotations

import unicodedata

_AT_START = {"kn": "N", "wr": "R", "ps": "S", "wh": "W", "x": "Z"}
_AT_END = {
    "tion": "SH AH N", "sion": "ZH AH N", "ture": "CH ER", "ous": "AH S", "ies": "IY Z",
    "le": "AH L", "ed": "D", "es": "Z", "e": "", "y": "IY", "er": "ER", "ing": "IH NG",
}  # fmt: skip
_ANYWHERE = {
    "tch": "CH", "dge": "JH", "igh": "AY", "eau": "OW", "ough": "OW", "augh": "AO", "sch": "SH",
    "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "gh": "G", "ck": "K", "qu": "K W", "ng": "NG",
    "oo": "UW", "ee": "IY", "ea": "IY", "ai": "EY", "ay": "EY", "oa": "OW", "ou": "AW", "ow": "OW",
    "oi": "OY", "oy": "OY", "au": "AO", "aw": "AO", "ie": "IY", "ei": "EY", "ew": "UW", "ue": "UW",
    "ar": "AA R", "or": "AO R", "er": "ER", "ir": "ER", "ur": "ER", "ce": "S", "ci": "S IH",
    "cy": "S IY", "ge": "JH", "gi": "JH IH",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH",
    "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R",
    "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IH", "z": "Z",
}  # fmt: skip
_LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}
_LONGEST = 4


def pronounce(word: str) -> str | None:
    """Return the phones of ``word`` separated by spaces; None when it has no Latin letters."""
    plain = unicodedata.normalize("NFKD", word.lower())
    letters = "".join(ch for ch in plain if "a" <= ch <= "z")
    if not letters:
        return None
    phones: list[str] = []
    at = 0
    while at < len(letters):
        spelling, sound = _next_sound(letters, at)
        for phone in sound.split():
            if not phones or phones[-1] != phone:  # doubled consonants sound once
                phones.append(phone)
        at += len(spelling)
    return " ".join(phones) or _LONG.get(letters[0], "AH")


def _next_sound(letters: str, at: int) -> tuple[str, str]:
    rest = letters[at:]
    if at > 0 and rest in _AT_END:
        return rest, _AT_END[rest]
    if rest[0] in _LONG and len(rest) == 3 and rest[2] == "e" and rest[1] not in "aeiouwrx":
        return rest[0], _LONG[rest[0]]  # a vowel, a consonant, a silent e at the end
    for size in range(_LONGEST, 0, -1):
        piece = rest[:size]
        if at == 0 and piece in _AT_START:
            return piece, _AT_START[piece]
        if len(piece) == size and piece in _ANYWHERE:
            return piece, _ANYWHERE[piece]
    raise AssertionError("every letter has a sound")
