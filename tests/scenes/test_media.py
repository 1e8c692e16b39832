"""Music through the whole speaker: chatter lowers it for a moment, and "stop" ends it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant import messages as m
from assistant.audio.format import samples
from assistant.room.run import FIXED_COSTS, open_scene
from assistant.room.scene import Person, Placement, Say, Scene, When
from assistant.speech.voice import Clip
from tests.benchmarks.far_end import music

SAID_S, LONG_S = 6.0, 14.0


def play(text: str, folder: Path):
    """Return what happened when somebody said ``text`` over music."""
    scene = Scene(
        title="Music",
        duration_s=LONG_S,
        seed=4,
        device=Placement(speaker_db=58.0),
        settings={"speech.recogniser": "vosk-household"},
        people=(Person("Ana", (3.1, 1.7, 1.4), "espeak:en-us+f3", 68.0),),
        says=(Say("Ana", When(at_s=SAID_S), text),),
    )
    simulation = open_scene(scene, folder, costs=FIXED_COSTS)
    clip = Clip(music(samples(LONG_S + 1.0), seed=2))
    simulation.speaker.channels.audio.append(m.PlayMedia(clip))
    try:
        record = simulation.run()
    finally:
        simulation.speaker.close()
    return record


def loudness_db(record, start_s: float, end_s: float) -> float:
    echo = record.echo.sound()[samples(start_s) : samples(end_s)]
    return 10 * np.log10(np.mean(echo**2) + 1e-14)


@pytest.mark.parametrize("text", ["stop", "hey jarvis, stop"])
def test_stop_ends_the_music(text, tmp_path):
    record = play(text, tmp_path)
    assert record.of(m.StopMedia)
    assert loudness_db(record, 10.0, LONG_S) < loudness_db(record, 3.0, SAID_S) - 40


def test_chatter_over_music_only_ducks_it(tmp_path):
    record = play("I think it is going to rain today", tmp_path)
    assert record.of(m.SpeechSuspected) and not record.of(m.StopMedia)
    assert loudness_db(record, 11.0, LONG_S) > loudness_db(record, 3.0, SAID_S) - 6
