"""Clock drift is measured to a part in a million, taken out, and never invented."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.audio.delay import DelayAligner
from assistant.audio.drift import DriftTracker
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.front_end import FrontEnd
from assistant.settings import Echo
from tests.audio.sounds import hops, path, power_db, speech_like, through
from tests.benchmarks.delay_scenes import late
from tests.room.rooms import open_room, play


def drifting(
    reference: np.ndarray, ppm: float, seed: int = 1, delay: int = 1200, taps: int = 32
) -> np.ndarray:
    """Return the echo of ``reference`` from a playback clock that is ``ppm`` faster."""
    moving = delay - np.arange(len(reference)) * ppm * 1e-6
    return through(late(reference.astype(np.float64), moving, taps), path(seed, rt60_s=0.3))


def follow(reference: np.ndarray, mic: np.ndarray) -> tuple[DelayAligner, np.ndarray]:
    """Return the aligner after all, and the rate it applied in every hop."""
    aligner, rates = DelayAligner(), []
    for played, heard in zip(hops(reference), hops(mic), strict=True):
        aligner.process(played, heard)
        rates.append(aligner.rate)
    return aligner, np.array(rates)


@settings(max_examples=5, deadline=None)
@given(ppm=st.floats(-250, 250), seed=st.integers(0, 20))
@example(ppm=200.0, seed=1)
@example(ppm=-10.0, seed=2)
def test_any_drift_is_known_to_a_part_in_a_million_after_twelve_seconds(ppm, seed):
    reference = speech_like(seed, 12.0)
    aligner, _ = follow(reference, drifting(reference, ppm, seed))
    assert aligner.drift_ppm == pytest.approx(ppm, abs=1.0)


def test_the_reference_follows_the_echo_wherever_it_creeps():
    reference, ppm = speech_like(3, 40.0), 100.0
    aligner, _ = follow(reference, drifting(reference, ppm))
    moved = len(reference) * ppm * 1e-6  # 64 samples
    assert aligner.delay == pytest.approx(1200 - 64 - moved, abs=12)
    assert aligner.jumps == 0


@pytest.mark.parametrize("minutes", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_one_clock_is_left_alone(minutes):
    """Speech with pauses, a person over a third of it: the reference stays bit for bit."""
    reference = np.tile(speech_like(4, 60.0), minutes)
    part = np.arange(len(reference)) // SAMPLE_RATE
    reference[part % 17 < 3] = 0
    person = np.tile(speech_like(5, 50.0, rms=0.1), 2 * minutes)[: len(reference)] * (part % 9 < 3)
    noise = np.random.default_rng(3).normal(scale=5e-4, size=len(reference))
    mic = through(reference, path(4, delay=2000)) + (person + noise).astype("f4")
    aligner, rates = follow(reference, mic)
    assert not rates.any()
    assert aligner.delay in range(1900, 2001) and aligner.jumps == 0
    assert abs(aligner.drift_ppm) < 1


def test_a_long_pause_does_not_lose_the_clock():
    reference = speech_like(6, 44.0)
    reference[15 * SAMPLE_RATE : 40 * SAMPLE_RATE] = 0
    mic = drifting(reference, -80.0)
    aligner, rates = follow(reference, mic)
    assert aligner.drift_ppm == pytest.approx(-80, abs=1)
    assert np.ptp(rates[15 * 63 : 39 * 62]) == 0  # it goes on as before
    late_by = 1200 - 64 + len(reference) * 80e-6
    assert aligner.delay == pytest.approx(late_by, abs=12)


def test_a_moved_loudspeaker_is_no_drift():
    reference = speech_like(7, 20.0)
    half = 10 * SAMPLE_RATE
    before, after = (through(reference, path(s, delay=1000 + 3 * (s - 7))) for s in (7, 8))
    _, rates = follow(reference, np.concatenate([before[:half], after[half:]]))
    assert not rates.any()


def test_a_jump_keeps_the_drift():
    reference, at = speech_like(8, 20.0), 12 * SAMPLE_RATE
    before, after = drifting(reference, 60.0), drifting(reference, 60.0, delay=4000)
    aligner, rates = follow(reference, np.concatenate([before[:at], after[at:]]))
    assert aligner.jumps == 1
    assert np.abs(rates[at // HOP :] * -1e6 - 60).max() < 2
    assert aligner.delay == pytest.approx(4000 - 64 - len(reference) * 60e-6, abs=12)


def test_no_drift_is_made_of_a_person_alone():
    tracker = DriftTracker()
    for played, heard in zip(hops(speech_like(9, 20.0)), hops(speech_like(10, 20.0)), strict=True):
        tracker.update(played, heard, 0.0)
    assert tracker.rate == 0


def test_a_loudspeaker_that_clips_is_told_from_drift():
    """What it adds folds back where it was played, not where the reference is read."""
    reference, ppm = speech_like(11, 16.0), 100.0
    noise = np.random.default_rng(4).normal(scale=1e-4, size=len(reference)).astype("f4")
    front, mic = FrontEnd(1, Echo()), drifting(np.clip(reference, -0.3, 0.3), ppm, taps=64) + noise
    pairs = zip(hops(reference), hops(mic[None]), strict=True)
    out = np.concatenate([front.process(m, r, True).copy() for r, m in pairs])
    assert power_db(out[10 * SAMPLE_RATE :]) < -60  # -55 if it were bent after it is read


@pytest.mark.parametrize("ppm", [100.0, -100.0])
def test_drift_costs_less_than_two_decibels(ppm):
    """After ten seconds, in a room whose noise is 40 dB below the echo."""
    reference = speech_like(11, 16.0)
    noise = np.random.default_rng(4).normal(scale=1e-3, size=len(reference)).astype("f4")
    left = {}
    for rate in (0.0, ppm):
        front, mic = FrontEnd(1, Echo()), drifting(reference, rate, taps=64) + noise
        pairs = zip(hops(reference), hops(mic[None]), strict=True)
        out = np.concatenate([front.process(m, r, True).copy() for r, m in pairs])
        left[rate] = power_db(out[10 * SAMPLE_RATE :])
    assert front.drift_ppm == pytest.approx(ppm, abs=1)
    assert left[ppm] - left[0.0] < 2


def test_the_virtual_room_drifts_as_it_says_and_is_measured():
    room = open_room(latency_ms=60.0, drift_ppm=150.0)
    reference = speech_like(12, 14.0)
    mic = play(room, reference)[0][: len(reference)]
    aligner, _ = follow(reference, np.ascontiguousarray(mic, np.float32))
    assert aligner.drift_ppm == pytest.approx(150, abs=1.5)


def test_what_was_heard_before_the_drift_was_known_teaches_the_path_too():
    """Within half a second of the discovery most of the echo is gone that the drift had left."""
    reference, ppm = speech_like(13, 8.0), 150.0
    noise = np.random.default_rng(6).normal(scale=1e-4, size=len(reference)).astype("f4")
    front, mic = FrontEnd(1, Echo()), drifting(reference, ppm, taps=64) + noise
    out, began = [], None
    for hop, (m, r) in enumerate(zip(hops(mic[None]), hops(reference), strict=True)):
        out.append(front.process(m, r, True).copy())
        if front.drift_compensated and began is None:
            began = hop
    left = [power_db(np.concatenate(out[at : at + 31])) for at in (began - 31, began + 31)]
    assert left[1] < left[0] - 23  # 17 when the path is learnt from what comes after only
