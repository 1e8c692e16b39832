"""One hour alone with its own voice and music: it must not wake, stop or duck for itself."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.table import Table

from assistant import messages as m
from assistant.audio.files import read_audio
from assistant.audio.format import SAMPLE_RATE, samples, seconds
from assistant.room.people import active_level
from assistant.room.run import FIXED_COSTS, open_scene
from assistant.room.scene import Scene
from assistant.speech.voice import Clip
from tests.benchmarks.bargein_homes import Home, draw_home
from tests.benchmarks.far_end import LEVEL_DB, music
from tests.benchmarks.jobs import run_jobs
from tests.data import data_root
from tests.scenes.recorded import reading_aloud

FIRST_HOME = 1020
RECORDED = ("drumkit", "cello", "happy")
SPEAKER_DB = 70.0


def run(quick: bool, console) -> dict:
    """Print how often it fooled itself; return the figures."""
    homes, minutes = (2, 1.5) if quick else (10, 3.3)
    seeds = range(FIRST_HOME, FIRST_HOME + homes)
    jobs = [(seed, kind, minutes) for seed in seeds for kind in ("speech", "music")]
    rows = run_jobs("own voice", one_home, jobs, console)
    table = Table(title=f"Alone with itself at {SPEAKER_DB:.0f} dB in {homes} homes")
    for name in ("what plays", "minutes", "false wakes", "false stops", "false ducks", "per hour"):
        table.add_column(name)
    figures = {}
    for kind in ("speech", "music"):
        here = [row for row in rows if row["kind"] == kind]
        total = {k: sum(r[k] for r in here) for k in ("minutes", "wakes", "stops", "ducks")}
        total["ducks_per_hour"] = 60 * total["ducks"] / total["minutes"]
        figures[kind] = total | {"homes": here}
        cells = (total["wakes"], total["stops"], total["ducks"])
        rate = f"{total['ducks_per_hour']:.1f}"
        table.add_row(kind, f"{total['minutes']:.1f}", *map(str, cells), rate)
    table.caption = (
        "Music: songs made by tests/benchmarks/far_end.py with a voice in them, and the recorded "
        f"{', '.join(RECORDED)}, through the media channel. Goal: 0 / 0 / at most 1 per hour."
    )
    console.print(table)
    return figures


def one_home(seed: int, kind: str, minutes: float) -> dict:
    """Let the speaker sound alone in home ``seed``; return what it took for somebody."""
    home = draw_home(seed)
    with tempfile.TemporaryDirectory() as folder:
        scene = _scene(home, Path(folder), seed, minutes)
        if kind == "music":
            scene = replace(scene, says=(), presses=())
        simulation = open_scene(scene, Path(folder), costs=FIXED_COSTS)
        if kind == "music":
            clip = Clip(songs(seed, minutes))
            simulation.speaker.channels.audio.append(m.PlayMedia(clip))
        try:
            record = simulation.run()
        finally:
            simulation.speaker.close()
    sounding = sum(np.mean(np.square(hop, dtype=np.float64)) > 1.0 for hop in record.played)
    return {
        "kind": kind, "home": seed, "minutes": sounding * 256 / SAMPLE_RATE / 60,
        "wakes": len(record.of(m.WakeHeard)),
        "stops": len(record.of(m.SpeechStopped)) + len(record.of(m.StopMedia)),
        "ducks": len(record.of(m.SpeechSuspected)),
        "ducks_s": [round(seconds(s.at), 2) for _, s in record.of(m.SpeechSuspected)],
    }  # fmt: skip


def _scene(home: Home, folder: Path, seed: int, minutes: float) -> Scene:
    scene = reading_aloud(folder, minutes, seed)
    ana = replace(scene.people[0], position_m=home.talker_m)
    device = replace(home.device, speaker_db=SPEAKER_DB)
    return replace(scene, room=home.room, device=device, people=(ana,))


def songs(seed: int, minutes: float) -> np.ndarray:
    """Return ``minutes`` of made songs, every fifth half minute a recording where there is one."""
    parts, rest = [], samples(60.0 * minutes)
    part = samples(30.0)
    for number in range(-(-rest // part)):
        path = data_root() / "sounds" / f"{RECORDED[(seed + number) % len(RECORDED)]}.flac"
        if number % 5 == 4 and path.exists():
            x = read_audio(path)
            x = np.tile(x, part // x.size + 1)[:part]
            x = x * 10 ** ((LEVEL_DB - active_level(x)) / 20)
        else:
            x = music(part, 1000 * seed + number)
        parts.append(x.astype(np.float32))
    return np.concatenate(parts)[:rest]
