"""One phrase through the benchmark of what stops a reply."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.format import SAMPLE_RATE
from assistant.speech.hearing import PRE_ROLL
from tests.benchmarks import bench_stops, short_commands
from tests.benchmarks.speech_conditions import VOICES, clip, open_engine


def test_an_utterance_is_cut_as_the_audio_thread_cuts_it():
    sound = np.zeros(3 * SAMPLE_RATE, np.float32)
    sound[SAMPLE_RATE : 2 * SAMPLE_RATE] = 0.1
    length = len(bench_stops._utterance(sound))
    assert length == pytest.approx(SAMPLE_RATE + PRE_ROLL + bench_stops.AFTER, abs=640)


def test_a_stop_phrase_counts_by_every_rule_and_another_sentence_by_none():
    recogniser = open_engine("pocketsphinx")
    try:
        for phrase, expected in (("stop it", 1), ("add milk to the shopping list", 0)):
            counts = bench_stops._count(recogniser, (phrase,), VOICES[:1], "clean")
            assert [counts[rule] for rule in bench_stops.RULES] == [expected] * 3
    finally:
        recogniser.close()


def test_a_short_command_is_obeyed_and_a_sound_that_resembles_one_at_one_pace_only():
    recogniser = open_engine("vosk-household")
    listener = short_commands.Listener(recogniser)
    try:
        for said, voice, place, expected in (
            ("next", VOICES[0], "clean", (1, 1)),
            ("ugh", "en-us+f5", "clean", (1, 0)),
            ("wow", VOICES[0], "clean", (0, 0)),
        ):
            sound = bench_stops._utterance(clip(said, voice, place, 1))
            row = short_commands.count(listener, [sound])
            assert tuple(row[rule] for rule in short_commands.RULES) == expected, said
    finally:
        listener.close()
        recogniser.close()
