"""Delay and drift: how soon they are known, and what a jump or a second clock costs.

All engines get the same signals in the same run, one microphone, rooms 300 and up (not used
while building this). SpeexDSP and AEC3 are given the true bulk delay of the start (less 4 ms);
ours finds it from nothing. AEC3's figures include its suppressor, which also removes speech.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from rich.table import Table

from assistant.audio.delay import DelayAligner
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.front_end import FrontEnd
from assistant.settings import Echo
from tests.benchmarks import delay_scenes, rooms
from tests.benchmarks.delay_scenes import Scene
from tests.benchmarks.engines import delayed
from tests.benchmarks.peers import Missing, Speex, WebRtc
from tests.data import data_root

FIRST_ROOM = 300
FIND_SEEDS, FIND_S = 30, 5.0
CONDITIONS = {
    "far end alone": {},
    "a talker as loud as the echo": {"near_db": 0.0},
    "played 40 dB softer": {"level_db": -40.0},
}
JUMPS_MS = (250.0, -150.0, 20.0, 1.0)
JUMP_AT, JUMP_S = 8.0, 13.0
WITHIN_DB, WINDOW = 3.0, 0.5
DRIFTS = (0.0, 30.0, -30.0, 100.0, -100.0, 200.0, -200.0)
DRIFT_S, DRIFT_FROM = 24.0, 8.0
Engine = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def run(quick: bool, console) -> dict:
    """Print the three tables; return their numbers by condition, jump and drift."""
    people = sorted((data_root() / "commands").glob("*.flac"))[100:]
    numbers = range(FIRST_ROOM, FIRST_ROOM + (2 if quick else 8))
    seeds = range(FIRST_ROOM, FIRST_ROOM + (6 if quick else FIND_SEEDS))
    peers, missing = _peers()
    found = {name: _find(seeds, people, kw) for name, kw in CONDITIONS.items()}
    _print_find(console, found, len(seeds))
    jumps = {ms: _jump(numbers, people, ms, peers) for ms in JUMPS_MS}
    _print_jumps(console, jumps, ["ours", *peers], len(numbers))
    drifts = _drift(numbers, people, peers)
    _print_drift(console, drifts, ["ours", *peers], len(numbers))
    for name, reason in missing.items():
        console.print(f"{name}: {reason}")
    return {"find": found, "jump": jumps, "drift": drifts}


def _peers() -> tuple[dict[str, Engine], dict[str, str]]:
    engines: dict[str, Engine] = {}
    missing: dict[str, str] = {}
    for peer in (WebRtc, Speex):
        try:
            one = peer()
        except Missing as error:
            missing[peer.name] = str(error)
            continue
        engines[peer.name] = lambda mic, ref, lag, one=one: one.run(mic, delayed(ref, lag))
    return engines, missing


def _find(seeds: range, people: list, condition: dict) -> dict:
    """Return when the delay was first known, how far off it was, and what a hop costs."""
    times, errors, cost, hops = [], [], 0.0, 0
    for seed in seeds:
        latency = np.random.default_rng(seed).uniform(0, 490)
        scene = delay_scenes.build(seed, FIND_S, people, latency_ms=latency, **condition)
        aligner, found = DelayAligner(), None
        began = time.thread_time()
        for i in range(0, scene.reference.size, HOP):
            aligner.process(scene.reference[i : i + HOP], scene.mics[0, i : i + HOP])
            if aligner.found and found is None:
                found = (i + HOP) / SAMPLE_RATE
        cost += time.thread_time() - began
        hops += scene.reference.size // HOP
        times.append(np.inf if found is None else found)
        direct = _direct(scene, seed)
        errors.append(abs(aligner.delay + 64 - direct) if direct > 64 else 0.0)
    p50, p95 = np.percentile(times, [50, 95], method="higher")
    return {
        "p50_s": float(p50),
        "p95_s": float(p95),
        "missed": int(np.isinf(times).sum()),
        "worst_error": float(np.max(errors)),
        "share": cost / hops * SAMPLE_RATE / HOP,
    }


def _direct(scene: Scene, seed: int) -> float:
    """Return the delay up to the strongest sound at the microphone, samples."""
    return float(scene.delay[0]) + int(
        np.abs(rooms.paths(seed, delay_scenes.MICS).speaker[0]).argmax()
    )


def ours(scene: Scene) -> tuple[np.ndarray, FrontEnd, float]:
    """Return our output for a scene, the front end, and when drift compensation began, s."""
    front, out, began = FrontEnd(1, Echo()), np.zeros(scene.reference.size, np.float32), np.inf
    for i in range(0, out.size, HOP):
        hop = slice(i, i + HOP)
        out[hop] = front.process(scene.mics[:1, hop], scene.reference[hop], True)
        if front.drift_compensated and began == np.inf:
            began = i / SAMPLE_RATE
    return out, front, began


def _jump(numbers: range, people: list, ms: float, peers: dict[str, Engine]) -> dict:
    """Return each engine's recovery times after the delay jumps by ``ms``, one per room."""
    times: dict[str, list[float]] = {name: [] for name in ("ours", *peers)}
    for seed in numbers:
        scene = delay_scenes.build(seed, JUMP_S, people, latency_ms=200.0, jumps=((JUMP_AT, ms),))
        times["ours"].append(recovery(scene.mics[0], ours(scene)[0]))
        for name, engine in peers.items():
            out = engine(scene.mics[0], scene.reference, int(scene.delay[0]))
            times[name].append(recovery(scene.mics[0], out))
    return times


def recovery(mic: np.ndarray, out: np.ndarray) -> float:
    """Return seconds from the jump to the end of the first half a second that is good again.

    Good is an ERLE within 3 dB of that of the four seconds before the jump.
    """
    jump, window = int(JUMP_AT * SAMPLE_RATE), int(WINDOW * SAMPLE_RATE)
    before = _erle(mic, out, jump - 4 * SAMPLE_RATE, jump)
    for end in range(jump + window, len(mic), SAMPLE_RATE // 16):
        if _erle(mic, out, end - window, end) > before - WITHIN_DB:
            return (end - jump) / SAMPLE_RATE
    return float("inf")


def _erle(mic: np.ndarray, out: np.ndarray, start: int, stop: int) -> float:
    """Return the reduction above 125 Hz, dB: removing hum is no echo cancelling."""
    parts = (np.fft.rfft(x[start:stop].astype(np.float64)) for x in (mic, out))
    heard, left = (np.sum(np.abs(x[len(x) // 64 :]) ** 2) for x in parts)
    return float(10 * np.log10(heard / (left + 1e-9)))


def _drift(numbers: range, people: list, peers: dict[str, Engine]) -> dict:
    """Return by drift: every engine's ERLE by room, our estimates' errors and time to lock."""
    start, stop = int(DRIFT_FROM * SAMPLE_RATE), int(DRIFT_S * SAMPLE_RATE)
    result: dict = {}
    for ppm in DRIFTS:
        row = {name: [] for name in ("ours", *peers, "error_ppm", "lock_s")}
        for seed in numbers:
            scene = delay_scenes.build(seed, DRIFT_S, people, latency_ms=150.0, drift_ppm=ppm)
            out, front, began = ours(scene)
            row["ours"].append(_erle(scene.mics[0], out, start, stop))
            row["error_ppm"].append(abs(front.drift_ppm - ppm))
            row["lock_s"].append(began)
            for name, engine in peers.items():
                out = engine(scene.mics[0], scene.reference, int(scene.delay[0]))
                row[name].append(_erle(scene.mics[0], out, start, stop))
        result[ppm] = row
    return result


def _print_find(console, found: dict, seeds: int) -> None:
    table = Table(title=f"Bulk delay of 0 to 490 ms found from nothing, {seeds} rooms")
    for column in ("while", "p50 s", "p95 s", "missed", "worst error", "of one core"):
        table.add_column(column, justify="left" if column == "while" else "right")
    for name, row in found.items():
        table.add_row(
            name,
            f"{row['p50_s']:.2f}",
            f"{row['p95_s']:.2f}",
            str(row["missed"]),
            f"{row['worst_error']:.0f} samples",
            f"{100 * row['share']:.2f} %",
        )
    console.print(table)


def _print_jumps(console, jumps: dict, engines: list[str], count: int) -> None:
    table = Table(title=f"Seconds from a jump until ERLE is within 3 dB again, {count} rooms")
    table.add_column("jump")
    for name in engines:
        table.add_column(f"{name}: median (worst)", justify="right")
    for ms, row in jumps.items():
        cells = (f"{np.median(row[n]):.2f} ({np.max(row[n]):.2f})" for n in engines)
        table.add_row(f"{ms:+.0f} ms", *cells)
    console.print(table)


def _print_drift(console, drifts: dict, engines: list[str], count: int) -> None:
    table = Table(title=f"ERLE in dB under clock drift and its loss against 0 ppm, {count} rooms")
    table.add_column("drift")
    for name in engines:
        table.add_column(f"{name}: mean (worst loss)", justify="right")
    for column in ("our error, ppm", "lock, s"):
        table.add_column(column, justify="right")
    for ppm, row in drifts.items():
        cells = (
            f"{np.mean(row[n]):.1f} ({np.max(np.subtract(drifts[0.0][n], row[n])):.1f})"
            for n in engines
        )
        error, lock = np.max(row["error_ppm"]), np.max(row["lock_s"])
        locked = f"{lock:.1f}" if np.isfinite(lock) else "never"
        table.add_row(f"{ppm:+.0f} ppm", *cells, f"{error:.2f}", locked)
    console.print(table)
