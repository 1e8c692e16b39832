"""The delay is found from nothing, kept in double talk, and followed when it moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.audio.delay import DelayAligner
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.front_end import FrontEnd
from assistant.settings import Echo
from tests.audio.sounds import hops, path, power_db, speech_like, through


def echo_of(reference: np.ndarray, delay: int, seed: int = 1) -> np.ndarray:
    return through(reference, path(seed, delay=delay))


def run(aligner: DelayAligner, reference: np.ndarray, mic: np.ndarray) -> np.ndarray:
    pairs = zip(hops(reference), hops(mic), strict=True)
    return np.concatenate([aligner.process(r, m).copy() for r, m in pairs])


@settings(max_examples=12, deadline=None)
@given(delay=st.integers(0, 8000), seed=st.integers(0, 20))
@example(delay=0, seed=0)
@example(delay=8000, seed=0)
def test_any_delay_up_to_half_a_second_is_found_within_three_seconds(delay, seed):
    reference = speech_like(seed, 3.0)
    aligner = DelayAligner()
    run(aligner, reference, echo_of(reference, delay, seed))
    assert aligner.found
    assert max(0, delay - 100) <= aligner.delay <= delay


def test_it_is_found_while_a_louder_person_talks():
    reference, person = speech_like(1, 5.0), speech_like(2, 5.0, rms=0.15)
    aligner = DelayAligner()
    run(aligner, reference, echo_of(reference, 1500) + person)
    assert aligner.found
    assert 1400 <= aligner.delay <= 1500


def test_it_is_not_invented_without_an_echo():
    aligner = DelayAligner()
    run(aligner, speech_like(3, 6.0), speech_like(4, 6.0))
    assert not aligner.found
    assert aligner.delay == 0


def test_the_reference_comes_out_delayed_by_what_is_told():
    reference = speech_like(5, 4.0)
    aligner = DelayAligner()
    out = run(aligner, reference, echo_of(reference, 3000))
    late = slice(3 * SAMPLE_RATE, None)
    expected = np.concatenate([np.zeros(aligner.delay, np.float32), reference])
    np.testing.assert_array_equal(out[late], expected[: len(reference)][late])


def test_a_jump_is_told_once_and_the_reference_lands_on_the_sample():
    reference = speech_like(6, 10.0)
    half = 5 * SAMPLE_RATE
    mic = np.concatenate([echo_of(reference, 800)[:half], echo_of(reference, 2400)[half:]])
    aligner, moves = DelayAligner(), []
    for played, heard in zip(hops(reference), hops(mic), strict=True):
        before = aligner.delay
        aligner.process(played, heard)
        if aligner.changed:
            moves.append((aligner.delay - before, aligner.shifted, aligner.jumped))
    assert len(moves) == 2
    assert moves[0][0] == moves[0][1] and not moves[0][2]
    assert moves[1] == (1600, 0, True)  # the reference moves, the echo path in it does not
    assert aligner.jumps == 1


def test_a_jump_to_before_the_margin_moves_the_echo_path_by_the_rest():
    reference = speech_like(10, 10.0)
    half = 5 * SAMPLE_RATE
    mic = np.concatenate([echo_of(reference, 900)[:half], echo_of(reference, 20)[half:]])
    aligner = DelayAligner()
    run(aligner, reference[:half], mic[:half])
    before, shifted = aligner.delay, 0
    for played, heard in zip(hops(reference[half:]), hops(mic[half:]), strict=True):
        aligner.process(played, heard)
        shifted += aligner.shifted
    assert aligner.delay == 0
    assert aligner.delay - before == -880 + shifted


def cancelled(reference: np.ndarray, mic: np.ndarray) -> tuple[FrontEnd, np.ndarray, np.ndarray]:
    """Return the front end and the ERLE of every quarter of a second, dB: whole, and linear."""
    front, outs = FrontEnd(1, Echo()), []
    for played, heard in zip(hops(reference), hops(mic[None]), strict=True):
        outs.append((front.process(heard, played, True).copy(), front.linear.copy()))
    quarter = SAMPLE_RATE // 4
    ends = range(quarter, len(mic) + 1, quarter)
    erles = [
        np.array([power_db(mic[e - quarter : e]) - power_db(out[e - quarter : e]) for e in ends])
        for out in map(np.concatenate, zip(*outs, strict=True))
    ]
    return front, erles[0], erles[1]


@pytest.mark.parametrize("jump", [4000, -2500, 40, -5])
def test_a_jump_costs_less_than_a_second_of_cancelling(jump):
    reference = speech_like(11, 9.0)
    at, room = 7 * SAMPLE_RATE, np.random.default_rng(5).normal(scale=3e-4, size=9 * SAMPLE_RATE)
    delays = echo_of(reference, 3000), echo_of(reference, 3000 + jump)
    mic = np.concatenate([delays[0][:at], delays[1][at:]]) + room[: len(reference)].astype("f4")
    front, erle, linear = cancelled(reference, mic)
    assert front.jumps == 1
    assert np.median(linear[28:30]) < 5  # the jump does harm
    assert np.median(erle[32:]) > min(45, np.median(erle[20:28]) - 3)


def test_a_person_who_drowns_the_echo_moves_nothing():
    reference, person = speech_like(12, 9.0), speech_like(13, 9.0, rms=0.4)
    person[: 5 * SAMPLE_RATE] = 0
    front, erle, _ = cancelled(reference, echo_of(reference, 2000) + person)
    assert np.median(erle[24:]) < 3  # as loud as after a jump
    assert front.jumps == 0
    assert 1900 <= front.delay <= 2000


def music(seed: int, duration_s: float) -> np.ndarray:
    """Return chords that change every half a second, with a beat, float32."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(duration_s * SAMPLE_RATE) // HOP * HOP) / SAMPLE_RATE
    x = np.zeros(len(t))
    for k in range(int(duration_s * 2)):
        here = (t >= k / 2) & (t < (k + 1) / 2)
        since = t[here] - k / 2
        for note in 110 * 2 ** (rng.choice([0, 2, 4, 5, 7, 9, 11, 12, 16], 4) / 12):
            for harmonic in range(1, 9):
                x[here] += np.sin(2 * np.pi * note * harmonic * t[here]) / harmonic
        x[here] += 4 * rng.normal(size=len(since)) * np.exp(-since / 0.03)
    return (0.1 * x / np.std(x)).astype(np.float32)


def test_music_shows_the_delay_too():
    reference = music(1, 5.0)
    aligner = DelayAligner()
    run(aligner, reference, echo_of(reference, 5000))
    assert aligner.found
    assert 4900 <= aligner.delay <= 5000


def test_it_is_found_at_a_whisper_and_with_pauses():
    reference = speech_like(14, 8.0, rms=0.002)
    reference[np.arange(len(reference)) // 8000 % 2 == 1] = 0
    noise = np.random.default_rng(2).normal(scale=3e-4, size=len(reference))
    aligner = DelayAligner()
    run(aligner, reference, echo_of(reference, 4321) + noise.astype("f4"))
    assert aligner.found
    assert 4221 <= aligner.delay <= 4321


def test_a_fixed_delay_is_applied_and_never_searched():
    reference = speech_like(7, 2.0)
    aligner = DelayAligner(fixed=777)
    out = run(aligner, reference, echo_of(reference, 100))
    assert aligner.delay == 777
    np.testing.assert_array_equal(out[777:], reference[: len(reference) - 777])


def test_silence_and_nonsense_are_survived():
    aligner = DelayAligner()
    silence, broken = np.zeros(HOP, np.float32), np.full(HOP, np.nan, np.float32)
    for reference, mic in ((silence, silence), (silence, broken), (broken, silence)) * 20:
        aligner.process(reference, mic)
    reference = speech_like(8, 4.0)
    run(aligner, reference, echo_of(reference, 640))
    assert 540 <= aligner.delay <= 640


def test_the_output_is_one_buffer():
    aligner = DelayAligner()
    x = speech_like(9, 1.0)
    assert len({id(aligner.process(r, r)) for r in hops(x)}) == 1


@pytest.mark.parametrize(
    ("start", "kept"), [(1440, True), (1400, True), (900, False), (1600, False)]
)
def test_a_measured_delay_is_used_at_once_and_kept_where_it_fits(start, kept):
    reference = speech_like(7, 4.0)
    aligner = DelayAligner(start=start)
    pairs = zip(hops(reference), hops(echo_of(reference, 1500)), strict=True)
    moves = []
    for played, heard in pairs:
        aligner.process(played, heard)
        moves += [aligner.shifted] if aligner.changed else []
    assert aligner.found and bool(moves) is not kept
    assert 1350 <= aligner.delay <= 1500


def test_the_bends_are_delayed_with_the_reference():
    reference = speech_like(5, 4.0)
    mic, aligner = echo_of(reference, 3000), DelayAligner(bends=2, history=3)
    for played, heard in zip(hops(reference), hops(mic), strict=True):
        out = aligner.process(played, heard, np.stack([2 * played, -played]))
        np.testing.assert_array_equal(aligner.bends, np.stack([2 * out, -out]))
    past = aligner.past()
    assert past.shape == (3, 3, HOP) and aligner.delay > 2900
    np.testing.assert_array_equal(past[:, 1], 2 * past[:, 0])


def test_told_of_a_glitch_it_finds_the_jump_at_once():
    found = {}
    for told in (False, True):
        reference = speech_like(8, 8.0)
        jump = 4 * SAMPLE_RATE
        mic = echo_of(reference, 1000)
        mic[jump:] = echo_of(reference, 2600)[jump:]
        front = FrontEnd(1, Echo())
        for at in range(0, len(reference) - HOP, HOP):
            if told and at == jump:
                front.expect_jump()
                assert not front.converged
            front.process(mic[None, at : at + HOP], reference[at : at + HOP], True)
            if front.jumps and told not in found:
                found[told] = at - jump
    assert 0 < found[True] < SAMPLE_RATE and found[True] <= found.get(False, len(reference))


def test_a_glitch_that_changed_nothing_costs_nothing():
    reference = speech_like(9, 6.0)
    mic = echo_of(reference, 1000)
    front = FrontEnd(1, Echo())
    for at in range(0, len(reference) - HOP, HOP):
        if at % SAMPLE_RATE == 0 and at >= 2 * SAMPLE_RATE:
            front.expect_jump()
        front.process(mic[None, at : at + HOP], reference[at : at + HOP], True)
    assert front.jumps == 0 and front.converged and front.erle_db > 15
