"""Real words that sound like a wake word, or like nothing near it, from the CMU dictionary.

The dictionary comes with pocketsphinx; its package is not imported.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

import numpy as np

from assistant.audio.onnx_ import file_in_wheel
from assistant.speech.letters import pronounce

LONGEST = 10  # sounds; a longer word is not looked at
_CHANGE = np.float32(1.0)


@lru_cache(maxsize=1)
def entries() -> tuple[tuple[str, ...], np.ndarray, np.ndarray, dict[str, int]]:
    """Return the words, their sounds as numbers (n, LONGEST), how many, and the sounds' numbers."""
    path = file_in_wheel("pocketsphinx", "model/en-us/cmudict-en-us.dict")
    words, spoken = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, sounds = line.partition(" ")
        phones = sounds.split()
        if word.isalpha() and 2 <= len(phones) <= LONGEST:
            words.append(word)
            spoken.append(phones)
    number = {phone: i for i, phone in enumerate(sorted({p for ps in spoken for p in ps}))}
    table = np.full((len(words), LONGEST), -1, np.int8)
    for row, phones in zip(table, spoken, strict=True):
        row[: len(phones)] = [number[p] for p in phones]
    return tuple(words), table, np.array([len(phones) for phones in spoken]), number


def neighbours(word: str, count: int) -> list[tuple[str, int]]:
    """Return the ``count`` words nearest in sound to ``word``, and how many sounds differ.

    Words said like ``word``, or beginning with it, are left out.
    """
    words, table, lengths, number = entries()
    sounds = _sounds(word)
    distance = _distances([number[s] for s in sounds if s in number], table, lengths)
    order = np.argsort(distance, kind="stable")
    near = (i for i in order if distance[i] > 0 and not words[i].startswith(word))
    return [(words[i], int(distance[i])) for i in islice(near, count)]


def random_words(rng: np.random.Generator, count: int) -> list[str]:
    """Return any words."""
    words = entries()[0]
    return [words[i] for i in rng.integers(len(words), size=count)]


def _sounds(word: str) -> list[str]:
    words, table, lengths, number = entries()
    if word in words:
        i = words.index(word)
        names = list(number)
        return [names[k] for k in table[i, : lengths[i]]]
    return (pronounce(word) or "").split()


def _distances(sounds: list[int], table: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the edit distance of ``sounds`` to every row (Wagner and Fischer, 1974)."""
    n = len(sounds)
    best = np.empty((len(table), LONGEST + 1), np.float32)
    best[:] = np.arange(LONGEST + 1)
    for i in range(n):
        before = best.copy()
        best[:, 0] = i + 1
        for j in range(LONGEST):
            swap = before[:, j] + (table[:, j] != sounds[i])
            skip = np.minimum(before[:, j + 1], best[:, j]) + _CHANGE
            best[:, j + 1] = np.minimum(swap, skip)
    return best[np.arange(len(table)), lengths]
