"""The barge-in benchmark's rules, on probabilities and decisions written down by hand."""

import numpy as np

from assistant.audio.format import samples
from tests.benchmarks.bargein_detectors import CHUNK, impatient, livekit, pipecat
from tests.benchmarks.bargein_evidence import false_triggers, latencies
from tests.benchmarks.bargein_homes import active_span, draw_home


def spoken(before: int, chunks: int, probability: float = 0.9) -> np.ndarray:
    return np.array([0.0] * before + [probability] * chunks + [0.0] * 40)


def test_each_rule_waits_as_long_as_it_says():
    speech = spoken(10, 30)
    assert impatient(speech) == [12 * CHUNK]
    assert pipecat(speech) == [16 * CHUNK]
    (decision,) = livekit(speech)
    assert samples(0.5) <= decision - 10 * CHUNK <= samples(0.58)


def test_speech_shorter_than_a_rule_does_not_trigger_it():
    assert pipecat(spoken(10, 5)) == [] and impatient(spoken(10, 1)) == []
    assert livekit(spoken(10, 1)) == []


def test_a_gap_of_two_chunks_restarts_pipecat_but_not_livekit():
    speech = np.concatenate([spoken(4, 5)[:9], [0.0, 0.0], spoken(0, 5)])
    assert pipecat(speech) == []
    assert len(livekit(speech)) == 1


def test_latency_counts_from_the_onset_and_a_late_decision_is_a_miss():
    onset = samples(10.0)
    decisions = [samples(9.9), samples(10.25), samples(10.4)]
    assert latencies(decisions, (onset, samples(20.0))) == [0.25, None]


def test_false_triggers_close_together_are_one():
    decisions = [samples(t) for t in (1.0, 4.0, 5.5, 8.0, 31.0)]
    assert false_triggers(decisions, (samples(3.0), samples(30.0))) == 2


def test_active_speech_is_found_between_breaths():
    x = 1e-4 * np.ones(samples(1.0), np.float32)
    x[samples(0.4) : samples(0.7)] = 0.1
    assert active_span(x) == (samples(0.4), samples(0.7))


def test_the_same_number_gives_the_same_home_with_everybody_inside():
    for seed in range(20):
        home = draw_home(seed)
        assert home == draw_home(seed)
        assert all(0 < x < edge for x, edge in zip(home.talker_m, home.room.size_m, strict=True))
