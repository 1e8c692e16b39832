"""Errors a person can act on: one sentence naming what is wrong, where, and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AssistantError(Exception):
    """Stops the current job with one sentence for the user; the command line exits 1."""


class BadInput(AssistantError):
    """Refuses something the user gave (file, key, argument); the command line exits 2.

    ``where`` names the file and the key, ``problem`` what is wrong with it, ``remedy`` what to
    do. The three are joined into one sentence.
    """

    def __init__(self, where: str, problem: str, remedy: str = "") -> None:
        self.where, self.problem, self.remedy = where, problem, remedy
        super().__init__(f"{where}: {problem}" + (f"; {remedy}" if remedy else ""))


class EngineMissing(AssistantError):
    """Says that an engine's package, library or model is not installed, and how to get it."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean "x"?`` for the closest of ``known``, or the list of all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else "known: " + ", ".join(known)
