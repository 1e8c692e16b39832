"""Wake words heard over the speaker's own sound, by speech-to-echo ratio and canceller.

Ours is the shipped ``Ears``; every hit it reports counts, whatever decided it. A peer's output
goes to the same wake word model, as often and with the same closer look, and to the same
``WakeDecision`` at the same threshold. The second count, a score of 0.5 or more, is openWakeWord's
own rule.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.audio.beam import LOOKS
from assistant.audio.ears import Ears
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.wake import WakeDecision
from assistant.audio.wake_views import Wakes
from assistant.settings import Settings
from tests.benchmarks import engines, rooms
from tests.benchmarks.echo_scenes import LATEST_S, LEAD_S, Scene, Scenes, count, listening_s

LEVELS = (0, -10, -20, -30)
ARRAYS = engines.ARRAYS
REPORTING, TUNING = 100, 200  # the first room of each set
ROOMS, TUNING_ROOMS = 20, 10
SCORE = 0.5


@dataclass(frozen=True)
class Job:
    """One room with the people who speak in it. ``names`` are the engines that listen."""

    seed: int
    clips: tuple[Path, ...]
    people: tuple[Path, ...]
    names: tuple[str, ...]
    levels: tuple[int, ...] = LEVELS


@dataclass
class Heard:
    """What one engine heard in one room at one level."""

    engine: str
    level: int
    seed: int
    product: list[bool]  # per word: a hit
    scored: list[bool]  # per word: a score of 0.5
    false: int
    false_scored: int
    alone_s: float  # time in which a hit is false
    erle_db: float | None = None
    cpu: float = 0.0  # ratio to real time, wake word included


def jobs(data: Path, tune: bool, quick: bool, names: tuple[str, ...]) -> list[Job]:
    """Return the rooms with their people: tuning uses the clips of odd number and other rooms.

    ``quick`` takes a sixth of the people. Voices of the far end are held apart in the same way.
    """
    clips = sorted((data / "alexa").glob("*.flac"), key=lambda p: int(p.stem))
    people = sorted((data / "commands").glob("*.flac"))
    clips = [p for p in clips if int(p.stem) % 2] if tune else clips
    people = people[1::2] if tune else people[::2]
    first, number = (TUNING, TUNING_ROOMS) if tune else (REPORTING, ROOMS)
    number = max(1, number // 6) if quick else number
    order = np.random.default_rng(first).permutation(len(clips))
    clips = [clips[i] for i in order[: len(clips) // 6 if quick else None]]
    return [
        Job(first + i, tuple(clips[i::number]), tuple(people), names)
        for i in range(number)
        if clips[i::number]
    ]


def default_names(arrays: tuple[int, ...] = ARRAYS) -> tuple[str, ...]:
    """Return every engine that can run here, in the order of the tables."""
    ours = tuple(engines.name_of(m) for m in arrays)
    return (engines.NEAR, engines.NONE, *engines.peers()[0], *ours)


def listen(job: Job) -> list[Heard]:
    """Return what every engine of a job heard at every level."""
    scenes = Scenes(job.seed, list(job.clips), list(job.people))
    peers = engines.peers()[0]
    found = []
    for mics in ARRAYS[1:]:
        names = [name for name in job.names if max(2, engines.mics_of(name)) == mics]
        if not names:
            continue
        parts = scenes.parts(mics)
        for level in job.levels:
            scene = scenes.at(parts, level)
            found += [_hear(name, scene, level, job.seed, peers) for name in names]
    rooms.paths.cache_clear()
    return found


def _hear(name: str, scene: Scene, level: int, seed: int, peers: dict) -> Heard:
    settings, size = alexa(), scene.mics.shape[1]
    started = time.process_time()
    if name.startswith("ours"):
        out, hits, scores = shipped(scene, engines.mics_of(name), settings)
    else:
        if name == engines.NEAR:
            out = scene.near[0]
        else:
            run = peers.get(name, engines.nothing)
            out = run(scene.mics, scene.reference, scene.latency)
        hits, scores = same_rule(out, settings)
    cpu = (time.process_time() - started) * SAMPLE_RATE / size
    product, false = count(hits, scene.words)
    scored, _ = count(((np.flatnonzero(scores >= SCORE) + 1) * HOP).tolist(), scene.words)
    false_scored = stray_runs(scores, scene.words)
    erle = None
    if name not in (engines.NEAR, engines.NONE):
        settled = scene.alone & (np.arange(size) > 0.75 * LEAD_S * SAMPLE_RATE)
        erle = engines.reduction_db(scene.mics[0][settled], out[settled])
    alone = listening_s(scene.words, size)
    return Heard(name, level, seed, product, scored, false, false_scored, alone, erle, cpu)


def alexa() -> Settings:
    """Return the default settings with the wake word of the recordings."""
    settings = Settings()
    return replace(settings, wake=replace(settings.wake, word="alexa"))


def shipped(
    scene: Scene, mics: int, settings: Settings
) -> tuple[np.ndarray, list[int], np.ndarray]:
    """Return output, hits (samples) and the score after each hop of the product's own ears."""
    ears = Ears(mics, settings, positions=rooms.array(mics))
    size = scene.mics.shape[1]
    out, hits, scores = np.zeros(size, np.float32), [], np.zeros(size // HOP)
    for i in range(size // HOP):
        part = slice(i * HOP, (i + 1) * HOP)
        now = ears.hear(scene.mics[:mics, part], scene.reference[part], True)
        out[part], scores[i] = now.clean, now.score
        if now.hit is not None:
            hits.append(now.at)
    return out, hits, scores


def same_rule(mono: np.ndarray, settings: Settings) -> tuple[list[int], np.ndarray]:
    """Return hits (samples) and the score after each hop of ``mono``, by the product's rule.

    It is listened to as often as ours, and looked at again as closely.
    """
    wakes, threshold = Wakes(settings.wake.word, LOOKS), settings.wake.threshold_playing
    decision = WakeDecision(settings.wake.threshold, lag=wakes.lag)
    hits, scores, last = [], np.zeros(len(mono) // HOP), 0.0
    nothing = np.zeros(HOP, np.float32)
    for i in range(len(scores)):
        hop = mono[i * HOP : (i + 1) * HOP].astype(np.float32, copy=False)
        score = wakes.process(np.stack([hop] * LOOKS), hop, nothing, True)
        if score is not None:
            last = score
            if decision.update((i + 1) * HOP, score, threshold) is not None:
                hits.append((i + 1) * HOP)
                wakes.believed()
        scores[i] = last
    return hits, scores


def stray_runs(scores: np.ndarray, words: tuple[tuple[int, int], ...]) -> int:
    """Return how often the score (one a hop) was 0.5 or more for a while without any word."""
    claimed = np.zeros(len(scores), bool)
    late = int(LATEST_S * SAMPLE_RATE)
    for start, stop in words:
        claimed[start // HOP : (stop + late) // HOP] = True
    hot = np.concatenate([[False], scores >= SCORE, [False]])
    starts, stops = np.flatnonzero(hot[1:] & ~hot[:-1]), np.flatnonzero(hot[:-1] & ~hot[1:])
    return sum(not claimed[a:b].any() for a, b in zip(starts, stops, strict=True))
