"""The echo canceller removes echo, keeps people, and survives everything else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.audio.echo import BANDS, EchoCanceller
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.room.loudspeaker import Loudspeaker
from tests.audio.sounds import hops, path, power_db, speech_like, through
from tests.benchmarks.far_end import music


def run(canceller: EchoCanceller, mics: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the canceller's output for whole signals: mics (m, n), reference (n,)."""
    pairs = zip(hops(mics), hops(reference), strict=True)
    return np.concatenate([canceller.process(m, r).copy() for m, r in pairs], axis=1)


def room(seed: int, duration_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a reference and its echo at two microphones."""
    reference = speech_like(seed, duration_s)
    return reference, np.stack([through(reference, path(seed + m)) for m in (10, 11)])


def noise(shape: tuple[int, ...], db: float = -65.0) -> np.ndarray:
    return np.random.default_rng(9).normal(scale=10 ** (db / 20), size=shape).astype(np.float32)


def test_echo_is_25_db_quieter_after_three_seconds():
    reference, echo = room(1, 5.0)
    mics = echo + noise(echo.shape)
    canceller = EchoCanceller(2)
    out = run(canceller, mics, reference)
    late = slice(3 * SAMPLE_RATE, None)
    for m in range(2):
        assert power_db(mics[m, late]) - power_db(out[m, late]) > 25
    assert canceller.converged
    assert canceller.resets == 0
    assert canceller.erle_db == pytest.approx(
        power_db(echo[:, late]) - power_db(out[:, late]), abs=6
    )


def test_residual_estimate_is_near_the_truth():
    reference, echo = room(2, 6.0)
    canceller = EchoCanceller(2)
    out = run(canceller, echo + noise(echo.shape), reference)
    truth = power_db(out[:, -SAMPLE_RATE:])
    assert 10 * np.log10(canceller.residual_power) == pytest.approx(truth, abs=9)
    assert canceller.residual_bands.shape == canceller.output_bands.shape == (BANDS,)


def test_distortion_branches_remove_what_a_linear_filter_cannot():
    reference = speech_like(3, 8.0)
    driven = (0.3 * np.tanh(reference / 0.3)).astype(np.float32)
    mics = through(driven, path(3))[None] + noise((1, len(driven)))
    late = slice(5 * SAMPLE_RATE, None)
    plain = run(EchoCanceller(1, distortion=False), mics, reference)[:, late]
    full = run(EchoCanceller(1), mics, reference)[:, late]
    assert power_db(full) < power_db(plain) - 5


def test_music_through_the_rooms_own_loudspeaker_is_cancelled_deeply():
    """Both bend the sound at the same rate: with a model at twice the rate it is 28 dB."""
    reference = music(12 * SAMPLE_RATE, seed=4)
    reference = reference[: len(reference) // HOP * HOP]
    reference *= 0.15 / np.std(reference)
    echo = through(Loudspeaker(0.03).process(reference), path(3))[None]
    out = run(EchoCanceller(1), echo + noise(echo.shape, -80.0), reference)
    late = slice(6 * SAMPLE_RATE, None)
    assert power_db(echo[:, late]) - power_db(out[:, late]) > 33


def test_a_person_in_silence_is_passed_on_untouched():
    person = np.stack([speech_like(4, 2.0), speech_like(4, 2.0)])
    canceller = EchoCanceller(2)
    out = run(canceller, person, np.zeros(person.shape[1], np.float32))
    np.testing.assert_array_equal(out, person)
    assert canceller.residual_power == 0
    assert not canceller.sounding


def test_a_person_while_an_unrelated_reference_plays_stays_within_a_db():
    person = speech_like(5, 4.0)[None]
    out = run(EchoCanceller(1), person, speech_like(6, 4.0))
    assert power_db(out) == pytest.approx(power_db(person), abs=1.0)


def test_double_talk_leaves_the_person_clear():
    reference, echo = room(7, 9.0)
    person = np.zeros_like(echo)
    start = 5 * SAMPLE_RATE
    voice = speech_like(8, 2.0, rms=0.05)
    person[:, start : start + len(voice)] = voice
    out = run(EchoCanceller(2), echo + person + noise(echo.shape), reference)
    talking = slice(start, start + len(voice))
    distortion = out[:, talking] - person[:, talking]
    assert power_db(person[:, talking]) - power_db(distortion) > 14
    after = slice(start + len(voice), None)
    assert power_db(echo[:, after]) - power_db(out[:, after]) > 22


def test_the_near_end_is_not_judged_to_be_echo():
    reference, echo = room(12, 7.0)
    start = 5 * SAMPLE_RATE
    echo[:, start:] += speech_like(13, 2.0, rms=0.1)[None, : echo.shape[1] - start]
    canceller = EchoCanceller(2)
    alone = []
    for mics, played in zip(hops(echo + noise(echo.shape)), hops(reference), strict=True):
        canceller.process(mics, played)
        alone.append(canceller.far_end_alone)
    before, during = alone[3 * 62 : start // HOP], alone[start // HOP + 2 :]
    assert np.mean(before) > 0.75
    assert np.mean(during) < 0.35


def test_a_changed_echo_path_is_learnt_again_within_two_seconds():
    reference = speech_like(14, 9.0)
    half = 5 * SAMPLE_RATE
    before, after = through(reference, path(15)), through(reference, 0.7 * path(16, delay=20))
    echo = np.concatenate([before[:half], after[half:]])[None]
    canceller = EchoCanceller(1)
    out = run(canceller, echo + noise(echo.shape), reference)
    late = slice(half + 2 * SAMPLE_RATE, None)
    assert power_db(echo[:, late]) - power_db(out[:, late]) > 18


def test_shift_keeps_what_was_learnt():
    reference, echo = room(17, 8.0)
    late = np.concatenate([np.zeros(200, np.float32), reference])[: len(reference)]
    delayed = np.stack([through(late, path(27)), through(late, path(28))]) + noise(echo.shape)
    canceller, half = EchoCanceller(2), 4 * SAMPLE_RATE // HOP * HOP
    run(canceller, delayed[:, :half], reference[:half])
    canceller.shift(200)
    out = run(canceller, delayed[:, half:], late[half:])
    soon = slice(SAMPLE_RATE // 4, SAMPLE_RATE)
    assert power_db(delayed[:, half:][:, soon]) - power_db(out[:, soon]) > 20


def test_watchdog_starts_over_when_the_output_is_louder_than_the_microphone():
    reference, echo = room(18, 3.0)
    canceller = EchoCanceller(2)
    run(canceller, echo, reference)
    quiet = noise(echo.shape, -60)
    out = run(canceller, quiet, reference)  # the loudspeaker is unplugged
    assert canceller.resets >= 1
    assert not canceller.converged
    assert power_db(out[:, -SAMPLE_RATE:]) < power_db(quiet) + 4


def test_not_a_number_is_survived_without_forgetting():
    reference, echo = room(19, 5.0)
    mics = echo + noise(echo.shape)
    canceller, half = EchoCanceller(2), 3 * SAMPLE_RATE // HOP * HOP
    run(canceller, mics[:, :half], reference[:half])
    broken = mics[:, :HOP].copy()
    broken[0, 5], broken[1, 7] = np.nan, np.inf
    assert np.isfinite(canceller.process(broken, reference[:HOP])).all()
    assert np.isfinite(canceller.process(mics[:, :HOP], np.full(HOP, np.nan, np.float32))).all()
    out = run(canceller, mics[:, half:], reference[half:])
    soon = slice(SAMPLE_RATE // 2, None)
    assert power_db(mics[:, half:][:, soon]) - power_db(out[:, soon]) > 20


def test_the_output_is_one_buffer():
    canceller = EchoCanceller(2)
    reference, echo = room(20, 0.2)
    outs = {id(canceller.process(m, r)) for m, r in zip(hops(echo), hops(reference), strict=True)}
    assert len(outs) == 1


KINDS = ("silence", "full", "clipped", "dc", "impulse", "noise", "tiny", "square")


def nasty(kind: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``size`` samples of an unpleasant signal."""
    if kind == "impulse":
        x = np.zeros(size)
        x[:: size // 5 + 1] = 1.0
        return x.astype(np.float32)
    table = {
        "silence": np.zeros(size),
        "full": rng.uniform(-1, 1, size),
        "clipped": np.clip(5 * rng.normal(size=size), -1, 1),
        "dc": np.full(size, 0.9),
        "noise": 0.01 * rng.normal(size=size),
        "tiny": 1e-20 * rng.normal(size=size),
        "square": np.where(np.arange(size) // 40 % 2, 1.0, -1.0),
    }
    return table[kind].astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(
    plan=st.lists(
        st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS), st.booleans()),
        min_size=1,
        max_size=6,
    ),
    seed=st.integers(0, 1000),
)
def test_nothing_makes_it_diverge(plan, seed):
    rng, canceller = np.random.default_rng(seed), EchoCanceller(1, 1024)
    for heard, played, echoes in plan:
        reference = nasty(played, 40 * HOP, rng)
        mics = nasty(heard, 40 * HOP, rng)[None]
        if echoes:
            mics = np.clip(mics + 0.5 * reference, -1, 1)
        out = run(canceller, mics, reference)
        assert np.isfinite(out).all()
        assert np.abs(out).max() < 20
        assert np.isfinite(canceller.residual_bands).all()
    reference = np.zeros(60 * HOP, np.float32)
    person = speech_like(seed, 60 * HOP / SAMPLE_RATE)[None]
    out = run(canceller, person, reference)
    np.testing.assert_array_equal(out[:, -20 * HOP :], person[:, -20 * HOP :])


@pytest.mark.parametrize("gain_db", [-20.0, 20.0])
def test_a_turned_knob_of_the_amplifier_costs_less_than_half_a_second(gain_db):
    x = 0.1 * speech_like(21, 8.0)
    knob = np.where(np.arange(len(x)) < 6 * SAMPLE_RATE, 1.0, 10 ** (gain_db / 20))
    echo = through((x * knob).astype(np.float32), path(22))
    mic = echo + np.random.default_rng(1).normal(scale=1e-5, size=len(x)).astype(np.float32)
    out = np.zeros_like(mic)
    canceller = EchoCanceller(1)
    for i in range(0, len(x) // HOP * HOP, HOP):
        out[i : i + HOP] = canceller.process(mic[None, i : i + HOP], x[i : i + HOP])[0]
    late = slice(int(6.5 * SAMPLE_RATE), int(7.5 * SAMPLE_RATE))
    assert np.mean(out[late] ** 2) < 0.01 * np.mean(mic[late] ** 2)
    assert canceller.resets == 0


def test_what_a_reference_in_the_wrong_place_taught_is_taken_back():
    """The path, and also how the loudspeaker bends: a millisecond's jump spoils both."""
    reference, jump, over = speech_like(14, 8.0), 372, 412  # hops
    played = (np.tanh(3 * reference) / 3).astype(np.float32)
    mic = through(played, path(14, delay=64))[None] + noise((1, len(played)))
    canceller, left = EchoCanceller(1), []
    pairs = zip(hops(mic), hops(reference), hops(np.roll(reference, 16)), strict=True)
    for hop, (heard, right, wrong) in enumerate(pairs):
        if hop in (jump - 40, jump):
            canceller.remember()
        if hop == over:
            canceller.recall()
            canceller.shift(0)
        out = canceller.process(heard, wrong if jump <= hop < over else right)
        left.append(power_db(out) - power_db(heard))
    before, after = left[jump - 60 : jump], left[over + 28 : over + 60]
    assert np.median(after) < np.median(before) + 3  # 10 with the path only
