"""Voices and rooms vary, and the same seed makes the same ones."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.format import SAMPLE_RATE
from assistant.teach import scenes, talkers
from assistant.teach.talkers import Talker, speak, varied

TALKERS = [Talker("espeak", "en-gb+m3"), Talker("flite", "slt"), Talker("festival", "kal_diphone")]


@pytest.mark.parametrize("talker", TALKERS, ids=lambda talker: talker.engine)
def test_every_engine_says_the_word_without_silence_around_it(talker):
    if talker.engine not in talkers.engines():
        pytest.skip(f"{talker.engine} is not installed")
    slow, fast = (
        speak(Talker(talker.engine, talker.name, 50, p), "hey pumpkin") for p in (110, 190)
    )
    assert 0.3 < len(fast) / SAMPLE_RATE < len(slow) / SAMPLE_RATE < 2.0
    assert np.abs(slow).max() > 0.1


def test_sounds_can_be_written():
    spelled = speak(TALKERS[0], "pumpkin")
    assert abs(len(speak(TALKERS[0], "[[p'VmpkIn]]")) - len(spelled)) < 0.15 * len(spelled)


def test_a_mood_keeps_the_person():
    rng = np.random.default_rng(0)
    moods = [varied(TALKERS[0], rng) for _ in range(20)]
    assert {mood.person for mood in moods} == {"espeak:m3"}
    assert len({(mood.pitch, mood.pace) for mood in moods}) > 15


def test_many_people_speak():
    found = talkers.people(("espeak",))
    assert len({talker.person for talker in found}) == len(found) > 50


@pytest.fixture(scope="module")
def few_rooms():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenes, "ROOMS", 2)
        yield [scenes.Scenes(3), scenes.Scenes(3), scenes.Scenes(4)]


def test_scenes_are_drawn_by_seed(few_rooms):
    x = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    one, same, other = (s.mixed(s.in_room(s.varied(x))) for s in few_rooms)
    assert np.array_equal(one, same)
    assert len(one) != len(other) or not np.array_equal(one, other)


def test_scenes_stay_in_range_and_keep_the_place(few_rooms):
    drawn = few_rooms[0]
    click = np.zeros(8_000, np.float32)
    click[4_000:4_080] = 1.0
    for _ in range(10):
        y = drawn.mixed(drawn.in_room(click)[:8_000], (30.0, 40.0))
        assert np.abs(y).max() <= 1.0
        loud = np.flatnonzero(np.abs(y) > 0.5 * np.abs(y).max())
        assert abs(loud[0] - 4_000) < 160


def test_noise_is_of_many_kinds(few_rooms):
    sounds = [few_rooms[2].noise(4_000) for _ in range(30)]
    assert all(len(x) == 4_000 and np.isfinite(x).all() for x in sounds)
