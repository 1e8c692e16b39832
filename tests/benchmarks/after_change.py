"""Somebody speaks up just after the echo path has changed: is that told from the echo?

The device is moved, a door opens or the amplifier is turned up or down by 20 dB, and up to a second
later a recorded person begins to speak. Every engine's output goes to the same voice activity
detector. A hop of 16 ms with a voice in it should score higher than one of the same time without
anybody: how often it does is the area under the ROC curve, 0.5 for a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from rich.table import Table

from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.voice_activity import VoiceActivity
from tests.benchmarks import engines, loudspeakers, rooms
from tests.benchmarks.echo_alone import Job
from tests.benchmarks.echo_scenes import ECHO_RMS, active_level, trim
from tests.benchmarks.far_ends import far_end

FIRST_ROOM, TUNING_ROOM, ROOMS = 5030, 200, 30
CHANGED, SIZE, WITHIN = 8 * SAMPLE_RATE, 12 * SAMPLE_RATE, 2 * SAMPLE_RATE
LEVELS = (0, -10, -20)
KNOB, CHANGES = 0.1, (*rooms.CHANGES, "knob")
ACTIVE, VOICE = 0.01, 0.5  # of a person's loudest power; a probability


@dataclass(frozen=True)
class Scores:
    """The voice activity of one engine's output in the two seconds after a change, by hop.

    ``level`` is the speech-to-echo ratio, dB, and only hops with a voice count; None is nobody.
    """

    engine: str
    level: int | None
    scores: np.ndarray


def jobs(data: Path, tune: bool, quick: bool, names: tuple[str, ...]) -> list[Job]:
    """Return the rooms; tuning has rooms and people of its own."""
    people = tuple(sorted((data / "commands").glob("*.flac"))[int(tune) :: 2])
    first, count = (TUNING_ROOM if tune else FIRST_ROOM), (3 if quick else ROOMS)
    return [Job(first + i, people, names) for i in range(count)]


def listen(job: Job) -> list[Scores]:
    """Return every engine's scores in one room."""
    echo, near, noise, reference = parts(job)
    peers = {engines.NONE: engines.nothing, **engines.peers()[0]}
    latency = rooms.draw(job.seed).latency
    voiced = _voiced(near[0])
    found = []
    for level in (None, *LEVELS):
        person = near * 10 ** (level / 20) if level is not None else 0.0
        heard = np.round((echo + person + noise) * 32768)
        mics = (np.clip(heard, -32768, 32767) / 32768).astype(np.float32)
        for name in job.names:
            if name in peers:
                out = peers[name](mics, reference, latency)
            else:
                out = engines.ours(mics, reference, linear=name == engines.LINEAR)
            scores = _activity(out)[CHANGED // HOP :][: WITHIN // HOP]
            kept = scores if level is None else scores[voiced[CHANGED // HOP :][: WITHIN // HOP]]
            found.append(Scores(name, level, kept))
    rooms.paths.cache_clear()
    return found


def parts(job: Job) -> tuple[np.ndarray, ...]:
    """Return echo, person at 0 dB and noise, each (2, n), and the reference (n,)."""
    room, rng = rooms.draw(job.seed), np.random.default_rng([job.seed, 501])
    change = CHANGES[job.seed % len(CHANGES)]
    reference = far_end(job.seed, SIZE, list(job.people)).astype(np.float64)
    gains = np.ones(SIZE)
    if change == "knob":
        gains[:CHANGED], gains[CHANGED:] = (KNOB, 1) if rng.random() < 0.5 else (1, KNOB)
    bent = loudspeakers.distort(reference * gains, room.thd, room.kind)
    played = np.concatenate([np.zeros(room.latency), bent])[:SIZE]
    paths = rooms.paths(job.seed, 2)
    echo = rooms.convolve(played, paths.speaker)
    if change != "knob":
        other = rooms.convolve(played, rooms.paths(job.seed, 2, change).speaker)
        echo[:, CHANGED:] = other[:, CHANGED:]
    echo *= ECHO_RMS / np.std(echo[0, CHANGED:])
    start = CHANGED + int(rng.uniform(0, 1) * SAMPLE_RATE)
    who = job.people[int(rng.integers(len(job.people)))]
    said = trim(soundfile.read(who, dtype="float32")[0])[: SIZE - start]
    spoken = rooms.convolve(said, paths.talker)[:, : SIZE - start]
    near = np.zeros_like(echo)
    near[:, start : start + spoken.shape[1]] = spoken * ECHO_RMS / active_level(spoken[0])
    noise = np.random.default_rng([job.seed, 13]).normal(size=echo.shape)
    noise *= 10 ** (room.noise_db / 20)
    return echo, near, noise, reference.astype(np.float32)


def _voiced(near: np.ndarray) -> np.ndarray:
    """Return in which hops a person speaks, bool (n // HOP,)."""
    power = np.convolve(near**2, np.ones(320) / 320, "same")
    active = power > ACTIVE * power.max()
    return active[: len(active) // HOP * HOP].reshape(-1, HOP).mean(axis=1) > 0.8


def _activity(out: np.ndarray) -> np.ndarray:
    voice = VoiceActivity()
    whole = out[: len(out) // HOP * HOP].reshape(-1, HOP).astype(np.float32)
    return np.array([voice.process(hop) for hop in whole])


def area(person: np.ndarray, nobody: np.ndarray) -> float:
    """Return how often one of ``person`` is more than one of ``nobody``; a tie counts half."""
    ranked = np.sort(nobody)
    ranks = [np.searchsorted(ranked, person, side).mean() for side in ("left", "right")]
    return float(np.mean(ranks) / len(ranked))


def summarise(rows: list[Scores]) -> dict:
    """Return the areas by level, and the share of hops taken for a voice, by engine."""
    result: dict = {}
    for name in dict.fromkeys(row.engine for row in rows):
        by = {
            level: np.concatenate([r.scores for r in rows if (r.engine, r.level) == (name, level)])
            for level in (None, *LEVELS)
        }
        nobody = by.pop(None)
        result[name] = {
            "echo_taken_for_a_voice": float(np.mean(nobody > VOICE)),
            "area": {str(level): area(scores, nobody) for level, scores in by.items()},
            "voice": {str(level): float(np.mean(x > VOICE)) for level, x in by.items()},
        }
    return result


def goals(result: dict) -> list[dict]:
    """Return the goal: the post-filter costs nobody anything."""
    linear, ours = result.get(engines.LINEAR), result.get(engines.name_of(2))
    if not linear or not ours:
        return []
    return [
        {
            "what": f"{level} dB after a change: person told from echo, linear or better",
            "goal": linear["area"][level],
            "got": ours["area"][level],
            "reached": ours["area"][level] >= linear["area"][level],
        }
        for level in linear["area"]
    ]


def table(result: dict, count: int) -> Table:
    """Return the table of areas and shares."""
    shown = Table(title="A person in the two seconds after a change: area under the ROC curve")
    shown.add_column("engine")
    for level in LEVELS:
        shown.add_column(f"{level} dB", justify="right")
    shown.add_column("of echo alone taken for a voice", justify="right")
    for name, row in result.items():
        areas = (f"{row['area'][str(level)]:.3f}" for level in LEVELS)
        shown.add_row(name, *areas, f"{row['echo_taken_for_a_voice']:.0%}")
    shown.caption = (
        f"Silero's voice activity by hop, {count} rooms. Speech-to-echo ratio: power of the person "
        "while they speak (20 ms frames within 20 dB of the loudest) over the mean power of the "
        "echo after the change, at microphone 1, with reverb. Ours has two microphones; linear is "
        "without the post-filter."
    )
    return shown
