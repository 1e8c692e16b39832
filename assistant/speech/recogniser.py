"""The contract of a speech-to-text engine: streams that are fed while the person speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class HeardWord:
    """One recognised word; times in samples since the stream opened, confidence in [0, 1]."""

    text: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True)
class Transcript:
    """What a stream heard: lower-case words separated by spaces, without punctuation.

    Speech outside the engine's vocabulary or grammar appears as the word ``[unk]`` where the
    engine can tell. ``confidence`` is in [0, 1]; 0 for silence.
    """

    text: str = ""
    words: tuple[HeardWord, ...] = ()
    confidence: float = 0.0


@dataclass(frozen=True)
class Grammar:
    """Every sentence the loaded skills understand, for engines that need a grammar.

    ``rules`` maps a rule name to a right-hand side in JSGF notation (W3C JSpeech Grammar Format):
    ``add <items> to [the | my] shopping list | ...``. ``top`` is the rule of a whole utterance.
    All words are lower case, numbers are written out.
    """

    rules: Mapping[str, str] = field(default_factory=dict)
    top: str = "command"


class Stream(Protocol):
    """One utterance being recognised."""

    def feed(self, samples: np.ndarray) -> str:
        """Add float32 mono samples of any length; return the text recognised so far."""
        ...

    def finish(self) -> Transcript:
        """Return the final transcript. Nothing may be fed afterwards."""
        ...

    def close(self) -> None:
        """Drop the stream without a result; safe after ``finish`` and safe to call twice."""
        ...


class Recogniser(Protocol):
    """Opens streams; worker only.

    Up to two are fed at a time (an utterance and a stop-phrase spotter), and when these have
    finished, others one after the other.
    """

    name: str  # "vosk household", "pocketsphinx en-us"
    clear: float  # confidence of a phrase that was clearly said, and of hardly anything else
    overconfident: bool  # whether it is sure of phrases nobody said, at one pace only

    def open(self, phrases: Sequence[str] | None = None) -> Stream:
        """Start listening to everything the skills understand, or only to ``phrases``.

        With ``phrases`` the transcript is one of them, or contains ``[unk]``, or is empty.
        """
        ...

    def close(self) -> None:
        """Release the engine; safe to call twice."""
        ...
