"""The least-squares echo path: it finds what is there, and refuses what proves nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assistant.audio.distortion import NAMES, Bends, Separation
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.path_learner import DUE, PathLearner
from assistant.audio.path_solver import solve
from assistant.audio.path_sound import Recording
from assistant.audio.resample import Interpolator
from tests.audio.sounds import path, speech_like, through

TAPS = 13 * HOP


def bends_of(x: np.ndarray) -> np.ndarray:
    bends, separation, rows = Bends(), Separation(), []
    for hop in x[: len(x) // HOP * HOP].reshape(-1, HOP):
        rows.append(bends.process(hop).copy())
        separation.process(hop, float(np.mean(hop * hop)), rows[-1])
    return np.concatenate(rows, axis=1)


def recording(seconds: float = 1.2, mics: int = 2, bent: float = 0.0) -> Recording:
    size = int(seconds * SAMPLE_RATE) // HOP * HOP
    x = speech_like(3, seconds + 2 * TAPS / SAMPLE_RATE)
    x = x[: len(x) // HOP * HOP]
    shapes = bends_of(x)
    played = x + bent * shapes[NAMES.index("beyond 0.1")]
    echo = np.stack([through(played, path(40 + i)) for i in range(mics)])
    noise = np.random.default_rng(1).normal(scale=1e-4, size=echo.shape)
    keep = size + TAPS - 1
    return Recording(
        reference=x[-keep:],
        bends=shapes[:, -keep:],
        mics=(echo + noise)[:, -size:].astype(np.float32),
        weights=np.zeros(len(NAMES), np.float32),
        path=np.zeros((mics, TAPS), np.float32),
    )


def truth() -> np.ndarray:
    """Return the path in ``recording``."""
    true = np.zeros((2, TAPS), np.float32)
    for row, response in zip(true, (path(40), path(41)), strict=True):
        row[: len(response)] = response
    return true


def test_a_second_of_playback_gives_the_path():
    solution = solve(recording())
    assert 10 * np.log10(solution.left) < -20
    truth = path(40)
    assert abs(int(np.argmax(np.abs(solution.path[0]))) - int(np.argmax(np.abs(truth)))) <= 1


def test_the_path_is_found_where_little_is_played_too():
    """Of a sound whose power at 2 to 4 kHz is 40 to 50 dB below that of its bass."""
    size = 100 * HOP + TAPS
    rng, f = np.random.default_rng(3), np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    x = np.fft.irfft(np.fft.rfft(rng.normal(size=size)) / (1 + (f / 200) ** 2), size)
    x = (0.1 * x / x.std()).astype(np.float32)
    mic = through(x, path(40)) + rng.normal(scale=1e-6, size=size)
    solution = solve(
        Recording(
            reference=x[1:],
            bends=np.zeros((0, size - 1), np.float32),
            mics=mic[None, TAPS:].astype(np.float32),
            weights=np.zeros(0, np.float32),
            path=np.zeros((1, TAPS), np.float32),
        )
    )
    truth = np.zeros(TAPS)
    truth[: len(path(40))] = path(40)
    there = slice(2_000 * TAPS // SAMPLE_RATE, 4_000 * TAPS // SAMPLE_RATE)
    wrong, true = (np.abs(np.fft.rfft(p)[there]) ** 2 for p in (solution.path[0] - truth, truth))
    assert 10 * np.log10(wrong.sum() / true.sum()) < -20  # -0.2 without the preconditioner


def test_a_person_who_talks_half_of_the_time_spoils_little():
    """Moments in which somebody talks count less; as much as the others, 8 dB would be right."""
    talked = recording(1.6)
    voice = speech_like(8, 0.8, rms=0.2)
    talked.mics[:, HOP : HOP + len(voice)] += voice
    solution = solve(talked)
    truth = np.zeros(TAPS)
    truth[: len(path(40))] = path(40)
    wrong = solution.path[0] - truth
    assert 10 * np.log10(np.sum(wrong**2) / np.sum(truth**2)) < -11
    assert 10 * np.log10(solution.left) < -12


def test_the_loudspeakers_distortion_is_found_with_it():
    bent = recording(bent=-0.6)
    blind = solve(replace(bent, bends=bent.bends[:0], weights=bent.weights[:0]))
    solution = solve(bent)
    assert solution.left < 0.5 * blind.left
    assert solution.weights[NAMES.index("beyond 0.1")] < -0.2


def test_a_true_path_is_not_replaced():
    assert solve(replace(recording(), path=truth())) is None


def test_distortion_that_is_new_is_not_taken_for_a_new_path():
    """Half a second after somebody turned the volume up; -26 dB if the path is sought first."""
    bent = replace(recording(0.5, bent=-0.6), path=truth())
    solution = solve(bent)
    wrong = np.sum((solution.path - bent.path) ** 2) / np.sum(bent.path**2)
    assert 10 * np.log10(wrong) < -30
    assert solution.weights[NAMES.index("beyond 0.1")] < -0.2


def test_a_person_alone_gives_no_path():
    alone = recording()
    other = speech_like(8, 1.2)[: alone.mics.shape[1]]
    assert solve(replace(alone, mics=np.stack([other, other]))) is None


@pytest.mark.parametrize("value", [0.0, np.inf, 1e30])
def test_absurd_sound_gives_no_path_and_no_error(value):
    absurd = recording(0.5)
    assert solve(replace(absurd, reference=np.full_like(absurd.reference, value))) is None


@pytest.mark.parametrize("background", [False, True])
def test_the_result_comes_when_it_is_due_and_not_before(background):
    learner = PathLearner(1, background)
    learner.submit(recording(0.8, mics=1))
    early = [learner.poll() for _ in range(DUE - 1)]
    assert early == [None] * (DUE - 1) and learner.busy
    solution = learner.poll()
    while learner.busy:
        solution = learner.poll()
    assert solution is not None and solution.left < 0.1
    learner.close()


def test_what_became_stale_is_not_used():
    learner = PathLearner(1)
    learner.submit(recording(0.8, mics=1))
    learner.forget()
    assert [learner.poll() for _ in range(DUE)] == [None] * DUE
    assert not learner.busy and learner.seconds == pytest.approx(0.0, abs=0.01)


def test_a_reference_that_crept_is_read_anew():
    """At 150 ppm: as well as what the last kHz loses when it is read twice lets it be."""
    still = recording(1.6)
    size = still.reference.size + 1
    creep = (np.arange(size // HOP + 1) - size // HOP) * HOP * 150e-6
    whole = np.pad(np.vstack([still.reference, still.bends]), ((0, 0), (1, 0)))
    crept = Interpolator().reread(whole, -creep)[:, 1:]
    smeared = replace(still, reference=crept[0], bends=crept[1:])
    blind, known = solve(smeared), solve(replace(smeared, creep=creep))
    assert blind is None or known.left < 0.05 * blind.left
    assert 10 * np.log10(known.left) < -25
