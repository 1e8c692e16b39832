"""Delay, canceller and beam together, as the audio thread runs them."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from assistant.audio.delay import MARGIN
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.front_end import FrontEnd
from assistant.settings import Echo
from tests.audio.sounds import hops, path, power_db, speech_like, through
from tests.data import shared


def run(front: FrontEnd, mics: np.ndarray, reference: np.ndarray, playing: bool) -> np.ndarray:
    pairs = zip(hops(mics), hops(reference), strict=True)
    return np.concatenate([front.process(m, r, playing).copy() for m, r in pairs])


def heard(reference: np.ndarray, delay: int) -> np.ndarray:
    echo = [through(reference, path(20 + m, delay=delay + m)) for m in range(2)]
    noise = np.random.default_rng(1).normal(scale=3e-4, size=(2, len(reference)))
    return (np.stack(echo) + noise).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2])
def test_it_finds_the_delay_and_cancels(count):
    reference = speech_like(1, 7.0)
    mics = heard(reference, 2200)[:count]
    front = FrontEnd(count, Echo())
    out = run(front, mics, reference, True)
    late = slice(5 * SAMPLE_RATE, None)
    assert power_db(mics[0, late]) - power_db(out[late]) > 22
    assert 2100 <= front.delay <= 2206
    assert front.converged and front.resets == 0
    assert 0 < front.residual_power < 1e-3


def test_long_after_playback_the_room_is_passed_on():
    front = FrontEnd(2, Echo())
    reference = speech_like(2, 3.0)
    run(front, heard(reference, 500), reference, True)
    person = np.stack([speech_like(3, 3.0)] * 2)
    out = run(front, person, np.zeros(person.shape[1], np.float32), False)
    late = slice(SAMPLE_RATE, None)
    np.testing.assert_array_equal(out[front.latency :][late], person[0, : -front.latency][late])
    assert front.residual_power == 0


def test_a_loopback_is_not_searched_and_a_measured_delay_is_where_it_begins():
    assert FrontEnd(1, Echo(), loopback=True).delay == 0
    assert FrontEnd(1, Echo()).delay == 0
    assert FrontEnd(1, Echo(delay_ms=50.0)).delay == 800 - MARGIN


def test_disabled_it_passes_microphone_0():
    reference = speech_like(4, 1.0)
    mics = heard(reference, 100)[:1]
    out = run(FrontEnd(1, Echo(enabled=False)), mics, reference, True)
    np.testing.assert_array_equal(out, mics[0])


def test_the_output_is_one_buffer():
    front, x = FrontEnd(2, Echo()), speech_like(5, 1.0)
    mics = np.stack([x, x])
    outs = {id(front.process(m, r, True)) for m, r in zip(hops(mics), hops(x), strict=True)}
    assert len(outs) == 1


def test_a_recorded_device_loses_its_echo():
    """A real loudspeaker and microphone, far end only, unknown delay (about 38 ms)."""
    stem = "echo/far_end_real/-mqTmWfs7kGysJJu_U6wmw_farend_singletalk"
    mic = soundfile.read(shared(f"{stem}_mic.flac"), dtype="float32")[0]
    played = soundfile.read(shared(f"{stem}_lpb.flac"), dtype="float32")[0]
    size = min(len(mic), len(played)) // HOP * HOP
    out = run(FrontEnd(1, Echo()), mic[None, :size], played[:size], True)
    assert power_db(mic[size // 2 : size]) - power_db(out[size // 2 :]) > 15
