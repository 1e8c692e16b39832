"""Learns how a household says its wake word, to doubt what only resembles it.

A ridge regression (Hoerl and Kennard, 1970) on the 16 embeddings a wake word is scored on: the
household's recordings in many rooms against what the same wake word is tempted by. Solved in its
dual form, because there are fewer sounds than numbers. The threshold comes from recordings left
out in turn, so that no owner is refused for sounding unlike the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.audio.openwakeword_ import CHUNK, EMBEDDINGS, FEATURES, Models, word_name
from assistant.errors import AssistantError, BadInput
from assistant.teach.features import WINDOW, Features
from assistant.teach.phrase import Phrase, near_misses, pronounce
from assistant.teach.scenes import Scenes
from assistant.teach.sentences import sentence
from assistant.teach.talkers import Talker, people, speak, varied

FEWEST = 4
PLACES = 12  # in which every recording is heard
TEMPTED = 0.05  # a wake word's score on something else worth learning from
NEAR, SPEECH, STRANGERS = 150, 40, 40
RIDGE = 300.0
REFUSED = 2.0  # percent of the left-out recordings' places that may lie below the threshold
SPAN = 9  # windows looked at around a word's end
Rows = np.ndarray  # float32 (n, 16 * 96): windows of embeddings, as the regression sees them


@dataclass(frozen=True)
class Learned:
    """What came of it: the shares let through that were not learned from."""

    recordings: int
    own: float
    strangers: float
    tempting: float  # of what woke the word though it was something else
    weights: np.ndarray
    bias: float
    spare: float


def word_of(word: str) -> str:
    """Return a word's name as it is said: "hey_jarvis"; a file's is its stem."""
    return word_name(word)


def learn(
    word: str,
    recorded: Sequence[np.ndarray],
    out: Path | None = None,
    engines: tuple[str, ...] | None = None,
) -> Learned:
    """Learn from recordings of the wake word ``word`` (name or .onnx) and write ``out``.

    Raises ``BadInput`` with fewer than four recordings or when the word is hardly heard in them.
    """
    if len(recorded) < FEWEST:
        problem = f"{len(recorded)} recordings are too few"
        raise BadInput("assistant teach --verify", problem, "five to ten of each person do well")
    ear = _Ear(word)
    own = [ear.rows([x] * PLACES, 0.2) for x in recorded]
    if sum(map(len, own)) < len(own) * PLACES:
        problem = f'"{word_name(word)}" is hardly heard in the recordings'
        raise BadInput("assistant teach --verify", problem, "record the wake word itself")
    voices = people(engines)
    tempting = ear.rows(_others(word, voices, ear.scenes.rng), TEMPTED)
    quiet = ear.rows(_speech(voices, ear.scenes.rng), 0.0)[::SPAN]
    rest = np.concatenate([tempting, quiet])
    values = _left_out(own, rest)
    weights, bias = _ridge(np.concatenate(own), rest)
    worst = float(np.percentile(np.concatenate(values), REFUSED))
    strangers = ear.rows(_strangers(word, voices, ear.scenes.rng), 0.2)
    learned = Learned(
        recordings=len(own),
        own=float(np.mean(np.concatenate(values) >= worst)),
        strangers=_passing(strangers, weights, bias - worst),
        tempting=_passing(tempting, weights, bias - worst),
        weights=weights.reshape(EMBEDDINGS, FEATURES),
        bias=bias - worst,
        spare=max(0.0, float(np.mean(np.concatenate(values))) - worst),
    )
    if out:
        _write(out, word, learned)
    return learned


class _Ear:
    """Hears sounds in rooms as the wake word does, when it scores them."""

    def __init__(self, word: str) -> None:
        self.scenes = Scenes(7)
        self._features, self._models = Features(), Models(word)

    def rows(self, clips: Iterable[np.ndarray], threshold: float) -> Rows:
        """Return the windows (n, 16 * 96) around every clip's end that score ``threshold``."""
        found = [np.zeros((0, EMBEDDINGS * FEATURES), np.float32)]
        for clip in clips:
            sound = np.zeros(WINDOW + (SPAN - 1) * CHUNK, np.float32)
            end = WINDOW + 3 * CHUNK - int(self.scenes.rng.integers(CHUNK))
            sound[max(0, end - len(clip)) : end] = clip[-end:]
            wet = self.scenes.mixed(self.scenes.in_room(sound)[: len(sound)], (6.0, 35.0))
            rows = self._features.of(wet)
            windows = [rows[None, i : i + EMBEDDINGS] for i in range(len(rows) - EMBEDDINGS + 1)]
            passed = [w for w in windows if self._models.score(w) >= threshold]
            if passed:
                found.append(np.concatenate(passed).reshape(len(passed), -1))
        return np.concatenate(found)


def _phrase(word: str) -> Phrase:
    text = word_name(word).replace("_", " ")
    return Phrase(text, pronounce(text))


def _others(word: str, voices: Sequence[Talker], rng: np.random.Generator) -> Iterable[np.ndarray]:
    espeak = [v for v in voices if v.engine == "espeak"] or voices
    for i, near in enumerate(near_misses(_phrase(word), NEAR, rng)):
        pool = voices if near.spelled else espeak
        yield from _said(pool[i % len(pool)], near.say, rng)


def _speech(voices: Sequence[Talker], rng: np.random.Generator) -> Iterable[np.ndarray]:
    for i in range(SPEECH):
        yield from _said(voices[i * 3 % len(voices)], sentence(rng), rng)


def _strangers(
    word: str, voices: Sequence[Talker], rng: np.random.Generator
) -> Iterable[np.ndarray]:
    for i in range(STRANGERS):
        yield from _said(voices[i * 2 % len(voices)], _phrase(word).text, rng)


def _said(voice: Talker, text: str, rng: np.random.Generator) -> Iterable[np.ndarray]:
    clip = speak(varied(voice, rng), text)
    if clip.size:
        yield clip / max(float(np.abs(clip).max()), 1e-3)


def _left_out(own: Sequence[Rows], rest: Rows) -> list[np.ndarray]:
    """Return the values of every recording's windows by a regression without that recording."""
    values = []
    for i, rows in enumerate(own):
        others = np.concatenate([r for k, r in enumerate(own) if k != i])
        weights, bias = _ridge(others, rest)
        values.append(rows @ weights + bias)
    return values


def _ridge(own: Rows, rest: Rows) -> tuple[np.ndarray, float]:
    """Return weights (1536,) and bias that give about 1 for ``own`` and -1 for ``rest``."""
    x = np.concatenate([own, rest])
    middle, scale = (own.mean(0) + rest.mean(0)) / 2, x.std(0) + 1e-3
    z = (x - middle) / scale
    share = np.concatenate([np.full(len(own), 0.5 / len(own)), np.full(len(rest), 0.5 / len(rest))])
    root = np.sqrt(share * len(x))[:, None]
    y = np.concatenate([np.ones(len(own)), -np.ones(len(rest))])[:, None]
    kernel = (z * root) @ (z * root).T
    kernel[np.diag_indices(len(x))] += RIDGE
    dual = np.linalg.solve(kernel, y * root)
    weights = ((z * root).T @ dual)[:, 0] / scale
    return weights.astype(np.float32), -float(middle @ weights)


def _passing(rows: Rows, weights: np.ndarray, bias: float) -> float:
    return float(np.mean(rows @ weights + bias >= 0)) if len(rows) else 0.0


def _write(path: Path, word: str, learned: Learned) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(path.name + ".part")
        with half.open("wb") as file:
            np.savez(
                file, word=word_name(word), weights=learned.weights, bias=learned.bias,
                spare=learned.spare,
            )  # fmt: skip
        half.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise AssistantError(f"{path}: cannot be written: {reason}; give another --out") from None
