"""Echo cancellation: wake words heard while the speaker talks, ERLE, and what it costs.

All engines get the same signals in the same run. SpeexDSP and AEC3 are given the true bulk
delay (less 4 ms); ours finds it. The clips and rooms here were not used while tuning.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from rich.table import Table

from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.front_end import FrontEnd
from assistant.settings import Echo
from tests.benchmarks import echo_scenes
from tests.benchmarks.echo_scenes import Scene
from tests.benchmarks.peers import Missing, Speex, WebRtc
from tests.benchmarks.wake_score import STEP, WakeScorer
from tests.data import data_root

LEVELS = (0, -10, -20)
FIRST_ROOM = 100
WORDS_PER_ROOM = 7
SETTLED_S = 4.0
Engine = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def run(quick: bool, console) -> dict:
    """Print wake recall, ERLE and cost of every engine; return the numbers by engine name."""
    data = data_root()
    clips = [p for p in sorted((data / "alexa").glob("*.flac")) if int(p.stem) % 2 == 0]
    people = sorted((data / "commands").glob("*.flac"))[100:]
    if not clips:
        console.print(f"no recordings in {data}; set ASSISTANT_TEST_DATA")
        return {}
    rooms = 3 if quick else len(clips) // WORDS_PER_ROOM
    groups = [clips[i * WORDS_PER_ROOM : (i + 1) * WORDS_PER_ROOM] for i in range(rooms)]
    engines, missing = _engines()
    totals = {name: _empty() for name in ("near end alone", "no AEC", *engines)}
    scorer = WakeScorer()
    for level in LEVELS:
        for room, group in enumerate(groups):
            scene = echo_scenes.build(FIRST_ROOM + room, group, people, level)
            _trial(scene, level, engines, scorer, totals)
    result = {name: _summary(total) for name, total in totals.items()}
    for name, pairs in _recorded(data, engines).items():
        result[name]["recorded_erle_db"] = pairs
    _print(console, result, missing, rooms * WORDS_PER_ROOM)
    return result


def _engines() -> tuple[dict[str, Engine], dict[str, str]]:
    engines: dict[str, Engine] = {}
    missing: dict[str, str] = {}
    for peer in (WebRtc, Speex):
        try:
            one = peer()
        except Missing as error:
            missing[peer.name] = str(error)
            continue
        engines[peer.name] = lambda mics, ref, lag, one=one: one.run(mics[0], delayed(ref, lag))
    engines["ours, 1 mic"] = lambda mics, ref, lag: ours(mics[:1], ref)
    engines["ours, 2 mics"] = lambda mics, ref, lag: ours(mics, ref)
    return engines, missing


def delayed(x: np.ndarray, lag: int) -> np.ndarray:
    """Return ``x`` delayed by ``lag`` samples less a margin of 64, same length."""
    lag = max(0, lag - 64)
    return np.concatenate([np.zeros(lag, np.float32), x])[: len(x)]


def ours(mics: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the front end's output for a whole recording, its latency taken out."""
    front = FrontEnd(len(mics), Echo())
    size = mics.shape[1] // HOP * HOP
    out = np.zeros(mics.shape[1], np.float32)
    for i in range(0, size, HOP):
        out[i : i + HOP] = front.process(mics[:, i : i + HOP], reference[i : i + HOP], True)
    return np.concatenate([out[front.latency :], np.zeros(front.latency, np.float32)])


def _empty() -> dict:
    return {
        "heard": dict.fromkeys(LEVELS, 0),
        "of": dict.fromkeys(LEVELS, 0),
        "false": 0,
        "erle": [],
        "seconds": 0.0,
        "cpu": 0.0,
    }


def _trial(scene: Scene, level: int, engines: dict[str, Engine], scorer, totals: dict) -> None:
    alone = (scene.near + scene.noise)[0].astype(np.float32)
    _count(totals["near end alone"], alone, scene, level, scorer)
    _count(totals["no AEC"], scene.mics[0], scene, level, scorer)
    for name, engine in engines.items():
        start = time.process_time()
        out = engine(scene.mics, scene.reference, scene.latency)
        totals[name]["cpu"] += time.process_time() - start
        totals[name]["seconds"] += len(out) / SAMPLE_RATE
        totals[name]["erle"].append(_erle(scene, out))
        _count(totals[name], out, scene, level, scorer)


def _count(total: dict, out: np.ndarray, scene: Scene, level: int, scorer) -> None:
    heard, stray = echo_scenes.recall(scorer.scores(out), scene.words, STEP)
    total["heard"][level] += heard
    total["of"][level] += len(scene.words)
    total["false"] += stray


def _erle(scene: Scene, out: np.ndarray) -> float:
    """Microphone over output power while nobody speaks, from SETTLED_S on."""
    alone = np.arange(len(out)) > SETTLED_S * SAMPLE_RATE
    for start, stop in scene.words:
        alone[start : stop + SAMPLE_RATE // 2] = False
    return _reduction(scene.mics[0][alone], out[alone])


def _reduction(mic: np.ndarray, out: np.ndarray) -> float:
    """Return how much quieter ``out`` is, dB, above 125 Hz: a hum filter is no echo canceller."""
    powers = [np.sum(np.abs(np.fft.rfft(x)[len(x) // 128 :]) ** 2) for x in (mic, out)]
    return float(10 * np.log10(powers[0] / (powers[1] + 1e-12)))


def _recorded(data: Path, engines: dict[str, Engine]) -> dict[str, float]:
    """Return the mean ERLE over the second half of each recorded far-end pair, by engine."""
    found: dict[str, list[float]] = {name: [] for name in engines}
    for path in sorted((data / "echo" / "far_end_real").glob("*_mic.flac")):
        mic = soundfile.read(path, dtype="float32")[0]
        played = soundfile.read(str(path).replace("_mic", "_lpb"), dtype="float32")[0]
        size = min(len(mic), len(played))
        mic, played = mic[:size], played[:size]
        lag = _lag(mic, played)
        for name, engine in engines.items():
            if "2 mics" not in name:
                out, half = engine(mic[None], played, lag), size // 2
                found[name].append(_reduction(mic[half:], out[half:]))
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def _lag(mic: np.ndarray, played: np.ndarray) -> int:
    size = 1 << (2 * len(mic)).bit_length()
    cross = np.fft.rfft(mic, size) * np.fft.rfft(played, size).conj()
    cross /= np.abs(cross) ** 0.7 + 1e-9
    return int(np.abs(np.fft.irfft(cross)[:8000]).argmax())


def _summary(total: dict) -> dict:
    recall = {level: total["heard"][level] / total["of"][level] for level in LEVELS}
    out = {"recall": recall, "false_wakes": total["false"]}
    if total["erle"]:
        out["erle_db"] = float(np.mean(total["erle"]))
        out["real_time"] = total["cpu"] / total["seconds"]
    return out


def _print(console, result: dict, missing: dict[str, str], words: int) -> None:
    table = Table(title=f'Wake word "alexa" over the speaker\'s own talk, {words} words a level')
    table.add_column("engine")
    for level in LEVELS:
        table.add_column(f"{level} dB", justify="right")
    for column in ("false", "ERLE dB", "recorded ERLE dB", "of real time"):
        table.add_column(column, justify="right")
    for name, row in result.items():
        table.add_row(
            name,
            *(f"{row['recall'][level]:.2f}" for level in LEVELS),
            str(row["false_wakes"]),
            *(
                f"{row[key]:{form}}" if key in row else "-"
                for key, form in (
                    ("erle_db", ".1f"),
                    ("recorded_erle_db", ".1f"),
                    ("real_time", ".4f"),
                )
            ),
        )
    for name, reason in missing.items():
        table.add_row(name, reason)
    console.print(table)
    console.print(
        "Speech-to-echo ratio: mean power of the word while it sounds over the mean power of the "
        "echo, at microphone 1. Rooms RT60 0.2-0.7 s, THD 1-5 %, talker 1-4 m."
    )
