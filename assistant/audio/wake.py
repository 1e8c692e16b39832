"""Hears the wake word: a score every 80 ms, and the decision that a score is a wake."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.audio.format import HOP, samples
from assistant.audio.openwakeword_ import (
    CHUNK,
    EMBEDDINGS,
    FEATURES,
    FRAMES,
    OVERLAP,
    STEP,
    Embedder,
    Models,
    word_name,
)

WARM_UP = EMBEDDINGS  # scores that say nothing yet: before that, half of what they are made of is
# invented. openWakeWord has 5, and takes the first sound of a loud reply for "alexa" in some rooms
PCM = np.float32(32768.0)

# How far behind the word's last sound a hit comes; a command in the same breath starts there.
# bench_wake prints the distributions. "alexa", 150 people: p5 -196, p50 -29, p95 +135 ms (the
# model is often sure before the last vowel ends); "hey jarvis", 30 synthetic voices: p5 +66,
# p50 +182, p95 +418 ms. Late rather than early would cost the command's first sound, so these
# sit near p90: the recogniser then hears a little of the word's end.
LAGS = {"alexa": samples(0.10), "hey_jarvis": samples(0.32)}
LAG = samples(0.20)

SURE = 0.5  # openWakeWord's own threshold: no need to wait whether the score rises further
SAID = 0.15  # score of what is played from which its echo might wake

# Inside one utterance, scores above 0.5 paused for at most 0.4 s in 180 recordings. The networks
# remember 1.3 s: what scores later than that, after a pause, is somebody who says it again.
REFRACTORY = samples(0.6)
AGAIN, PAUSE = samples(1.2), samples(0.3)


class WakeWords:
    """Scores how much the last 1.3 s of each of a few sounds are like the wake word.

    One thread at a time. ``word`` is 'alexa', 'hey_jarvis', 'hey_mycroft', 'hey_rhasspy' or the
    path of a classifier trained with openWakeWord (.onnx). The networks run for all ``sounds`` at
    once: much of what a run costs is to fetch their weights. Each looks a hop further back than the
    one before it, so together they look at more moments. ``phase`` (0 to 4) is by how many hops the
    runs come early, so that several instances share the load; ``beside`` is one of the same word
    whose networks are shared. ``lag`` is how many samples after the word's end its hit comes.
    Raises ``BadInput`` and ``EngineMissing``.
    """

    def __init__(
        self, word: str, sounds: int, phase: int = 0, beside: WakeWords | None = None
    ) -> None:
        self.word = word_name(word)
        self.lag = LAGS.get(self.word, LAG)
        self._models = beside._models if beside else Models(word)
        self._phase = phase % (CHUNK // HOP)
        self._kept = OVERLAP + HOP * (sounds - 1)
        self._sound = np.zeros((sounds, self._kept + CHUNK), np.float32)
        self._looks = np.zeros((sounds, OVERLAP + CHUNK), np.float32)
        self._embedder = Embedder(self._models, sounds)
        self._embeddings = np.zeros((sounds, EMBEDDINGS, FEATURES), np.float32)
        self._quiet = self._embeddings_of_noise()
        self._scores = np.zeros(sounds, int)  # since the sound was forgotten
        self._filled = self._kept + HOP * self._phase
        for row in range(sounds):
            self.forget(row)

    @property
    def models(self) -> Models:
        """The networks it runs."""
        return self._models

    def embeddings(self, sound: int) -> np.ndarray:
        """What a sound's newest score was made of, float32 (1, 16, 96); a view, valid until the
        next."""
        return self._embeddings[sound : sound + 1]

    def forget(self, sound: int) -> None:
        """Forget everything heard of one sound."""
        self._sound[sound] = 0.0
        self._embedder.forget(sound)
        self._embeddings[sound] = self._quiet
        self._scores[sound] = 0

    def process(self, sounds: np.ndarray) -> list[float] | None:
        """Return new scores, 0 to 1, every fifth hop, and None on the others.

        ``sounds`` is float32 (n, HOP) in [-1, 1]; n may be less than there are: the others are
        not looked at. The first one's score belongs to the end of the hop it comes with. Audio
        thread; about 1 ms of a 2020s x86 core for two sounds on a hop with a score, else nothing.
        """
        count, end = len(sounds), self._filled + HOP
        np.multiply(sounds, PCM, out=self._sound[:count, self._filled : end])
        self._filled = end
        if end < self._kept + CHUNK:
            return None
        looks, size = self._looks[:count], OVERLAP + CHUNK
        for row, look in enumerate(looks):
            last = end - HOP * row
            look[:] = self._sound[row, last - size : last]
        self._sound[:count, : self._kept] = self._sound[:count, CHUNK:]
        self._filled = self._kept
        self._push(self._models.mel(looks))
        self._scores[:count] += 1
        return [
            self._models.score(self.embeddings(row)) if self._scores[row] > WARM_UP else 0.0
            for row in range(count)
        ]

    def _push(self, frames: np.ndarray) -> None:
        embeddings = self._embeddings[: len(frames)]
        embeddings[:, :-1] = embeddings[:, 1:]
        embeddings[:, -1] = self._embedder.push(frames)

    def _embeddings_of_noise(self) -> np.ndarray:
        """Return what a quiet room leaves behind, so that the first second scores sensibly."""
        random = np.random.default_rng(0)
        for _ in range(FRAMES // STEP + EMBEDDINGS):
            noise = random.integers(-1000, 1000, (1, OVERLAP + CHUNK)).astype(np.float32)
            self._push(self._models.mel(noise))
        return self._embeddings[0].copy()


class WakeWord(WakeWords):
    """Scores how much the last 1.3 s of one sound are like the wake word (see ``WakeWords``)."""

    def __init__(self, word: str, phase: int = 0, beside: WakeWords | None = None) -> None:
        super().__init__(word, 1, phase, beside)

    def reset(self) -> None:
        """Forget everything heard, and begin a new round."""
        self.forget(0)
        self._filled = self._kept + HOP * self._phase

    def process(self, mono: np.ndarray) -> float | None:
        """Return a new score, 0 to 1, every fifth hop, and None on the others.

        ``mono`` is float32 (HOP,) in [-1, 1]. A score belongs to the end of the hop it comes with.
        """
        scores = super().process(mono[None])
        return None if scores is None else scores[0]


@dataclass(frozen=True)
class Hit:
    """The wake word was heard: at sample ``at``, with its end near sample ``end``."""

    at: int
    end: int
    score: float


class WakeDecision:
    """Turns scores into hits, one for an utterance. Pure: no clock but the samples it is told.

    A score of ``SURE`` is a hit at once. A lower one that still reaches the threshold is a hit
    when the score has stopped rising: deciding on its way up would only cut the word short.
    """

    def __init__(self, threshold: float, refractory: int = REFRACTORY, lag: int = LAG) -> None:
        self.threshold = threshold
        self._refractory, self._lag = refractory, lag
        self._above: int | None = None
        self._hit_at = -AGAIN
        self._rising: float | None = None

    def update(self, at: int, score: float, threshold: float | None = None) -> Hit | None:
        """Return a hit when the wake word was heard for the first time in an utterance.

        ``at`` is the sample the score came with, ``threshold`` replaces the usual one for this
        score (while the speaker itself sounds). An utterance is over when no score has reached
        it for ``refractory`` samples, or for ``PAUSE`` when its hit is older than ``AGAIN``.
        """
        best, threshold = self._rising, self.threshold if threshold is None else threshold
        if score < threshold and best is None:
            return None
        if score < SURE and score > (best or 0.0):
            self._rising = score
            return None
        over = PAUSE if at - self._hit_at >= AGAIN else self._refractory
        fresh = self._above is None or at - self._above >= over
        self._above, self._rising = at, None
        if not fresh:
            return None
        self._hit_at = at
        return Hit(at, max(0, at - self._lag), max(score, best or 0.0))

    def reset(self) -> None:
        """Forget the last hit: the next score that reaches the threshold is one again.

        Also for a hit that was not believed: the same word may yet become clearer.
        """
        self._above = self._rising = None
