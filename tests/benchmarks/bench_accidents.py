"""Two hundred accidental sounds over a reply: does it go on, and how long does it pause?"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.table import Table

from assistant import messages as m
from assistant.audio.files import read_audio
from assistant.audio.format import HOP, SAMPLE_RATE, samples, seconds
from assistant.room.record import Record, write_wav
from assistant.room.run import FIXED_COSTS, open_scene
from assistant.room.scene import Person, Say, Scene, Sound, When
from tests.benchmarks.accidents import KINDS, RECORDED_S, accident, wav_of
from tests.benchmarks.bargein_homes import draw_home
from tests.benchmarks.jobs import run_jobs
from tests.data import data_root
from tests.scenes.recorded import reading_aloud

FIRST_HOME = 1450
PER_HOME, EVERY_S, LEAD_S = 20, 6.0, 6.0
FULL = 0.99  # of the gain: the reply is back


def run(quick: bool, console) -> dict:
    """Print what became of the replies; return the figures."""
    homes = 2 if quick else 10
    jobs = [(FIRST_HOME + i, i * PER_HOME) for i in range(homes)]
    rows = [row for part in run_jobs("accidents", one_home, jobs, console) for row in part]
    figures = {kind: _summary([r for r in rows if r["kind"] == kind]) for kind in KINDS}
    figures["all"] = _summary(rows)
    console.print(_table(figures, homes))
    return figures


def one_home(seed: int, first: int) -> list[dict]:
    """Make ``PER_HOME`` accidents in home ``seed`` while it reads; return what each did.

    When one of them stops the reading, it reads again for those that are left.
    """
    rows: list[dict] = []
    while len(rows) < PER_HOME:
        with tempfile.TemporaryDirectory() as folder:
            scene = _scene(Path(folder), seed, first, len(rows))
            simulation = open_scene(scene, Path(folder), costs=FIXED_COSTS)
            try:
                found = _outcomes(simulation.run(), first + len(rows))
            finally:
                simulation.speaker.close()
        if not found:
            raise RuntimeError(f"nothing was read in home {seed}")
        over = next((i for i, row in enumerate(found, 1) if row["stopped"]), len(found))
        rows += found[:over]
    return rows


def _scene(folder: Path, seed: int, first: int, begin: int) -> Scene:
    minutes = (LEAD_S + EVERY_S * (PER_HOME - begin) + 60.0) / 60.0  # pauses make it longer
    home, scene = draw_home(seed), reading_aloud(folder, minutes, seed)
    rng = np.random.default_rng([seed, 3, begin])
    says, sounds = list(scene.says), []
    for i in range(begin, PER_HOME):
        when = When(after="reply", offset_s=LEAD_S + EVERY_S * (i - begin))
        kind, name = accident(first + i)
        if kind == "backchannel":
            wav = wav_of(first + i, folder)
            level = float(rng.uniform(56, 66))
            says.append(Say("Guest", when, wav=wav, text=name, level_db=level))
            continue
        place, level = home.talker_m, float(rng.uniform(60, 75))
        if kind in ("sneeze", "knock"):
            sounds.append(Sound(when, place, wav_of(first + i, folder), level_db=level))
        elif kind == "recorded":
            sounds.append(Sound(when, place, _recorded(name, folder), level_db=level))
        else:
            sounds.append(Sound(when, place, kind=f"noise:{name}", level_db=level))
    people = (*scene.people, Person("Guest", home.talker_m))
    return replace(
        scene, room=home.room, device=home.device, people=people,
        says=tuple(says), sounds=tuple(sounds), duration_s=60.0 * minutes - 20.0,
    )  # fmt: skip


def _recorded(name: str, folder: Path) -> Path:
    source = data_root() / "sounds" / f"{name}.flac"
    if not source.exists():
        return wav_of(4, folder)
    x = read_audio(source)[: samples(RECORDED_S)]
    path = folder / f"{name}.wav"
    write_wav(path, np.rint(20000 * x / np.abs(x).max()).astype(np.int16))
    return path


def _outcomes(record: Record, first: int) -> list[dict]:
    gains = np.array([hop.gain for hop in record.hops])
    stops = [at for at, _ in record.of(m.SpeechStopped)]
    woken = [w.at for _, w in record.of(m.WakeHeard)]
    speech = [s for s in record.soundings if s.kind == "sound" or s.who == "Guest"]
    rows = []
    for number, s in enumerate(sorted(speech, key=lambda s: s.onset)):
        until = s.onset + samples(EVERY_S) - HOP
        kind, name = accident(first + number)
        rows.append(
            {
                "kind": kind,
                "name": name,
                "pause_s": _pause(gains, s.onset, until),
                "stopped": any(s.onset <= at < until for at in stops + woken),
                "heard": [
                    h.text for at, h in record.of(m.Heard) if h.final and s.onset <= at < until
                ],
            }
        )
    return rows


def _pause(gains: np.ndarray, onset: int, until: int) -> float | None:
    """Return how long the reply was below its full level after ``onset``, s; None for not."""
    part = gains[onset // HOP : until // HOP] < FULL
    if not part.any():
        return None
    first = int(np.argmax(part))
    back = np.flatnonzero(~part[first:])
    return seconds((int(back[0]) if back.size else part.size - first) * HOP)


def _summary(rows: list[dict]) -> dict:
    pauses = [r["pause_s"] for r in rows if r["pause_s"] is not None]
    p50, p95 = np.percentile(pauses, [50, 95]) if pauses else (None, None)
    return {
        "sounds": len(rows),
        "paused": len(pauses),
        "stopped": sum(r["stopped"] for r in rows),
        "pause_p50_s": p50,
        "pause_p95_s": p95,
        "stopped_by": dict(Counter(f"{r['name']} {r['heard']}" for r in rows if r["stopped"])),
    }


def _table(figures: dict, homes: int) -> Table:
    table = Table(title=f"Accidental sounds over a reply, in {homes} homes")
    for name in ("sound", "made", "reply stopped", "reply paused", "pause p50 / p95 s"):
        table.add_column(name)
    for kind, row in figures.items():
        pause = "-" if not row["paused"] else f"{row['pause_p50_s']:.2f} / {row['pause_p95_s']:.2f}"
        cells = (row["sounds"], row["stopped"], row["paused"])
        table.add_row(kind, *map(str, cells), pause)
    table.caption = (
        f"Pause: from the duck until the reply is back at full level. Every {EVERY_S:.0f} s one "
        f"sound, 56-75 dB at 1 m, while the speaker reads; {SAMPLE_RATE // 1000} kHz."
    )
    return table
