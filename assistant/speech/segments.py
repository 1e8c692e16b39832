"""Where words and clauses lie in a clip, and where a held reply goes on. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.audio.format import samples
from assistant.speech.voice import WordTime

CLAUSE_BACK = samples(1.5)  # go back to the clause's start when it is no further than this
CLAUSE_END = ",.;:!?"


def interpolate_words(text: str, start: int, end: int) -> tuple[WordTime, ...]:
    """Return the words of ``text`` spread over samples ``start`` to ``end`` by their lengths.

    For voices that do not tell when they speak a word. A word weighs its letters plus two.
    """
    words = text.split()
    weights = [len(w) + 2 for w in words]
    total, times, done = sum(weights) or 1, [], 0
    for word, weight in zip(words, weights, strict=True):
        first = start + (end - start) * done // total
        done += weight
        times.append(WordTime(word, first, start + (end - start) * done // total))
    return tuple(times)


def resume_point(words: Sequence[WordTime], sample: int) -> int:
    """Return the sample from which a clip ducked at ``sample`` goes on.

    That is the start of the clause being spoken when it began less than 1.5 s ago, else the start
    of the word; 0 for a clip without words.
    """
    word = clause = 0
    new_clause = True
    for w in words:
        if w.start > sample:
            break
        word = w.start
        clause = w.start if new_clause else clause
        new_clause = w.text[-1:] in CLAUSE_END if w.text else False
    return clause if sample - clause <= CLAUSE_BACK else word
