"""Hears the wake word in what the loudspeaker plays, so that it does not wake the speaker."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP, samples
from assistant.audio.openwakeword_ import CHUNK, CHUNKS
from assistant.audio.wake import SAID, WakeWord, WakeWords

LIKELY = 0.05  # score of the microphones from which it is likely to be asked for soon
ECHO = samples(0.8) // HOP  # hops: bulk delay, the room, and how long a word goes on scoring
KEPT = CHUNKS * CHUNK // HOP + ECHO  # hops: from nothing to the scores of that time
_AT_A_TIME = 2 * CHUNK // HOP  # hops: two runs of the networks


class OwnWord:
    """Runs the wake word on the reference when there is a reason to. Audio thread only.

    Only when the microphones seem to have heard the word does it matter whether we said it: what
    was played is kept, and looked at in the hops in which their score rises (``follow``).

    The reference is not delayed: it leads its echo by the bulk delay, so ``said`` knows in time.
    """

    def __init__(self, word: str, beside: WakeWords | None = None) -> None:
        self._wake = WakeWord(word, 0, beside)
        self._played = np.zeros((KEPT, HOP), np.float32)  # a ring
        self._heard = self._done = 0  # hops: kept, and looked at
        self._said_at: int | None = None  # hop

    def hear(self, reference: np.ndarray) -> None:
        """Keep one hop of reference, float32 (HOP,)."""
        self._played[self._heard % KEPT] = reference
        self._heard += 1

    def follow(self) -> None:
        """Look at some of what was played: ``said`` may be asked soon."""
        self._look(_AT_A_TIME)

    def said(self) -> bool:
        """Whether the echo of the wake word may still be heard now.

        Costs some 10 ms of a 2020s x86 core, once for every word, where ``follow`` was not called
        in the 18 hops before.
        """
        if not self._lately():
            self._look(KEPT)
        return self._lately()

    def _lately(self) -> bool:
        return self._said_at is not None and self._heard - self._said_at <= ECHO

    def _look(self, hops: int) -> None:
        if self._heard - self._done > KEPT:  # forgotten: begin anew with what is kept
            self._wake.reset()
            self._done = self._heard - KEPT
        for hop in range(self._done, min(self._done + hops, self._heard)):
            score = self._wake.process(self._played[hop % KEPT])
            if score is not None and score >= SAID:
                self._said_at = hop + 1
            self._done = hop + 1
