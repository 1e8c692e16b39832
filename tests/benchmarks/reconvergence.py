"""How fast a canceller is good, and good again after the echo path has changed.

Far end only. The path changes in the middle of each recording. ERLE is microphone over output in
steps of 100 ms while there is echo, averaged in dB over the rooms, and then over 300 ms; a
canceller is back from where this stays for 300 ms within 3 dB of what it ends up with itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from assistant.audio.format import SAMPLE_RATE
from tests.benchmarks import engines, loudspeakers, rooms
from tests.benchmarks.far_ends import far_end

FIRST_ROOM, TUNING_ROOM, ROOMS = 140, 240, 8
STEP = SAMPLE_RATE // 10
HALF_S = 10.0
FADE = int(0.05 * SAMPLE_RATE)
SETTLED = 40  # steps at the end of each half: what a canceller ends up with
WITHIN_DB, HOLD = 3.0, 3
AUDIBLE_DB = -25.0  # a step with less echo than this below its half's mean says nothing
GOAL_S = 1.5
COLD = "cold start"
CHANGES = {
    "moved": "device moved 25 cm and turned",
    "door": "door opened, other reverberation",
    "volume up": "volume +20 dB, reference too",
    "volume down": "volume -20 dB, reference too",
    "knob up": "amplifier +20 dB, reference not",
    "knob down": "amplifier -20 dB, reference not",
}
QUIET = 0.1  # 20 dB


@dataclass(frozen=True)
class Job:
    """One room and what happens in it; ``names`` are the engines."""

    seed: int
    change: str
    people: tuple[Path, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Curve:
    """ERLE of one engine in one room, dB, in steps of 100 ms; NaN where there is no echo."""

    engine: str
    change: str
    seed: int
    erle_db: np.ndarray


def scene(job: Job, mics: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return microphones (mics, n), reference (n,), echo (n,) at microphone 1, and the lag."""
    room, size = rooms.draw(job.seed), int(2 * HALF_S * SAMPLE_RATE)
    after = np.clip((np.arange(size) - size // 2) / FADE, 0, 1)
    up = job.change.endswith("up")
    step = QUIET + (1 - QUIET) * (after if up else 1 - after)
    reference = far_end(job.seed, size, list(job.people)).astype(np.float64)
    if job.change.startswith("volume"):
        reference *= step
    driven = reference * step if job.change.startswith("knob") else reference
    bent = loudspeakers.distort(driven, room.thd, room.kind)
    played = np.concatenate([np.zeros(room.latency), bent])[:size]
    echo = rooms.convolve(played, rooms.paths(job.seed, mics).speaker)
    if job.change in rooms.CHANGES:
        other = rooms.convolve(played, rooms.paths(job.seed, mics, job.change).speaker)
        echo += after * (other - echo)
    loud = slice(size // 2, None) if up else slice(0, size // 2)
    echo *= 0.1 / np.std(echo[0, loud])
    noise = np.random.default_rng([job.seed, 13]).normal(size=echo.shape)
    mixed = echo + noise * 10 ** (room.noise_db / 20)
    mixed = np.clip(np.round(mixed * 32768), -32768, 32767) / np.float32(32768)
    return mixed.astype(np.float32), reference.astype(np.float32), echo[0], room.latency


def follow(job: Job) -> list[Curve]:
    """Return every engine's ERLE curve for one job."""
    mics, reference, echo, lag = scene(job)
    peers = engines.peers()[0]
    found = []
    for name in job.names:
        if name in peers:
            out = peers[name](mics, reference, lag)
        elif name == engines.LINEAR:
            out = engines.ours(mics, reference, linear=True)
        else:
            out = engines.ours(mics[: engines.mics_of(name)], reference)
        found.append(Curve(name, job.change, job.seed, erle_steps(mics[0], out, echo)))
    rooms.paths.cache_clear()
    return found


def erle_steps(mic: np.ndarray, out: np.ndarray, echo: np.ndarray) -> np.ndarray:
    """Return ERLE in steps of 100 ms, dB; NaN where the echo is too quiet to tell."""
    power = [_steps(x) for x in (mic, out, echo)]
    erle = 10 * np.log10((power[0] + 1e-12) / (power[1] + 1e-12))
    half = len(erle) // 2
    for part in (slice(0, half), slice(half, None)):
        quiet = power[2][part] < 10 ** (AUDIBLE_DB / 10) * power[2][part].mean()
        erle[part][quiet] = np.nan
    return erle


def _steps(x: np.ndarray) -> np.ndarray:
    frames = x[: len(x) // STEP * STEP].reshape(-1, STEP).astype(np.float64)
    return np.mean(frames**2, axis=1)


def jobs(data: Path, tune: bool, quick: bool, names: tuple[str, ...]) -> list[Job]:
    """Return the rooms and changes; tuning has rooms of its own."""
    people = sorted((data / "commands").glob("*.flac"))[int(tune) :: 2]
    first = TUNING_ROOM if tune else FIRST_ROOM
    count, changes = (2, list(CHANGES)[:2]) if quick else (ROOMS, list(CHANGES))
    return [
        Job(first + i, change, tuple(people), names) for change in changes for i in range(count)
    ]


def summarise(curves: list[Curve]) -> dict:
    """Return mean curves and times to be back, by engine and change; s, dB, null for never."""
    result: dict = {}
    for name in dict.fromkeys(c.engine for c in curves):
        rows: dict = {}
        own = [c for c in curves if c.engine == name]
        half = len(own[0].erle_db) // 2
        cold = [c.erle_db[:half] for c in own if c.change in rooms.CHANGES]
        if cold:
            rows[COLD] = back(cold)
        for change in dict.fromkeys(c.change for c in own):
            whole = [c.erle_db for c in own if c.change == change]
            rows[change] = back([x[half:] for x in whole])
            rows[change]["before_db"] = float(_mean(whole)[half - SETTLED : half].mean())
            rows[change]["curve_db"] = _mean(whole).tolist()
        result[name] = rows
    return result


def back(erles: list[np.ndarray]) -> dict:
    """Return ``converged_db``, ``dip_db`` (lowest) and ``back_s`` of one half, over its rooms."""
    mean = _mean(erles)
    converged = float(mean[-SETTLED:].mean())
    good = mean >= converged - WITHIN_DB
    runs = [i for i in range(len(good) - HOLD + 1) if good[i : i + HOLD].all()]
    return {
        "converged_db": converged,
        "dip_db": float(mean[: 2 * SAMPLE_RATE // STEP].min()),
        "back_s": runs[0] * STEP / SAMPLE_RATE if runs else None,
        "to_15_db_s": int(np.argmax(mean >= 15)) / 10 if (mean >= 15).any() else None,
        "rooms": len(erles),
    }


def _mean(erles: list[np.ndarray]) -> np.ndarray:
    """Return the mean over rooms, then over the last 300 ms; gaps are bridged."""
    stacked = np.stack(erles)
    known = ~np.isnan(stacked)
    mean = np.where(known, stacked, 0).sum(0) / np.maximum(1, known.sum(0))
    there = known.any(0)
    at = np.arange(len(mean))
    mean = np.interp(at, at[there], mean[there])
    padded = np.concatenate([np.repeat(mean[:1], 2), mean])
    return np.convolve(padded, np.ones(3) / 3, "valid")


def goals(result: dict) -> list[dict]:
    """Return the goal on the time to be back after each change, for ours."""
    return [
        {
            "what": f"{name}: seconds to be back, {CHANGES[change]}",
            "goal": GOAL_S,
            "got": row["back_s"],
            "reached": row["back_s"] is not None and row["back_s"] <= GOAL_S,
        }
        for name, rows in result.items()
        if name.startswith("ours") and name != engines.LINEAR
        for change, row in rows.items()
        if change in CHANGES
    ]


def table(result: dict) -> Table:
    """Return the table of times to be back."""
    shown = Table(title="Back within 3 dB of the converged ERLE after a change: s (dip → end, dB)")
    shown.add_column("what happens")
    for name in result:
        shown.add_column(name, justify="right")
    first = next(iter(result.values()))
    for change in first:
        cells = [_cell(rows.get(change)) for rows in result.values()]
        shown.add_row(CHANGES.get(change, change), *cells)
    count = max(row["rooms"] for row in first.values())
    shown.caption = (
        f"Goal: at most {GOAL_S} s (* met, ! missed). Mean of dB over {first_rooms(first)} rooms, "
        f"{count} recordings for the cold start, far end only, cross-faded in 50 ms. dip: lowest "
        "in 2 s. AEC3's ERLE is its suppressor's too, which takes the near end along. "
        "Ours has a post-filter in the first seconds of a path; without it, with two microphones, "
        "it is called linear."
    )
    return shown


def first_rooms(rows: dict) -> int:
    """Return how many rooms each change was tried in."""
    return min(row["rooms"] for row in rows.values())


def _cell(row: dict | None) -> str:
    if row is None:
        return "-"
    took = row["back_s"]
    late = took is None or took > GOAL_S
    shown = "never" if took is None else f"{took:.1f}"
    return f"{shown}{'!' if late else '*'} ({row['dip_db']:.0f} → {row['converged_db']:.0f})"
