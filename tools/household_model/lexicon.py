"""How the words are pronounced: the CMU dictionary of the pocketsphinx package, then by rule."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path

from assistant.speech.letters import pronounce

Lexicon = dict[str, list[tuple[str, ...]]]

PHONES = str.split(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW "
    "V W Y Z ZH"
)
PHONE = {phone: i for i, phone in enumerate(PHONES)}
SILENCE = len(PHONES)  # phone index of silence
PDF_SILENCE = 2 * len(PHONES)  # pdf 2k: first frame of phone k, 2k + 1: its other frames
PDFS = PDF_SILENCE + 1
_MOST = 3  # pronunciations of a word
_MORE = {
    "a": ["AH", "EY"],
    "the": ["DH AH", "DH IY"],
    "to": ["T UW", "T AH", "T IH"],
    "and": ["AE N D", "AH N D", "AH N"],
    "for": ["F AO R", "F ER"],
    "an": ["AE N", "AH N"],
    "m": ["EH M"],
    "p": ["P IY"],
    "thank": ["TH AE NG K"],
    "wednesday": ["W EH N Z D EY", "W EH N Z D IY"],
    "unmute": ["AH N M Y UW T"],
    "mycroft": ["M AY K R AO F T"],
    "rhasspy": ["R AE S P IY"],
}


def lexicon(words: Iterable[str]) -> Lexicon:
    """Return the pronunciations of every word that has one; the others are left out."""
    dictionary = _cmudict()
    found: Lexicon = {}
    for word in words:
        sounds = dictionary.get(word, [])[:_MOST] + [tuple(p.split()) for p in _MORE.get(word, ())]
        if not sounds and (guess := pronounce(word)):
            sounds = [tuple(guess.split())]
        if sounds:
            found[word] = list(dict.fromkeys(sounds))
    return found


def _cmudict() -> Lexicon:
    folder = importlib.util.find_spec("pocketsphinx").submodule_search_locations[0]
    out: Lexicon = {}
    text = (Path(folder) / "model" / "en-us" / "cmudict-en-us.dict").read_text(encoding="utf-8")
    for line in text.splitlines():
        word, *phones = line.split()
        out.setdefault(re.sub(r"\(\d+\)$", "", word), []).append(tuple(phones))
    return out
