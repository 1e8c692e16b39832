"""Teaches one wake word: makes the sounds, trains, sets the threshold, and measures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.errors import AssistantError, BadInput
from assistant.settings import Wake
from assistant.teach import head, sentences
from assistant.teach.corpus import Amounts, Corpus, Makers, Tick, Windows
from assistant.teach.features import Features
from assistant.teach.phrase import Phrase, parse
from assistant.teach.scenes import Scenes
from assistant.teach.talkers import Talker, people

HELD_OUT = 5  # every fifth voice is not learned from, and every fourth recording of eight or more
ENOUGH = 8
STEP_COST = 0.05  # of a training step, in streams, for the progress bar
# The threshold is the logit that so many windows an hour of held-out other speech exceed. It lies
# no more than this below the weak words, in percent of the held-out ones (other engines' voices
# score up to two lower than espeak-ng's; deeper was never tried), and costs no more of them.
ABOVE, WEAK, DEEPEST, LOST = 24, 3.0, 2.0, 10.0
# A word that does worse with held-out voices is refused. What espeak-ng says is much nearer to
# what was learned than what people say: "hey pumpkin" has 40 false wakes an hour there, and none
# in 340 recordings of people.
RECALL, FALSE_AN_HOUR, FEW = 0.8, 60.0, 2  # so few false wakes say nothing about an hour


@dataclass(frozen=True)
class Request:
    """What to teach, from what. ``engines`` None takes all the machine has."""

    phrase: str
    out: Path
    recorded: Sequence[np.ndarray] = ()
    background: Sequence[np.ndarray] = ()
    amounts: Amounts = Amounts()
    engines: tuple[str, ...] | None = None

    @property
    def work(self) -> float:
        """What ``tick`` adds up to."""
        return self.amounts.total + STEP_COST * head.STEPS * head.NETWORKS


@dataclass(frozen=True)
class Taught:
    """What came of it; recalls are shares of sounds, by voices it did not learn from."""

    phrase: str
    path: Path
    size: int  # bytes
    voices: int
    held_voices: int
    recall: float
    words: int
    recorded_recall: float | None
    near_woken: float  # share of the phrases that nearly sound like it and woke it
    false_wakes: int
    others_s: float
    took_s: float
    computed_s: float  # processor time, without the speech engines'


def teach(request: Request, tick: Tick = lambda _: None) -> Taught:
    """Make the word's file and return the measurements.

    Raises ``BadInput`` for a phrase that is too short, too common, or turns out too like other
    speech. Takes one core for a minute or two of a 2020s x86 machine.
    """
    started, computed = time.monotonic(), time.process_time()
    phrase = parse(request.phrase)
    sentences.refuse_everyday(phrase.text)
    everyone = people(request.engines)
    held_people = everyone[HELD_OUT - 1 :: HELD_OUT]
    learned_people = [person for person in everyone if person not in held_people]
    recorded, kept = _split(request.recorded)
    corpus, held = _corpora(phrase, learned_people, held_people, recorded, request, tick)
    trained = head.train(
        corpus.word,
        joined(corpus.near, corpus.others),
        lambda n: tick(n * STEP_COST),
        steps=head.STEPS,
    )
    threshold = choose_threshold(trained, held)
    recall, false = _rates(trained, held, threshold)
    often = false > FEW and false * 3600 / held.others_s > FALSE_AN_HOUR
    if recall < RECALL or often:
        raise _too_like_others(phrase, recall, false, held.others_s)
    score = Wake().threshold
    shift = float(np.log(score / (1 - score))) - threshold
    size = _write(request.out, trained.to_onnx(shift, f'wake word "{phrase.text}"'))
    return Taught(
        phrase=phrase.text,
        path=request.out,
        size=size,
        voices=len(learned_people),
        held_voices=len(held_people),
        recall=recall,
        words=int(held.word.streams.max()) + 1,
        recorded_recall=_recorded_recall(trained, phrase, kept, threshold),
        near_woken=float(np.mean(held.near.best(trained.logits(held.near)) >= threshold)),
        false_wakes=false,
        others_s=held.others_s,
        took_s=time.monotonic() - started,
        computed_s=time.process_time() - computed,
    )


def _split(recorded: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the recordings to learn from, and those kept to measure with."""
    if len(recorded) < ENOUGH:
        return list(recorded), []
    return [x for i, x in enumerate(recorded) if i % 4], list(recorded[::4])


def _corpora(
    phrase: Phrase,
    learned: Sequence[Talker],
    held: Sequence[Talker],
    recorded: Sequence[np.ndarray],
    request: Request,
    tick: Tick,
) -> tuple[Corpus, Corpus]:
    features, n = Features(), request.amounts
    back = request.background
    scenes = Scenes(1, back)
    first = Makers(phrase, learned, scenes, features, tick)
    corpus = first.corpus(n.words, n.near, n.others, recorded, back)
    second = Makers(phrase, held, Scenes(2), features, tick)
    return corpus, second.corpus(n.held_words, n.held_near, n.held_others, plain=True)


def choose_threshold(trained: head.Head, held: Corpus) -> float:
    """Return the logit from which a window is the word, by what held-out voices reach."""
    words = held.word.best(trained.logits(held.word))
    others = np.sort(trained.logits(held.others))
    above = int(ABOVE * held.others_s / 3600)
    other = others[-1 - min(above, len(others) - 1)]
    return float(np.clip(other, np.percentile(words, WEAK) - DEEPEST, np.percentile(words, LOST)))


def _rates(trained: head.Head, held: Corpus, threshold: float) -> tuple[float, int]:
    """Return the recall, and how many windows of other speech would have woken it."""
    recall = float(np.mean(held.word.best(trained.logits(held.word)) >= threshold))
    fired = np.flatnonzero(trained.logits(held.others) >= threshold)
    return recall, int(np.sum(np.diff(fired, prepend=-100) > 8))


def _recorded_recall(
    trained: head.Head, phrase: Phrase, kept: Sequence[np.ndarray], threshold: float
) -> float | None:
    if not kept:
        return None
    makers = Makers(phrase, [], Scenes(3), Features(), lambda _: None)
    windows = makers.recorded(kept)
    return float(np.mean(windows.best(trained.logits(windows)) >= threshold))


def _too_like_others(phrase: Phrase, recall: float, false: int, others_s: float) -> BadInput:
    problem = (
        f"cannot be told from other speech: heard from {recall:.0%} of the voices kept for "
        f"measuring, and {false} false wakes in {others_s / 60:.0f} minutes"
    )
    remedy = 'choose a longer word with harder sounds, like "hey pumpkin", or give recordings'
    return BadInput(f'wake word "{phrase.text}"', problem, remedy)


def joined(one: Windows, other: Windows) -> Windows:
    """Return the windows of both."""
    return Windows(
        np.concatenate([one.rows, other.rows]),
        np.concatenate([one.ends, other.ends + len(one.rows)]),
        np.concatenate([one.weights, other.weights]),
        np.concatenate([one.streams, other.streams + int(one.streams.max(initial=-1)) + 1]),
    )


def _write(path: Path, data: bytes) -> int:
    """Put the file in its place in one step: a running speaker never loads half of it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(path.name + ".part")
        half.write_bytes(data)
        half.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise AssistantError(f"{path}: cannot be written: {reason}; give another --out") from None
    return len(data)
