"""Echo cancellers on recorded pairs of the AEC Challenge: ERLE, and AECMOS as second opinion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from rich.table import Table

from tests.benchmarks import engines
from tests.benchmarks.aecmos import DOUBLE, FAR_END, MODEL, AecMos

LONGEST_LAG = 8000  # samples
SOURCES = (
    ("far_end_real", FAR_END, "*_mic.flac", ("_mic", "_lpb")),
    ("double_talk_real", DOUBLE, "*_mic.flac", ("_mic", "_lpb")),
    ("double_talk_synthetic", DOUBLE, "nearend_mic_*.flac", ("nearend_mic", "farend_speech")),
)


@dataclass(frozen=True)
class Job:
    """One recorded pair; ``names`` are the engines, ``model`` the folder of AECMOS or None."""

    group: str
    scenario: str
    mic: Path
    reference: Path
    names: tuple[str, ...]
    model: Path | None


@dataclass(frozen=True)
class Rating:
    """What one engine made of one pair; scores 1 to 5."""

    engine: str
    group: str
    scenario: str
    clip: str
    erle_db: float  # over the second half
    echo_mos: float | None
    other_mos: float | None


def jobs(data: Path, quick: bool, names: tuple[str, ...]) -> list[Job]:
    """Return the pairs; ``quick`` takes one of each kind."""
    model = data / "aecmos"
    found = []
    for group, scenario, pattern, (mic, reference) in SOURCES:
        paths = sorted((data / "echo" / group).glob(pattern))
        for path in paths[: 1 if quick else None]:
            other = path.with_name(path.name.replace(mic, reference))
            folder = model if (model / MODEL).exists() else None
            found.append(Job(group, scenario, path, other, names, folder))
    return found


def rate(job: Job) -> list[Rating]:
    """Return every engine's rating of one pair."""
    mic, played = (soundfile.read(p, dtype="float32")[0] for p in (job.mic, job.reference))
    size = min(len(mic), len(played))
    mic, played = mic[:size], played[:size]
    lag, found = bulk_delay(mic, played), []
    known = {
        **engines.peers()[0],
        engines.NONE: engines.nothing,
        engines.SUPPRESSED: engines.suppressed,
    }
    model = AecMos(job.model) if job.model else None
    for name in job.names:
        out = known.get(name, engines.ours)(mic[None], played, lag)
        erle = engines.reduction_db(mic[size // 2 :], out[size // 2 :])
        scores = model.rate(job.scenario, played, mic, out) if model else (None, None)
        found.append(Rating(name, job.group, job.scenario, job.mic.stem, erle, *scores))
    return found


def bulk_delay(mic: np.ndarray, played: np.ndarray) -> int:
    """Return by how many samples the echo lags (weighted cross-correlation, Knapp & Carter)."""
    size = 1 << (2 * len(mic)).bit_length()
    cross = np.fft.rfft(mic, size) * np.fft.rfft(played, size).conj()
    cross /= np.abs(cross) ** 0.7 + 1e-9
    return int(np.abs(np.fft.irfft(cross)[:LONGEST_LAG]).argmax())


def summarise(ratings: list[Rating]) -> dict:
    """Return means by engine and group; 'double talk' is both kinds of it together."""
    result: dict = {}
    for name in dict.fromkeys(r.engine for r in ratings):
        own = [r for r in ratings if r.engine == name]
        groups = {g: [r for r in own if r.group == g] for g in dict.fromkeys(r.group for r in own)}
        groups[DOUBLE] = [r for r in own if r.scenario == DOUBLE]
        result[name] = {group: _means(rows) for group, rows in groups.items() if rows}
    return result


def _means(rows: list[Rating]) -> dict:
    means = {"clips": len(rows), "erle_db": float(np.mean([r.erle_db for r in rows]))}
    if rows[0].echo_mos is not None:
        means["echo_mos"] = float(np.mean([r.echo_mos for r in rows]))
        means["other_mos"] = float(np.mean([r.other_mos for r in rows]))
    return means


def goals(result: dict) -> list[dict]:
    """Return the goals in double talk beside AEC3: echo at or above its, degradation above."""
    peer, found = result.get(engines.AEC3, {}).get(DOUBLE), []
    for name in [n for n in result if n.startswith("ours")]:
        own = result[name].get(DOUBLE, {})
        if peer and "echo_mos" in own and "echo_mos" in peer:
            for key, beats in (("echo_mos", own["echo_mos"] >= peer["echo_mos"]),
                               ("other_mos", own["other_mos"] > peer["other_mos"])):  # fmt: skip
                what = f"{name}: AECMOS {key.removesuffix('_mos')}, double talk, AEC3's"
                goal = {"what": what, "goal": peer[key], "got": own[key], "reached": beats}
                found.append(goal)
    return found


def table(result: dict) -> Table:
    """Return the table of ratings."""
    shown = Table(title="Recorded echo: AECMOS echo / other degradation (1-5), ERLE in dB")
    shown.add_column("engine", no_wrap=True)
    groups = list(next(iter(result.values())))
    for group in groups:
        clips = next(iter(result.values()))[group]["clips"]
        shown.add_column(f"{group.replace('_', ' ')} ({clips})", justify="right")
    for name, rows in result.items():
        shown.add_row(name, *(_cell(rows[group]) for group in groups))
    shown.caption = (
        "Whole clips, the 16 kHz model told the scenario; its mean opinion scores reward "
        "suppressors that erase the near end. ERLE over the second half (in double talk the near "
        "end counts as output). Goal in double talk: echo at least AEC3's, other above it."
    )
    return shown


def _cell(row: dict) -> str:
    scores = f"{row['echo_mos']:.2f} / {row['other_mos']:.2f}  " if "echo_mos" in row else ""
    return f"{scores}{row['erle_db']:.1f}"
