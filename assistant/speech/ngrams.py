"""A trigram language model of a grammar's sentences, for engines that search with one.

A grammar of every skill, searched as a network, costs four times as much and is wrong more often
than the same sentences as word triples: a network goes astray with one wrong word.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from assistant.speech.address import ADDRESSED
from assistant.speech.recogniser import Grammar
from assistant.speech.sampling import Sampler

_DISCOUNT = 0.5
_DRAWN = 40_000
# How often a command is said with "please" and the like around it, and a thing with an amount.
_POLITE, _AMOUNT = 0.1, 0.15
_ADDRESSED = 0.5  # how often the wake word comes first
_START, _END = "<s>", "</s>"
_Counts = Counter[tuple[str, ...]]


def sentences(grammar: Grammar, count: int = _DRAWN, seed: int = 0) -> list[str]:
    """Return ``count`` sentences of the grammar, the same ones for the same ``seed``."""
    # The top rule is the commands', or that of commands with or without the wake word.
    taken = {grammar.top: _POLITE, "command": _POLITE, "amount": _AMOUNT, ADDRESSED: _ADDRESSED}
    sampler = Sampler(grammar, seed, taken, usual=True)
    return [sampler.sentence() for _ in range(count)]


def arpa(corpus: Iterable[str], words: Sequence[str]) -> str:
    """Return the trigram model of ``corpus`` over ``words`` in ARPA's format.

    Absolute discounting with interpolation (Ney, Essen and Kneser 1994); a word that never
    occurs counts as if it had occurred once.
    """
    counts: list[_Counts] = [Counter(), Counter(), Counter()]
    for sentence in corpus:
        said = (_START, *sentence.split(), _END)
        for n, counted in enumerate(counts, 1):
            counted.update(said[i : i + n] for i in range(len(said) - n + 1))
    counts[0].update((w,) for w in words)
    del counts[0][(_START,)]
    total = sum(counts[0].values())
    levels = [{k: v / total for k, v in counts[0].items()}]
    for counted in counts[1:]:
        levels.append(_interpolated(counted, levels[-1]))
    levels[0][(_START,)] = 1e-99
    lines = ["\\data\\", *(f"ngram {n}={len(level)}" for n, level in enumerate(levels, 1)), ""]
    for n, level in enumerate(levels, 1):
        lines += [f"\\{n}-grams:", *_lines(level, levels[n] if n < len(levels) else {}), ""]
    return "\n".join([*lines, "\\end\\", ""])


def _interpolated(counted: _Counts, lower: dict) -> dict[tuple[str, ...], float]:
    seen, kinds = Counter(), Counter()
    for key, count in counted.items():
        seen[key[:-1]] += count
        kinds[key[:-1]] += 1
    return {
        key: (count - _DISCOUNT + _DISCOUNT * kinds[key[:-1]] * lower[key[1:]]) / seen[key[:-1]]
        for key, count in counted.items()
    }


def _lines(level: dict, higher: dict) -> list[str]:
    """Return a section; what ``higher`` leaves to a history is its back-off weight."""
    kept, covered = defaultdict(float), defaultdict(float)
    for key, p in higher.items():
        kept[key[:-1]] += p
        covered[key[:-1]] += level[key[1:]]
    lines = []
    for key, p in sorted(level.items()):
        left = max(1 - kept[key], 1e-6) / max(1 - covered[key], 1e-6) if key in kept else 1.0
        weight = f"\t{math.log10(left):.4f}" if higher else ""
        lines.append(f"{max(math.log10(p), -99):.4f}\t{' '.join(key)}{weight}")
    return lines
