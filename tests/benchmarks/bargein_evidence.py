"""Talking over the speaker, recorded without any reaction, and what each detector makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE, samples
from assistant.audio.mixer import volume_gain
from assistant.board import load_board
from assistant.room.device import VirtualRoom
from assistant.room.people import active_level, at_level, read_recording, speak, trim
from assistant.settings import Settings
from assistant.speech.espeak_ import EspeakVoice
from tests.benchmarks.bargein_detectors import Bench, Decisions, without_echo
from tests.benchmarks.bargein_homes import Home, active_span, draw_home, draw_place, quantiles
from tests.scenes.recorded import STORY

WARM_UP_S = 3.0  # LiveKit ignores interruptions while its AEC warms up: so may everybody
EVERY_S = 7.0
LINE_S = 2.5  # of each recorded person
REACH_S = 2.0  # a decision later than this after the onset is a miss
ONE_TRIGGER_S = 2.0  # false triggers closer than this are one
EASY_DB, HARD_DB = -13.0, -20.0  # speech over echo: above is easy, below is hard


@dataclass(frozen=True)
class Recording:
    """What two microphones heard of a reply and of people; samples."""

    mics: np.ndarray  # float32 (2, n)
    reference: np.ndarray  # float32 (n,)
    no_echo: np.ndarray  # float32 (n,): the first microphone, had the speaker been silent
    onsets: tuple[int, ...]  # where each person's speech becomes active at the first microphone
    ratios_db: tuple[float, ...]  # speech over echo there, while both sound
    alone: tuple[int, int]  # between these only the speaker talks
    lag: int  # the echo's bulk delay


def record(seed: int, alone_s: float, lines: list[np.ndarray]) -> Recording:
    """Return home ``seed``: the speaker talks alone, then ``lines`` are said over it in turn."""
    home, rng = draw_home(seed), np.random.default_rng([seed, 23])
    size = samples(alone_s + EVERY_S * len(lines)) // HOP * HOP
    reply = story(size)
    room = VirtualRoom(home.room, home.device, load_board(home.device.board), seed=seed)
    room.calibrate(active_level(reply))
    starts = [samples(alone_s + EVERY_S * i + rng.uniform(0.0, 2.0)) for i in range(len(lines))]
    onsets = [say(room, home, rng, line, start) for line, start in zip(lines, starts, strict=True)]
    mics, near, echo = (np.zeros((2, size), np.float32), *np.zeros((2, size), np.float32))
    for i in range(0, size, HOP):
        now = slice(i, i + HOP)
        mics[:, now] = room.exchange(reply[now])[list(room.layout.mics)]
        near[now], echo[now] = room.near_hop[0], room.echo_hop[0]
    lag = samples(home.device.latency_ms / 1000) + room.travel(room.loudspeaker_m)
    ratios = tuple(_ratio(near, echo, onset) for onset in onsets)
    alone = (samples(WARM_UP_S), starts[0] - HOP)
    return Recording(mics, reply, mics[0] - echo, tuple(onsets), ratios, alone, lag)


def story(size: int) -> np.ndarray:
    """Return the speaker's voice reading aloud at its usual volume, float32 (size,)."""
    voice = EspeakVoice()
    try:
        parts = [voice.speak(f"{s.strip()}.").samples for s in STORY.split(".") if s.strip()]
    finally:
        voice.close()
    x = np.concatenate(parts) * np.float32(volume_gain(Settings().volume.level))
    return np.tile(x, size // x.size + 1)[:size]


def say(
    room: VirtualRoom, home: Home, rng: np.random.Generator, line: np.ndarray, start: int
) -> int:
    """Let somebody say ``line`` somewhere in the room; return its onset at the microphones."""
    place = draw_place(rng, np.array(home.device.position_m), np.array(home.room.size_m))
    loud = at_level(line, home.talker_db)
    room.add(room.at_mics(loud, place, talker=True), start)
    return start + room.travel(place) + active_span(loud)[0]


def _ratio(near: np.ndarray, echo: np.ndarray, onset: int) -> float:
    here = slice(onset, onset + SAMPLE_RATE)
    return float(10 * np.log10(np.mean(near[here] ** 2) / (np.mean(echo[here] ** 2) + 1e-12)))


def people(folder: Path, seed: int, count: int) -> list[np.ndarray]:
    """Return ``count`` lines: recorded people from ``folder``, or synthetic ones without it."""
    files = sorted(folder.glob("*.flac"))
    if not files:
        texts = ("what time is it", "turn it down please", "remove the milk", "how do I do that")
        return [speak(f"en-us+{'fm'[i % 2]}{3 + i % 2}", texts[i % 4]) for i in range(count)]
    chosen = np.random.default_rng([seed, 29]).permutation(len(files))[:count]
    return [trim(read_recording(files[i]))[: samples(LINE_S)] for i in chosen]


def latencies(decisions: Decisions, onsets: tuple[int, ...]) -> list[float | None]:
    """Return the first decision's delay after each onset in seconds; None for a miss."""
    out: list[float | None] = []
    for onset in onsets:
        after = [d - onset for d in decisions if 0 < d - onset <= samples(REACH_S)]
        out.append(min(after) / SAMPLE_RATE if after else None)
    return out


def false_triggers(decisions: Decisions, alone: tuple[int, int]) -> int:
    """Count decisions while only the speaker talks; what follows within 2 s is the same one."""
    count, last = 0, -samples(ONE_TRIGGER_S) - 1
    for decision in decisions:
        if alone[0] <= decision < alone[1] and decision - last > samples(ONE_TRIGGER_S):
            count, last = count + 1, decision
    return count


def compare(homes: range, alone_s: float, lines: int, folder: Path) -> dict:
    """Give every detector the same recordings; return the figures by detector."""
    bench, rows, ratios, alone_h = Bench(), {}, [], 0.0
    for seed in homes:
        recording = record(seed, alone_s, people(folder, seed, lines))
        ratios += recording.ratios_db
        alone_h += (recording.alone[1] - recording.alone[0]) / SAMPLE_RATE / 3600
        heard = bench.decide(recording.mics, recording.reference, recording.lag)
        for name, found in (heard | without_echo(recording.no_echo)).items():
            row = rows.setdefault(name, {"latencies": [], "ratios": ratios, "false": 0})
            row["latencies"] += latencies(found, recording.onsets)
            row["false"] += false_triggers(found, recording.alone)
    return {
        "detectors": {name: _summary(row, alone_h) for name, row in rows.items()},
        "missing": bench.missing,
        "lines": lines * len(homes),
        "alone_minutes": 60 * alone_h,
        "speech_to_echo_db": quantiles(ratios),
        "recorded_people": any(folder.glob("*.flac")),
    }


def _summary(row: dict, alone_h: float) -> dict:
    heard = [x for x in row["latencies"] if x is not None]
    return {
        "latency_s": quantiles(heard),
        "missed": _missed(row, -np.inf, np.inf),
        "missed_easy": _missed(row, EASY_DB, np.inf),
        "missed_middle": _missed(row, HARD_DB, EASY_DB),
        "missed_hard": _missed(row, -np.inf, HARD_DB),
        "false": row["false"],
        "false_per_hour": row["false"] / alone_h,
    }


def _missed(row: dict, low_db: float, high_db: float) -> tuple[int, int]:
    """Return (missed, lines) among those whose speech over echo lies in a range."""
    pairs = zip(row["latencies"], row["ratios"], strict=True)
    here = [latency for latency, ratio in pairs if low_db <= ratio < high_db]
    return sum(latency is None for latency in here), len(here)
