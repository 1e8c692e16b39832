"""The whole device before recorded people, and before its own voice."""

from __future__ import annotations

import pytest

from assistant.room.run import FIXED_COSTS, play_scene
from tests.data import shared
from tests.scenes.recorded import people_talking, reading_aloud

ALEXA = {"wake.word": "alexa", "speech.recogniser": "vosk-household"}


def recordings(folder: str, count: int) -> list:
    return sorted(shared(folder).glob("*.flac"))[:count]


@pytest.mark.slow
def test_recorded_people_wake_it_from_across_the_room():
    scene = people_talking(sorted(shared("alexa").glob("*.flac"))[::3], gap_s=3.5, settings=ALEXA)
    report = play_scene(scene, costs=FIXED_COSTS)
    woken = heard_lines(report, 50, 3.5)
    print(f"woken by {woken} of 50 recorded people at 2.5 m")
    assert woken >= 48 and report["false_wakes"] == 0


def heard_lines(report: dict, count: int, gap_s: float) -> int:
    """Return by how many lines the speaker was woken."""
    times = [w["t_s"] for w in report["wakes"]]
    starts = [1.0 + i * gap_s for i in range(count)]
    return sum(any(s <= t < s + gap_s for t in times) for s in starts)


@pytest.mark.slow
def test_other_sentences_do_not_wake_it():
    wavs = recordings("commands", 100)
    report = play_scene(people_talking(wavs, gap_s=5.0, settings=ALEXA), costs=FIXED_COSTS)
    print(f"{len(report['wakes'])} wakes in {len(wavs)} recorded commands")
    assert report["wakes"] == []


@pytest.mark.slow
def test_ten_minutes_of_its_own_voice_neither_wake_nor_stop_it(tmp_path):
    report = play_scene(reading_aloud(tmp_path, 10.0, seed=11), costs=FIXED_COSTS)
    ends = [r["ended"] for r in report["replies"]]
    print(f"{report['false_ducks']} false ducks in ten minutes; the reply: {ends}")
    assert report["wakes"] == [] and report["false_stops"] == 0
    assert report["replies"][0]["end_s"] - report["replies"][0]["start_s"] > 500
