"""The delay is found from nothing, kept in double talk, and followed when it moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.audio.delay import DelayAligner
from assistant.audio.format import HOP, SAMPLE_RATE
from tests.audio.sounds import hops, path, speech_like, through


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


def test_a_move_is_told_once_and_by_how_much():
    reference = speech_like(6, 10.0)
    half = 5 * SAMPLE_RATE
    mic = np.concatenate([echo_of(reference, 800)[:half], echo_of(reference, 2400)[half:]])
    aligner, moves = DelayAligner(), []
    for played, heard in zip(hops(reference), hops(mic), strict=True):
        before = aligner.delay
        aligner.process(played, heard)
        if aligner.changed:
            moves.append(aligner.shifted)
            assert aligner.delay - before == aligner.shifted
    assert len(moves) == 2
    assert moves[1] == pytest.approx(1600, abs=20)


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
