"""How much of each distorted version is in an echo."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.path_bends import BendFit

RNG = np.random.default_rng(5)
SIZE = 4000
BENT = RNG.standard_normal((3, 2, SIZE)).astype(np.float32)
TRUE = np.array([0.3, -0.1, 0.0], np.float32)


def echo_of(weights: np.ndarray) -> np.ndarray:
    return np.tensordot(weights, BENT, 1).astype(np.float32)


def test_the_weights_are_found_from_where_they_were():
    fit = BendFit(BENT.copy(), np.ones(SIZE, np.float32))
    before = np.array([0.1, 0.1, 0.1], np.float32)
    found = fit.weights(before, echo_of(TRUE) - echo_of(before))
    assert found == pytest.approx(TRUE, abs=0.02)


def test_what_is_not_heeded_does_not_spoil_them():
    heed = np.ones(SIZE, np.float32)
    heed[1000:1500] = 1e-3
    error = echo_of(TRUE)
    error[:, 1000:1500] += 30 * RNG.standard_normal((2, 500)).astype(np.float32)
    fit = BendFit(BENT.copy(), heed)
    assert fit.weights(np.zeros(3, np.float32), error) == pytest.approx(TRUE, abs=0.05)


def test_what_the_bends_explain_is_left_out_and_nothing_else():
    fit = BendFit(BENT.copy(), np.full(SIZE, 0.5, np.float32))
    strange = RNG.standard_normal((2, SIZE)).astype(np.float32)
    fit.weights(np.zeros(3, np.float32), echo_of(TRUE))
    assert np.std(fit.unexplained(echo_of(TRUE))) < 0.05 * np.std(echo_of(TRUE))
    assert fit.unexplained(strange) == pytest.approx(strange, abs=0.2)
    assert np.std(fit.unexplained(strange) - strange) < 0.05


def test_without_bends_nothing_is_explained():
    fit = BendFit(np.zeros((0, 2, SIZE), np.float32), np.ones(SIZE, np.float32))
    none, error = np.zeros(0, np.float32), RNG.standard_normal((2, SIZE)).astype(np.float32)
    assert fit.weights(none, error).size == 0
    assert fit.unexplained(error) is error
