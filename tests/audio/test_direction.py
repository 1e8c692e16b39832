"""The direction of a voice: as it arrives at simple arrays, and in the benchmark's rooms."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.direction import Direction
from assistant.audio.format import HOP, SAMPLE_RATE
from tests.benchmarks import rooms

SQUARE = rooms.array(4)
PAIR = rooms.array(2)


def word(seed: int = 1, seconds: float = 0.5) -> np.ndarray:
    """Return a burst of noise after a second of nothing."""
    noise = np.random.default_rng(seed).normal(size=int(seconds * SAMPLE_RATE))
    return np.concatenate([np.zeros(SAMPLE_RATE), 0.1 * noise])


def from_afar(degrees: float, positions: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return ``x`` as a plane wave reaches ``positions`` from ``degrees`` clockwise from ahead."""
    way = np.array([np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])
    early = positions[:, :2] @ way / 343.0
    hertz = np.fft.rfftfreq(len(x), 1 / SAMPLE_RATE)
    return np.fft.irfft(np.fft.rfft(x) * np.exp(2j * np.pi * hertz * early[:, None]), len(x))


def heard(positions: np.ndarray, mics: np.ndarray) -> float | None:
    direction = Direction(positions)
    noise = np.random.default_rng(9).normal(scale=1e-4, size=mics.shape)
    for start in range(0, mics.shape[1] - HOP + 1, HOP):
        direction.hear((mics + noise)[:, start : start + HOP].astype(np.float32))
    return direction.degrees()


def apart(a: float, b: float) -> float:
    return abs((a - b + 180) % 360 - 180)


@pytest.mark.parametrize("degrees", [0, 45, 120, 200, 310])
def test_a_square_hears_all_around(degrees):
    assert apart(heard(SQUARE, from_afar(degrees, SQUARE, word())), degrees) <= 5


@pytest.mark.parametrize("degrees", [0, 40, 320])
def test_a_pair_hears_left_and_right(degrees):
    assert apart(heard(PAIR, from_afar(degrees, PAIR, word())), degrees) <= 10


def test_a_pair_takes_behind_for_ahead():
    assert apart(heard(PAIR, from_afar(150, PAIR, word())), 30) <= 10


def test_silence_comes_from_nowhere():
    direction = Direction(SQUARE)
    direction.hear(np.zeros((4, HOP), np.float32))
    assert direction.degrees() is None


def test_in_reverberant_rooms_it_points_at_the_talker():
    errors = []
    for seed in range(300, 306):
        room, paths = rooms.draw(seed), rooms.paths(seed, 4)
        mics = rooms.convolve(word(seed), paths.talker)
        to = room.talker - room.centre
        x, y = (
            to[0] * np.cos(room.turn) + to[1] * np.sin(room.turn),
            to[1] * np.cos(room.turn) - to[0] * np.sin(room.turn),
        )
        errors.append(apart(heard(SQUARE, 0.01 * mics / mics.std()), np.degrees(np.arctan2(x, y))))
    assert np.median(errors) <= 10
