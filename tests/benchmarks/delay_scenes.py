"""Signals for the delay benchmark: two clocks that drift apart, and a delay that jumps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.audio.format import SAMPLE_RATE
from tests.benchmarks import echo_scenes, rooms
from tests.benchmarks.loudspeakers import distort

MICS = 2
_BLOCK = 1 << 14


@dataclass(frozen=True)
class Scene:
    """One recording with its truth; sounds are float32 at 16 kHz."""

    mics: np.ndarray  # (MICS, n)
    echo: np.ndarray  # (MICS, n)
    reference: np.ndarray  # (n,)
    delay: np.ndarray  # (n,): from reference to loudspeaker, samples


def build(
    seed: int,
    seconds: float,
    people: list[Path],
    *,
    latency_ms: float | None = None,
    drift_ppm: float = 0.0,
    jumps: tuple[tuple[float, float], ...] = (),
    near_db: float | None = None,
    level_db: float = 0.0,
) -> Scene:
    """Return room ``seed``, where the loudspeaker talks for ``seconds`` without a pause.

    ``drift_ppm`` is how much faster the playback clock is; each of ``jumps`` is (when in s, by how
    many ms the delay grows). ``near_db`` lets a person talk all the time, that loud over the echo.
    """
    room, rng = rooms.draw(seed), np.random.default_rng(seed + 5000)
    ways = rooms.paths(seed, MICS)
    size = int(seconds * SAMPLE_RATE) // 256 * 256
    reference = echo_scenes.far_end(seed, size, people)
    start = room.latency if latency_ms is None else latency_ms * SAMPLE_RATE / 1000
    t = np.arange(size)
    delay = start - t * drift_ppm * 1e-6
    for at, grows in jumps:
        delay = delay + (t >= at * SAMPLE_RATE) * round(grows * SAMPLE_RATE / 1000)
    played = late(distort(reference.astype(np.float64), room.thd, room.kind), delay)
    echo = rooms.convolve(played, ways.speaker)
    scale = 0.1 / np.std(echo[0])
    mics = echo * scale + rng.normal(size=echo.shape) * 10 ** (room.noise_db / 20)
    if near_db is not None:
        near = rooms.convolve(echo_scenes.far_end(seed + 1, size, people), ways.talker)
        mics += near * 0.1 * 10 ** (near_db / 20) / np.std(near[0])
    level = 10 ** (level_db / 20)
    return Scene(
        mics=quantised(mics * level),
        echo=(echo * scale * level).astype(np.float32),
        reference=quantised(reference * level),
        delay=delay,
    )


def quantised(x: np.ndarray) -> np.ndarray:
    """Return ``x`` as a 16-bit converter gives it."""
    return (np.clip(np.rint(x * 32768), -32768, 32767) / 32768).astype(np.float32)


def late(x: np.ndarray, delay: np.ndarray, count: int = 64) -> np.ndarray:
    """Return ``x`` (n,) read ``delay`` (n,) samples late, by a Hann-windowed sinc of ``count``."""
    taps = np.arange(count) - count // 2 + 1
    edge = int(np.ceil(delay.max())) + count
    padded = np.concatenate([np.zeros(edge), x, np.zeros(count)])
    out = np.empty(len(x))
    for a in range(0, len(x), _BLOCK):
        at = edge + np.arange(a, min(len(x), a + _BLOCK)) - delay[a : a + _BLOCK]
        whole = np.floor(at).astype(int)
        part = (at - whole)[:, None]
        sine = np.sin(np.pi * part) * np.where(taps % 2, -1.0, 1.0) / np.pi
        offset = taps - part
        offset[offset == 0] = 1e-12
        turn = 2 * np.pi / count
        swing = np.cos(turn * taps) * np.cos(turn * part) + np.sin(turn * taps) * np.sin(
            turn * part
        )
        weight = -sine / offset * (0.5 + 0.5 * swing)
        weight[part[:, 0] == 0] = taps == 0
        out[a : a + _BLOCK] = np.einsum("nt,nt->n", padded[whole[:, None] + taps], weight)
    return out
