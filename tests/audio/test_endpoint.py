"""Endpointing: its properties on any stream of probabilities, and real speech."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.endpoint import (
    CARRIED_OVER,
    CLICK_GAP,
    MAX_UTTERANCE,
    MIN_SPEECH,
    STAY_PROBABILITY,
    Endpoint,
    Kind,
    Outcome,
)
from assistant.audio.files import read_audio
from assistant.audio.format import HOP
from assistant.audio.voice_activity import VoiceActivity
from tests.data import shared

STEP = 512
TIMEOUT, SILENCE = 100 * STEP, 20 * STEP

probabilities = st.lists(
    st.tuples(st.floats(0, 1), st.integers(1, 60)), min_size=1, max_size=20
).map(lambda runs: [p for p, times in runs for _ in range(times)])


def feed(endpoint: Endpoint, stream: list[float], start: int = 0) -> list[tuple[int, Outcome]]:
    """Return every outcome and when it came."""
    found = []
    for i, probability in enumerate(stream):
        at = start + STEP * (i + 1)
        if outcome := endpoint.update(at, probability):
            found.append((at, outcome))
    return found


@given(probabilities, st.booleans())
def test_outcomes_come_in_order_and_once(stream, speaking):
    found = feed(Endpoint(0, TIMEOUT, SILENCE, speaking), stream)
    kinds = [outcome.kind for _, outcome in found]
    allowed = [
        [], [Kind.NOTHING], [Kind.SPEECH_STARTED], [Kind.SPEECH_STARTED, Kind.ENDED], [Kind.ENDED]
    ]  # fmt: skip
    assert kinds in allowed
    assert (kinds == [Kind.ENDED]) <= speaking
    assert all(0 <= outcome.sample <= at for at, outcome in found)


@given(probabilities, st.booleans(), st.integers(1, 40))
def test_never_ends_before_its_silence_or_the_limit(stream, speaking, patience):
    silence = patience * STEP
    for at, outcome in feed(Endpoint(0, TIMEOUT, silence, speaking), stream):
        if outcome.kind is Kind.ENDED:
            quiet = stream[outcome.sample // STEP : at // STEP]
            assert all(p < STAY_PROBABILITY for p in quiet)
            assert at - outcome.sample >= silence or at >= MAX_UTTERANCE
        if outcome.kind is Kind.NOTHING:
            assert at >= TIMEOUT


@given(probabilities, st.booleans())
def test_always_ends(stream, speaking):
    endpoint = Endpoint(0, TIMEOUT, SILENCE, speaking)
    most = (TIMEOUT + CARRIED_OVER + CLICK_GAP + MAX_UTTERANCE + SILENCE) // STEP + 8
    feed(endpoint, (stream * (most // len(stream) + 1))[:most])
    assert endpoint.done


@given(probabilities, st.integers(1, 30), st.integers(1, 30))
def test_more_patience_never_ends_earlier(stream, less, more):
    less, more = sorted((less, more))

    def end(patience: int) -> int:
        found = feed(Endpoint(0, TIMEOUT, patience * STEP), stream)
        return next((at for at, outcome in found if outcome.kind is Kind.ENDED), 10**9)

    assert end(less) <= end(more)


@given(probabilities, st.integers(0, 10**9))
def test_only_differences_of_time_count(stream, offset):
    here = feed(Endpoint(0, TIMEOUT, SILENCE), stream)
    there = feed(Endpoint(offset, TIMEOUT, SILENCE), stream, offset)
    assert [(at + offset, o.kind, o.sample + offset) for at, o in here] == [
        (at, o.kind, o.sample) for at, o in there
    ]


def test_a_click_is_nothing():
    stream = [0.0] * 4 + [0.9] * (MIN_SPEECH // STEP - 1) + [0.0] * 120
    assert [o.kind for _, o in feed(Endpoint(0, TIMEOUT, SILENCE), stream)] == [Kind.NOTHING]


def test_the_wake_words_tail_is_nothing_but_a_same_breath_command_is_heard():
    tail = [0.9] * 8 + [0.0] * 110
    assert [o.kind for _, o in feed(Endpoint(0, TIMEOUT, SILENCE), tail)] == [Kind.NOTHING]
    command = [0.9] * 40 + [0.0] * 30
    found = feed(Endpoint(0, TIMEOUT, SILENCE), command)
    assert [(o.kind, o.sample) for _, o in found] == [
        (Kind.SPEECH_STARTED, 0),
        (Kind.ENDED, 40 * STEP),
    ]


def test_patience_changes_while_running():
    endpoint = Endpoint(0, TIMEOUT, SILENCE, speaking=True)
    assert not feed(endpoint, [0.9] * 10 + [0.0] * 10)
    endpoint.silence = 5 * STEP
    outcome = endpoint.update(21 * STEP, 0.0)
    assert outcome == Outcome(Kind.ENDED, 10 * STEP, 10 * HOP)
    assert endpoint.update(22 * STEP, 0.9) is None


def test_only_hops_with_a_voice_count_as_voiced():
    """What lies before the first update, which the caller knows of, is not judged by it."""
    endpoint = Endpoint(0, TIMEOUT, SILENCE, speaking=True)
    endpoint.update(10 * STEP, 0.9)
    for i in range(11, 41):
        outcome = endpoint.update(i * STEP, 0.9 if i in (14, 20) else 0.1)
    assert outcome is not None and outcome.voiced == 3 * HOP


def test_somebody_who_never_stops_is_cut():
    found = feed(Endpoint(0, TIMEOUT, SILENCE, speaking=True), [0.9] * 600)
    assert [(at, o.kind) for at, o in found] == [(-(-MAX_UTTERANCE // STEP) * STEP, Kind.ENDED)]


def test_real_speech_ends_where_it_ends():
    sound = read_audio(sorted(shared("commands").glob("*.flac"))[0])
    silence = np.zeros(16_000, np.float32)
    stream = np.concatenate([silence, sound, silence, silence])
    voice, endpoint, found = VoiceActivity(), Endpoint(0, 64_000, 16_000), []
    for at in range(HOP, len(stream) + 1, HOP):
        probability = voice.process(stream[at - HOP : at])
        if voice.fresh and (outcome := endpoint.update(at, probability)):
            found.append(outcome)
    assert [o.kind for o in found] == [Kind.SPEECH_STARTED, Kind.ENDED]
    assert 16_000 - 1024 <= found[0].sample < found[1].sample <= 16_000 + len(sound) + 4096
