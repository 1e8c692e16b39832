"""Hears the wake word in what the loudspeaker plays, so that it does not wake the speaker."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import samples
from assistant.audio.wake import SAID, WakeWord

PHASE = 4  # hops between its networks' run and the microphones' own
EVERY = 5  # hops between two scores
ECHO = samples(0.8)  # bulk delay, the room, and how long a word goes on scoring
REST = samples(1.6)  # after playback its window holds nothing that was played


class OwnWord:
    """Runs the wake word on the reference while something plays. Audio thread only.

    The reference is not delayed: it leads its echo by the bulk delay, so ``said`` knows in time.
    """

    def __init__(self, word: str, beside: WakeWord | None = None) -> None:
        self._wake = WakeWord(word, PHASE, beside)
        self._hop = 0
        self._last_played: int | None = None
        self._said_at: int | None = None
        self._on = False

    def hear(self, at: int, reference: np.ndarray, playing: bool) -> None:
        """Take one hop of reference, float32 (HOP,), that ends at sample ``at``."""
        if playing:
            self._last_played = at
        if self._hop == 0:  # starting and ending on whole rounds keeps the phase
            self._on = self._last_played is not None and at - self._last_played <= REST
        self._hop = (self._hop + 1) % EVERY
        if not self._on:
            return
        score = self._wake.process(reference)
        if score is not None and score >= SAID:
            self._said_at = at

    def said(self, at: int) -> bool:
        """Whether the echo of the wake word may still be heard at sample ``at``."""
        return self._said_at is not None and at - self._said_at <= ECHO
