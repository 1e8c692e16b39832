"""Cut texts into parts to speak one after the other, and find where to go on after a pause."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.audio.format import SAMPLE_RATE
from assistant.speech.voice import WordTime

_CLAUSE_LIMIT = round(1.5 * SAMPLE_RATE)
_LONG, _BEFORE, _AFTER = 10, 4, 3  # words
_CLAUSE = re.compile(r"(?<=[^\W_][,;:])\s+|\s+(?=[–—]\s)")
_SENTENCE = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][\"')\]]))\s+")
_ABBREVIATION = re.compile(
    r"(?:^|\s)(?:mr|mrs|ms|dr|st|vs|etc|e\.g|i\.e|a\.m|p\.m|no|approx|[a-z])\.$", re.IGNORECASE
)


def has_word(text: str) -> bool:
    """Return whether there is anything in ``text`` to pronounce."""
    return any(ch.isalnum() for ch in text)


def sentences(text: str) -> list[str]:
    """Split ``text`` into sentences, in order; their words are the words of the text."""
    found: list[str] = []
    for part in _SENTENCE.split(text.strip()):
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {part}"
        elif part:
            found.append(part)
    return found


def parts(text: str) -> list[str]:
    """Split ``text`` as ``sentences`` does, and a long first sentence once more at a clause.

    Its first clause can sound while the rest is still being made. It is cut only after
    punctuation that makes a pause anyway, and only where both parts are long enough to carry
    their own melody: four words before, three after, ten in all.
    """
    found = sentences(text)
    if not found or len(found[0].split()) < _LONG:
        return found
    for cut in _CLAUSE.finditer(found[0]):
        before, after = found[0][: cut.start()], found[0][cut.end() :]
        if len(before.split()) >= _BEFORE and len(after.split()) >= _AFTER:
            return [before, after, *found[1:]]
    return found


def resume_point(words: Sequence[WordTime], sample: int) -> int:
    """Return the sample to resume from after a pause at ``sample`` of the clip.

    That is the start of the clause being spoken if it began less than 1.5 s ago, otherwise the
    start of the word; never later than ``sample``. A clause starts after punctuation.
    """
    spoken = [i for i, w in enumerate(words) if w.start <= sample]
    if not spoken:
        return max(min(sample, words[0].start if words else 0), 0)
    now = clause = spoken[-1]
    while clause > 0 and words[clause - 1].text[-1] not in ",;:.!?…–—":
        clause -= 1
    if sample - words[clause].start < _CLAUSE_LIMIT:
        return words[clause].start
    return words[now].start
