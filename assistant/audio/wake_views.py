"""Listens for the wake word in several views of the room at once."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP, samples
from assistant.audio.openwakeword_ import CHUNK
from assistant.audio.second_look import NEARLY, SecondLook
from assistant.audio.wake import SAID, SURE, WakeWords

PHASES = (0, 2)  # hops by which the runs of the even and of the odd views come early
FILLED = 16  # scores until a view that was not listened to knows its last 1.3 s
IN_SILENCE = 2  # views then sound alike; two moments of them are enough
WAIT = 3  # hops for a low score to rise by itself, before it is looked at again
KNOWN = samples(1.8) // HOP  # hops after a hit in which a closer look would find its word again


class Wakes:
    """Gives the best of several views' latest scores. Audio thread only.

    The same word scores differently from another direction, and half a step later: the best of
    two views hears more than either. ``views`` (2 or more) is how many there are; all are listened
    to while something plays, ``IN_SILENCE`` otherwise. ``first`` hears the even ones, and its
    networks may be shared.

    A low score while something plays is looked at more closely (``SecondLook``), which with
    ``background`` another thread does. ``embeddings`` are what the newest score was made of,
    and ``second`` is what another view than the best gave at the same time; ``closer`` tells that
    both are a closer look's.
    """

    def __init__(self, word: str, views: int, background: bool = False) -> None:
        self.first = WakeWords(word, -(-views // 2), PHASES[0])
        self._pairs = self.first, WakeWords(word, views // 2, PHASES[1], self.first)
        self._scores = [0.0] * views
        self._fresh = [0] * views
        self._listening = min(views, IN_SILENCE)
        self._hop = 0
        self._look = SecondLook(self.first.models, views + 2, background)
        self._known = self._nearly = 0  # hops: of KNOWN that are left, with a low score
        self.embeddings, self.second, self.closer = self.first.embeddings(0), 0.0, False
        self.word, self.lag = self.first.word, self.first.lag

    def close(self) -> None:
        """Let the second look's thread end."""
        self._look.close()

    def believed(self) -> None:
        """A score was a hit: its word need not be looked at again."""
        self._known = KNOWN
        self._look.forget()

    def process(
        self, views: np.ndarray, clean: np.ndarray, echo: np.ndarray, playing: bool
    ) -> float | None:
        """Take a hop of every view, float32 (views, HOP); return the best score, if one is new.

        ``clean`` (HOP,) is one more view, for a closer look only, and ``echo`` (HOP,) what was
        subtracted from them: the closer look believes no word that is in it. ``playing`` tells
        that there may be echo.
        """
        look = self._look
        look.hear(views, clean, echo)
        score = self._usual(views, playing)
        closer = look.poll() if look.busy else None
        self._known = max(0, self._known - 1)
        if score is not None:
            best = int(np.argmax(self._scores))
            self.embeddings = self._pairs[best % 2].embeddings(best // 2)
            self.second, self.closer = sorted(self._scores)[-2], False
        self._nearly = self._nearly + 1 if playing and NEARLY <= max(self._scores) < SURE else 0
        if self._nearly > WAIT and look.ready and not self._known:
            look.ask()
        if closer is not None and closer.score > (score or 0.0) and closer.echo < SAID:
            score, self.embeddings = closer.score, closer.embeddings
            self.second, self.closer = closer.second, True
        return score

    def _usual(self, views: np.ndarray, playing: bool) -> float | None:
        if self._hop == 0:  # whole rounds keep the phases apart
            self._listen(len(views) if playing else min(len(views), IN_SILENCE))
        self._hop = (self._hop + 1) % (CHUNK // HOP)
        new = False
        for odd, pair in enumerate(self._pairs):
            scores = pair.process(views[odd : self._listening : 2])
            for view, score in zip(range(odd, self._listening, 2), scores or (), strict=False):
                self._fresh[view] = max(0, self._fresh[view] - 1)
                self._scores[view], new = 0.0 if self._fresh[view] else score, True
        return max(self._scores) if new else None

    def _listen(self, count: int) -> None:
        for view in range(self._listening, count):
            self._pairs[view % 2].forget(view // 2)
            self._fresh[view] = FILLED
        self._scores[count:] = [0.0] * (len(self._scores) - count)
        self._listening = count
