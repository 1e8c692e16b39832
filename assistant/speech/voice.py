"""The contract of a text-to-speech engine, and the clip it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class WordTime:
    """One spoken word and the samples of the clip it occupies, ``start <= end``."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Clip:
    """Sound ready for the mixer: float32 mono at 16 kHz, with the times of its words.

    ``words`` is in order, does not overlap, and lies within the clip; empty for a sound that is
    not speech.
    """

    samples: np.ndarray
    words: tuple[WordTime, ...] = field(default=())


class Voice(Protocol):
    """Turns text into clips. Worker thread only (the virtual room's people have their own)."""

    name: str  # "espeak-ng en-us", "piper en_US-lessac-medium"

    def speak(self, text: str) -> Clip:
        """Return ``text`` spoken; an empty clip for a text without a word in it.

        Deterministic: the same text gives the same samples. Raises ``AssistantError`` when the
        engine fails; the engine stays usable.
        """
        ...

    def close(self) -> None:
        """Release the engine; safe to call twice."""
        ...
