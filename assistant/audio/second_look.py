"""Listens again, and more closely, to what was nearly the wake word.

The wake word's networks look at the sound every 80 ms, and where in a word these looks fall decides
over many a word that is hardly above the echo. To look four times as often at all times would cost
more than all the rest; a word that nearly reached the threshold is rare enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assistant.audio.aside import Aside
from assistant.audio.format import HOP
from assistant.audio.openwakeword_ import (
    CHUNK,
    CHUNKS,
    EMBEDDINGS,
    FEATURES,
    MELS,
    OVERLAP,
    STEP,
    Embedder,
    Models,
)
from assistant.audio.wake import PCM, SURE

NEARLY = 0.1  # a score that is worth it: in three minutes of mere echo of ten rooms none did,
# and every word that only a closer look was sure of had 0.11 or more
DUE = 12  # hops (0.19 s) until the result: the rest of the word is still to come
SHIFTS = (0, 2, 4, 6)  # frames of 10 ms by which the looks lie apart
SPEEDS = (0.92, 1.09)  # at which what none of them is sure of is looked at again: the networks know
# children and slow talkers less well
SCORES = 4  # looks into the past, 80 ms apart
STEPS = CHUNKS + SCORES  # from nothing to that many scores
SIZE = OVERLAP + CHUNK * STEPS + max(SHIFTS) * CHUNK // STEP  # samples, 2.5 s
SPARE = 32 * HOP  # room behind it, until what is kept is moved to the front again


@dataclass(frozen=True)
class Look:
    """The best score of a closer look, and what it was made of: float32 (1, 16, 96).

    ``second`` is the best score of another stream than that, and ``echo`` that of the echo at the
    same time: our own voice said it.
    """

    score: float
    embeddings: np.ndarray
    second: float = 0.0
    echo: float = 0.0


class SecondLook:
    """Keeps the last 2.5 s of ``streams`` sounds and has them looked at when asked.

    The last one is the echo that was subtracted from the others. ``models`` are the networks.
    With ``background`` a thread of its own looks, in 0.2 to 0.3 s of a 2020s x86 core. Audio thread
    only. ``busy`` tells that a result is still to come, ``ready`` that it may be asked: there is
    enough to look at, and nothing being looked at.
    """

    def __init__(self, models: Models, streams: int, background: bool) -> None:
        self._models, self._embedder = models, Embedder(models)
        self._heard = np.zeros((streams, SIZE + SPARE), np.float32)
        self._end = self._lacking = SIZE
        self._aside: Aside[np.ndarray, Look] = Aside(self._look, DUE, "second-look", background)

    @property
    def busy(self) -> bool:
        return self._aside.busy

    @property
    def ready(self) -> bool:
        return self._lacking <= 0 and not self._aside.busy

    def close(self) -> None:
        """Let the thread end."""
        self._aside.close()

    def hear(self, *sounds: np.ndarray) -> None:
        """Keep a hop of every stream: float32 (n, HOP) or (HOP,), in the same order always."""
        if self._end + HOP > self._heard.shape[1]:
            for kept in self._heard:  # row by row: they overlap, and numpy copies what overlaps
                kept[: SIZE - HOP] = kept[self._end - SIZE + HOP : self._end]
            self._end = SIZE - HOP
        row = 0
        for sound in sounds:
            rows = 1 if sound.ndim == 1 else len(sound)
            self._heard[row : row + rows, self._end : self._end + HOP] = sound
            row += rows
        self._end += HOP
        self._lacking -= HOP

    def ask(self) -> None:
        """Have what was heard up to now looked at; only when ``ready``."""
        self._aside.submit(self._heard[:, self._end - SIZE : self._end].copy())

    def forget(self) -> None:
        """What is being looked at does not matter any more."""
        self._aside.forget()

    def poll(self) -> Look | None:
        """Return the result if it is there; call once per hop while ``busy``."""
        return self._aside.poll()

    def _look(self, sounds: np.ndarray) -> Look:
        first = second = Look(0.0, np.zeros((1, EMBEDDINGS, FEATURES), np.float32))
        clearest = sounds[0]
        for sound in sounds[:-1]:
            look = self._best(sound)
            if look.score > first.score:
                first, second, clearest = look, first, sound
            elif look.score > second.score:
                second = look
            if second.score >= SURE:
                break
        for speed in SPEEDS:
            if first.score < SURE:
                look = self._best(_at_speed(clearest, speed))
                first = max(first, look, key=lambda look: look.score)
        echo = self._best(sounds[-1]).score if first.score >= NEARLY else 0.0
        return replace(first, second=second.score, echo=echo)

    def _best(self, sound: np.ndarray) -> Look:
        """Return the best look at one sound, or the first that is sure."""
        frames, looks = self._spectrogram(sound[None] * PCM), []
        for shift in SHIFTS:
            looks.append(self._score(frames[shift:]))
            if looks[-1].score >= SURE:
                break
        return max(looks, key=lambda look: look.score)

    def _spectrogram(self, sound: np.ndarray) -> np.ndarray:
        """Return the frames (n, MELS) of float32 (1, SIZE), in pieces: that takes less memory."""
        starts = range(0, sound.shape[1] - OVERLAP, CHUNK)
        pieces = [sound[:, start : start + OVERLAP + CHUNK] for start in starts]
        return np.concatenate([self._models.mel(piece)[0] for piece in pieces])

    def _score(self, frames: np.ndarray) -> Look:
        """Return the best of the newest scores of a spectrogram, float32 (STEP * STEPS, MELS)."""
        self._embedder.forget(0)
        steps = frames[: STEP * STEPS].reshape(STEPS, 1, STEP, MELS)
        embeddings = np.concatenate([self._embedder.push(step) for step in steps])
        ends = range(STEPS - SCORES + 1, STEPS + 1)
        windows = [embeddings[None, end - EMBEDDINGS : end] for end in ends]
        looks = [Look(self._models.score(window), window) for window in windows]
        return max(looks, key=lambda look: look.score)


def _at_speed(sound: np.ndarray, speed: float) -> np.ndarray:
    """Return float32 (SIZE,) as if spoken ``speed`` times as fast and as high; the end stays."""
    last = len(sound) - 1
    places = last - speed * np.arange(last, -1, -1)
    return np.interp(places, np.arange(last + 1), sound, left=0.0).astype(np.float32)
