"""The speaker alone with its echo in rooms that change: what does it take for the wake word?

Nobody says anything. A minute of sound in every room; in half of them the device is moved, a door
opens or the volume changes after 20 to 40 s, so that for a moment the echo is hardly cancelled.
Every hit is false. Ours is the shipped ``Ears``; a peer's output goes to the same wake word
networks and the same threshold, as in ``wake_recall``.
"""

from __future__ import annotations

import pydoc_data.topics
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from rich.table import Table

from assistant.audio.format import SAMPLE_RATE
from tests.benchmarks import engines, loudspeakers, rooms
from tests.benchmarks.echo_scenes import ECHO_RMS, Scene
from tests.benchmarks.far_ends import espeak, far_end
from tests.benchmarks.wake_recall import alexa, same_rule, shipped

FIRST_ROOM, TUNING_ROOM, ROOMS = 4200, 3000, 60
SIZE = 60 * SAMPLE_RATE
KINDS = ("synthetic voice", "synthetic voice", "synthetic voice", "recorded people", "music")
CHANGES = ("", "", "", "moved", "door", "volume")
LANGUAGES = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp")
VARIANTS = ("", *(f"+f{i}" for i in range(1, 6)), *(f"+m{i}" for i in range(1, 9)))
READ = 1400  # characters: a minute and more
GOAL = 0


@dataclass(frozen=True)
class Job:
    """One room; ``names`` are the engines that listen, ``people`` voices for the loudspeaker."""

    seed: int
    people: tuple[Path, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Alone:
    """What one engine took for the wake word in one room: ``hits`` in seconds."""

    engine: str
    seed: int
    kind: str
    change: str
    changed_s: float
    hits: tuple[float, ...]


def jobs(data: Path, tune: bool, quick: bool, names: tuple[str, ...]) -> list[Job]:
    """Return the rooms; tuning has rooms and voices of its own."""
    people = tuple(sorted((data / "commands").glob("*.flac"))[int(tune) :: 2])
    first, count = (TUNING_ROOM if tune else FIRST_ROOM), (4 if quick else ROOMS)
    return [Job(first + i, people, names) for i in range(count)]


def listen(job: Job) -> list[Alone]:
    """Return what every engine of a job took for the wake word."""
    settings, found = alexa(), []
    peers = engines.peers()[0]
    for mics in engines.ARRAYS:
        names = [name for name in job.names if engines.mics_of(name) == mics]
        if not names:
            continue
        scene, kind, change, at = scene_of(job, max(2, mics))
        for name in names:
            if name.startswith("ours"):
                hits = shipped(scene, mics, settings)[1]
            else:
                run = peers.get(name, engines.nothing)
                hits = same_rule(run(scene.mics, scene.reference, scene.latency), settings)[0]
            times = tuple(round(hit / SAMPLE_RATE, 2) for hit in hits)
            found.append(Alone(name, job.seed, kind, change, at / SAMPLE_RATE, times))
    rooms.paths.cache_clear()
    return found


def scene_of(job: Job, mics: int) -> tuple[Scene, str, str, int]:
    """Return what the microphones hear, what plays, what changes and at which sample."""
    room, rng = rooms.draw(job.seed), np.random.default_rng([job.seed, 78])
    kind, change = str(rng.choice(KINDS)), str(rng.choice(CHANGES))
    at = int(rng.uniform(20, 40) * SAMPLE_RATE)
    step, loudness = 10 ** (rng.uniform(-15, 6) / 20), 10 ** (rng.uniform(-15, 5) / 20)
    reference = _played(job, kind)
    if change == "volume":
        reference[at:] *= step
    bent = loudspeakers.distort(reference.astype(np.float64), room.thd, room.kind)
    sounding = np.concatenate([np.zeros(room.latency), bent])[:SIZE]
    echo = rooms.convolve(sounding, rooms.paths(job.seed, mics).speaker)
    if change in rooms.CHANGES:
        other = rooms.paths(job.seed, mics, change).speaker
        echo[:, at:] = rooms.convolve(sounding, other)[:, at:]
    echo *= ECHO_RMS * loudness / np.std(echo[0])
    noise = np.random.default_rng([job.seed, 13]).normal(size=echo.shape)
    noise *= 10 ** (room.noise_db / 20)
    heard = np.clip(np.round((echo + noise) * 32768), -32768, 32767) / np.float32(32768)
    scene = Scene(heard.astype(np.float32), noise, reference, (), room.latency)
    return scene, kind, change, at


def _played(job: Job, kind: str) -> np.ndarray:
    """Return a minute of ``kind``, float32, RMS 0.1."""
    if kind != "synthetic voice":
        number = job.seed - job.seed % 4 + (1 if kind == "recorded people" else 3)
        return far_end(number, SIZE, list(job.people))
    rng = np.random.default_rng([job.seed, 77])
    text = _book()
    start = int(rng.integers(len(text) - 2 * READ))
    voice = str(rng.choice(LANGUAGES)) + str(rng.choice(VARIANTS))
    x = espeak(text[start : start + READ], voice)
    x = np.tile(x, SIZE // len(x) + 1)[:SIZE]
    return (0.1 * x / np.std(x)).astype(np.float32)


@lru_cache(maxsize=1)
def _book() -> str:
    """Return a long English text that is on every machine: Python's own manual."""
    text = " ".join(pydoc_data.topics.topics.values())
    return re.sub(r"\s+", " ", re.sub(r"[^A-Za-z.,' ]+", " ", text))


def summarise(rows: list[Alone]) -> dict:
    """Return minutes, false wakes and where they were, by engine."""
    result: dict = {}
    for name in dict.fromkeys(row.engine for row in rows):
        own = [row for row in rows if row.engine == name]
        hits = [(row, hit) for row in own for hit in row.hits]
        result[name] = {
            "minutes": len(own) * SIZE / SAMPLE_RATE / 60,
            "changes": sum(bool(row.change) for row in own),
            "false_wakes": len(hits),
            "at_first": sum(hit < 3 for _, hit in hits),
            "after_change": sum(
                bool(row.change) and 0 <= hit - row.changed_s < 3 for row, hit in hits
            ),
            "where": [
                {"room": row.seed, "plays": row.kind, "change": row.change, "at_s": hit}
                for row, hit in hits
            ],
        }
    return result


def goals(result: dict) -> list[dict]:
    """Return the goal on false wakes, for ours."""
    return [
        {
            "what": f"{name}: false wakes alone with its echo, rooms changing",
            "goal": GOAL,
            "got": row["false_wakes"],
            "reached": row["false_wakes"] <= GOAL,
        }
        for name, row in result.items()
        if name.startswith("ours")
    ]


def table(result: dict) -> Table:
    """Return the table of false wakes."""
    shown = Table(title='Alone with its echo: what was taken for "alexa"')
    for name in ("engine", "minutes", "false wakes", "in the first 3 s", "3 s after a change"):
        shown.add_column(name, justify="left" if name == "engine" else "right")
    for name, row in result.items():
        figures = (row["false_wakes"], row["at_first"], row["after_change"])
        shown.add_row(name, f"{row['minutes']:.0f}", *map(str, figures))
    changes = max((row["changes"] for row in result.values()), default=0)
    shown.caption = (
        f"A minute a room; in {changes} of them the device is moved, a door opens or the volume "
        "changes. Synthetic voices read Python's manual, recorded people, music. Nobody speaks."
    )
    return shown
