"""Whether what is left rises and falls with the echo."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assistant.audio.likeness import HOPS, EchoLikeness
from assistant.audio.residual import BANDS

levels = arrays(np.float32, (HOPS, BANDS), elements=st.floats(0, 100, width=32))


def likeness(outputs: np.ndarray, residuals: np.ndarray) -> float:
    alike = EchoLikeness()
    for output, residual in zip(outputs, residuals, strict=True):
        alike.hear(output, residual)
    return alike.value()


def rhythm(seed: int) -> np.ndarray:
    """Return the powers of something that comes and goes by 40 dB in every band."""
    db = np.random.default_rng(seed).uniform(-60, -20, (HOPS, BANDS))
    return (10 ** (db / 10)).astype(np.float32)


def test_what_rises_and_falls_with_the_echo_is_alike_however_loud_it_is():
    for louder in (0.1, 1.0, 100.0):
        assert likeness(louder * rhythm(0), rhythm(0)) > 0.99


def test_a_rhythm_of_its_own_is_not_alike():
    assert abs(likeness(rhythm(1), rhythm(0))) < 0.15


def test_only_the_last_second_counts():
    old, new = (np.concatenate([rhythm(i), rhythm(j)]) for i, j in ((0, 1), (0, 2)))
    assert abs(likeness(old, new)) < 0.15


@given(levels, levels)
def test_it_is_a_correlation_of_anything(outputs, residuals):
    assert -1.001 <= likeness(outputs, residuals) <= 1.001
    assert likeness(outputs, np.zeros_like(residuals)) == 0.0
