"""Makes what the head learns from: windows of embeddings of the word, and of everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.audio.format import gain, level_db, samples
from assistant.audio.openwakeword_ import CHUNK, EMBEDDINGS, FEATURES
from assistant.room.people import active_level
from assistant.teach import sentences
from assistant.teach.dictionary import random_words
from assistant.teach.features import WINDOW, Features
from assistant.teach.phrase import Phrase, babble, near_misses
from assistant.teach.scenes import Scenes
from assistant.teach.talkers import Talker, speak, varied

AFTER = 5  # windows that end within 50 to 450 ms of the word's end are to score
SOONEST = samples(0.05)
# How much a phrase counts that differs in one sound: it is nearly the word, and to insist on the
# difference costs voices that say the word differently.
ONE_SOUND = 0.05
SEGMENTS = 8  # sentences of other people in a row, before the next stream begins
Tick = Callable[[float], None]


@dataclass(frozen=True)
class Amounts:
    """How much sound is made; ``scaled`` makes more or less of everything."""

    words: int = 1000  # streams with the word, by voices the head learns from
    near: int = 800  # streams with something near it
    others: int = 1200  # sentences of other speech, noise among them
    held_words: int = 150  # the same again by voices it does not learn from
    held_near: int = 100
    held_others: int = 400

    def scaled(self, factor: float) -> Amounts:
        """Return amounts times ``factor``."""
        return Amounts(*(max(10, round(factor * n)) for n in vars(self).values()))

    @property
    def total(self) -> float:
        """The amount of work in streams; a sentence takes about three times a word's."""
        return (
            self.words + self.held_words + self.near + self.held_near
            + 3 * (self.others + self.held_others)
        )  # fmt: skip


@dataclass(frozen=True)
class Windows:
    """Windows of 16 embeddings, by the index of their last row in ``rows``."""

    rows: np.ndarray  # float32 (n, FEATURES)
    ends: np.ndarray  # int (m,)
    weights: np.ndarray  # float32 (m,)
    streams: np.ndarray  # int (m,): which sound a window is from

    def take(self, which: np.ndarray) -> np.ndarray:
        """Return windows (len(which), EMBEDDINGS, FEATURES)."""
        return self.rows[self.spans(which)]

    def spans(self, which: np.ndarray) -> np.ndarray:
        """Return the rows' indices of windows, (len(which), EMBEDDINGS)."""
        return self.ends[which][:, None] + np.arange(1 - EMBEDDINGS, 1)

    def best(self, scores: np.ndarray) -> np.ndarray:
        """Return every stream's highest score."""
        out = np.full(int(self.streams.max()) + 1, -np.inf)
        np.maximum.at(out, self.streams, scores)
        return out


class Collector:
    """Gathers windows while sounds come in."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._rows: list[np.ndarray] = []
        self._ends: list[np.ndarray] = []
        self._weights: list[np.ndarray] = []
        self._at = 0

    def add(self, sound: np.ndarray, weight: float = 1.0) -> None:
        """Take every window of one sound."""
        rows = self._features.of(sound)
        if len(rows) < EMBEDDINGS:
            return
        ends = np.arange(self._at + EMBEDDINGS - 1, self._at + len(rows))
        self._at += len(rows)
        self._rows.append(rows)
        self._ends.append(ends)
        self._weights.append(np.full(len(ends), weight, np.float32))

    def windows(self) -> Windows:
        """Return all that was taken."""
        streams = [np.full(len(ends), i) for i, ends in enumerate(self._ends)]
        if not streams:
            none = np.zeros(0, int)
            return Windows(np.zeros((0, FEATURES), np.float32), none, none.astype(float), none)
        parts = (self._rows, self._ends, self._weights, streams)
        return Windows(*(np.concatenate(part) for part in parts))


@dataclass(frozen=True)
class Corpus:
    """What is learned from, or measured with: the word, what is near it, and other speech."""

    word: Windows
    near: Windows
    others: Windows
    others_s: float  # how long the other speech is


class Makers:
    """Makes one corpus from a group of people; ``tick`` is told of every stream made."""

    def __init__(
        self,
        phrase: Phrase,
        people: Sequence[Talker],
        scenes: Scenes,
        features: Features,
        tick: Tick,
    ) -> None:
        self._phrase, self._people, self._scenes = phrase, list(people), scenes
        self._features, self._tick = features, tick
        self._rng = scenes.rng

    def corpus(
        self,
        words: int,
        near: int,
        others: int,
        recorded: Sequence[np.ndarray] = (),
        negatives: Sequence[np.ndarray] = (),
        plain: bool = False,
    ) -> Corpus:
        """Return so many streams; a third of the words are ``recorded`` ones, where there are.

        ``negatives`` are the owner's own sounds in which the word does not occur. The other
        speech is sentences only when it is ``plain``, else also single words and no language.
        """
        speech = self._speech(others, plain)
        word = Collector(self._features)
        for clip in self._words(words, recorded):
            word.add(self._stream(clip, speech))
            self._tick(1)
        close = Collector(self._features)
        for clip, weight in self._near(near):
            close.add(self._stream(clip, speech), weight)
            self._tick(1)
        rest, total = Collector(self._features), 0
        for stream in self._others(speech, negatives):
            rest.add(stream)
            total += len(stream)
        return Corpus(word.windows(), close.windows(), rest.windows(), total / 16_000)

    def recorded(self, clips: Sequence[np.ndarray], each: int = 4) -> Windows:
        """Return windows of recorded words, ``each`` in so many places."""
        word = Collector(self._features)
        for clip in clips:
            for _ in range(each):
                word.add(self._stream(clip, ()))
        return word.windows()

    def _words(self, count: int, recorded: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield dry words: each rendering is used three times, in other places."""
        real = count // 3 if recorded else 0
        for i in range(real):
            yield self._scenes.varied(recorded[i % len(recorded)])
        clip = np.zeros(0, np.float32)
        for i in range(count - real):
            if i % 3 == 0:
                clip = self._say(self._phrase.text, i // 3)
            yield self._scenes.varied(clip)

    def _near(self, count: int) -> Iterator[tuple[np.ndarray, float]]:
        misses = near_misses(self._phrase, -(-count // 2), self._rng)
        for i in range(count):
            if i % 2 == 0:
                miss = misses[i // 2]
                clip = self._say(miss.say, i // 2, any_engine=miss.spelled)
                weight = ONE_SOUND if miss.changes == 1 else 1.0
            yield self._scenes.varied(clip), weight

    def _say(self, text: str, i: int, any_engine: bool = True) -> np.ndarray:
        """Return what the i-th person says; the next one speaks for whom it leaves silent."""
        people = self._people
        if not any_engine:
            people = [p for p in people if p.engine == "espeak"] or [Talker("espeak", "en-us")]
        for k in range(i, i + 10):
            clip = speak(varied(people[k % len(people)], self._rng), text)
            if clip.size:
                break
        return clip / max(float(np.abs(clip).max(initial=0.0)), 1e-3)

    def _speech(self, count: int, plain: bool) -> list[np.ndarray]:
        """Return dry speech: no language, single words, the speaker's replies, and sentences."""
        out = []
        for i in range(count):
            kind = i % (5 if plain else 10) + 5 * plain
            if kind < 2:
                text = babble(self._rng, 6)
            elif kind < 5:
                text = ", ".join(random_words(self._rng, 4))
            elif kind == 5:
                text = str(self._rng.choice(sentences.REPLIES))
            else:
                text = sentences.sentence(self._rng)
            clip = self._say(text, i, any_engine=kind >= 2)
            if clip.size:
                out.append(clip)
        return out

    def _stream(self, clip: np.ndarray, speech: Sequence[np.ndarray]) -> np.ndarray:
        """Return ``clip`` in a scene, its end where the first window just sees it."""
        rng = self._rng
        out = np.zeros(WINDOW + (AFTER - 1) * CHUNK, np.float32)
        end = WINDOW - SOONEST - int(rng.integers(CHUNK))
        start = max(0, end - len(clip))
        out[start:end] = clip[-(end - start) :]
        if speech and rng.random() < 0.25:  # somebody spoke before
            _fill(
                out[: max(0, start - int(rng.uniform(0.05, 0.6) * 16_000))], _pick(speech, rng), -1
            )
        if speech and rng.random() < 0.4:  # and goes on with a command
            _fill(out[end + int(rng.uniform(0.03, 0.3) * 16_000) :], _pick(speech, rng), 0)
        wet = self._scenes.in_room(out)[: len(out)]
        return self._scenes.mixed(wet)

    def _others(
        self, speech: Sequence[np.ndarray], negatives: Sequence[np.ndarray]
    ) -> Iterator[np.ndarray]:
        parts: list[np.ndarray] = []
        for i, clip in enumerate(speech):
            dry = self._scenes.varied(clip)
            parts.append(self._scenes.mixed(self._scenes.in_room(dry)))
            if i % 6 == 0:
                noise = self._scenes.noise(samples(2.5))
                loud = gain(float(self._rng.uniform(-60, -20)) - level_db(noise))
                parts.append(np.clip(noise * loud, -1, 1).astype(np.float32))
            self._tick(3)
            if len(parts) >= SEGMENTS or i == len(speech) - 1:
                yield np.concatenate(parts)
                parts = []
        for sound in negatives:
            yield np.pad(sound, (WINDOW, 0)).astype(np.float32)


def _pick(speech: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    return speech[int(rng.integers(len(speech)))]


def _fill(space: np.ndarray, speech: np.ndarray, side: int) -> None:
    """Put the beginning (0) or the end (-1) of ``speech`` into ``space``, next to the word."""
    size = min(len(space), len(speech))
    if not size or active_level(speech) < -90:
        return
    if side == 0:
        space[:size] += speech[:size]
    else:
        space[-size:] += speech[-size:]
