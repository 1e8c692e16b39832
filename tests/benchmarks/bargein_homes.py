"""Rooms, people and replies of the barge-in benchmark, all drawn by seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.audio.format import samples
from assistant.room.people import active_level
from assistant.room.scene import Placement, Point, Room

FRAME = samples(0.02)
ACTIVE_DB = 15.9  # ITU-T P.56: speech is active from this far below its active level
VOICES = ("espeak:en-us+f3", "espeak:en-us+m4")


@dataclass(frozen=True)
class Home:
    """A room with the speaker in it and one place where somebody stands."""

    room: Room
    device: Placement
    talker_m: Point
    talker_db: float  # at 1 m
    voice: str


def draw_home(seed: int) -> Home:
    """Return home number ``seed``: the same number gives the same home.

    RT60 0.2-0.7 s, distortion 1-5 %, speaker 62-70 dB and talker 62-68 dB at 1 m, 0.5-4 m apart,
    20-120 ms of output latency.
    """
    rng = np.random.default_rng([seed, 17])
    size = rng.uniform([3.5, 3.0, 2.4], [6.5, 5.0, 3.0])
    device = np.array([rng.uniform(0.8, size[0] - 0.8), 0.5, rng.uniform(0.7, 1.1)])
    return Home(
        room=Room(_point(size), float(rng.uniform(0.2, 0.7)), float(rng.uniform(28, 36))),
        device=Placement(
            position_m=_point(device),
            speaker_db=float(rng.uniform(62, 70)),
            latency_ms=float(rng.uniform(20, 120)),
            distortion=float(rng.uniform(0.01, 0.05)),
        ),
        talker_m=draw_place(rng, device, size),
        talker_db=float(rng.uniform(62, 68)),
        voice=VOICES[seed % len(VOICES)],
    )


def draw_place(rng: np.random.Generator, device: np.ndarray, size: np.ndarray) -> Point:
    """Return a place in the room where a mouth is 0.5 to 4 m from the speaker."""
    for _ in range(1000):
        place = rng.uniform([0.4, 0.9, 1.1], [size[0] - 0.4, size[1] - 0.4, 1.7])
        if 0.5 <= np.linalg.norm(place - device) <= 4.0:
            return _point(place)
    raise RuntimeError("the room has no place for a talker")


def _point(x: np.ndarray) -> Point:
    return tuple(float(v) for v in x)


def active_span(x: np.ndarray) -> tuple[int, int]:
    """Return between which samples ``x`` is active speech (ITU-T P.56, 20 ms frames)."""
    floor = 10 ** ((active_level(x) - ACTIVE_DB) / 10)
    frames = x[: len(x) // FRAME * FRAME].reshape(-1, FRAME)
    active = np.flatnonzero(np.mean(frames**2, axis=1) >= floor)
    return int(active[0]) * FRAME, int(active[-1] + 1) * FRAME


def quantiles(values: list[float]) -> dict[str, float | None]:
    """Return p50 and p95 of what was measured; None for nothing."""
    if not values:
        return {"p50": None, "p95": None}
    low, high = np.percentile(values, [50, 95])
    return {"p50": round(float(low), 3), "p95": round(float(high), 3)}
