"""The post-filter: no filter at all once the path is known, and no delay before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.post_filter import PostFilter
from tests.audio.sounds import hops, power_db, speech_like

BINS = HOP + 1
QUIET = np.zeros(HOP, np.float32)


def spectra(x: np.ndarray) -> np.ndarray:
    """Return the power of every hop's spectrum with a hop of zeros before it."""
    return np.abs(np.fft.rfft(x.reshape(-1, HOP), 2 * HOP)).astype(np.float32) ** 2


def run(x: np.ndarray, echo: np.ndarray, unsettled: float = 1.0, share: float = 5.0) -> np.ndarray:
    """Return ``x`` filtered, when ``share`` times the power of ``echo`` in it is expected."""
    post = PostFilter()
    pairs = zip(hops(x), spectra(echo), strict=True)
    return np.concatenate([post.process(h, share * p, QUIET, unsettled).copy() for h, p in pairs])


def test_a_settled_path_leaves_every_sample_as_it_is():
    x = speech_like(1, 2.0)
    np.testing.assert_array_equal(run(x, x, unsettled=0.0), x)


def test_what_is_expected_to_be_echo_goes_down_by_no_more_than_14_db():
    echo = speech_like(2, 4.0)
    change = power_db(run(echo, echo)) - power_db(echo)
    assert -14.5 < change < -10


def test_what_distortion_may_leave_of_a_loud_echo_goes_down_and_a_person_does_not():
    echo, nothing = speech_like(2, 4.0), np.zeros(BINS, np.float32)

    def change(x: np.ndarray) -> float:
        post, pairs = PostFilter(), zip(hops(x), hops(echo), strict=True)
        out = np.concatenate([post.process(h, nothing, e, 1.0).copy() for h, e in pairs])
        return power_db(out) - power_db(x)

    assert -14.5 < change(0.05 * echo) < -10
    assert change(speech_like(3, 4.0, rms=0.05)) == pytest.approx(0, abs=1.0)


def test_a_person_well_above_the_echo_stays():
    echo, person = speech_like(2, 4.0, rms=0.01), speech_like(3, 4.0)
    out = run(person + echo, echo)
    assert power_db(out) == pytest.approx(power_db(person), abs=0.5)


def test_a_person_is_clearer_than_without_it():
    """At the level of what is left of the echo: of the difference to the person less remains."""
    echo, person = speech_like(2, 6.0, rms=0.05), speech_like(3, 6.0, rms=0.05)
    heard = [np.abs(np.fft.rfft(x.reshape(-1, HOP))) for x in (person, person + echo)]
    out = np.abs(np.fft.rfft(run(person + echo, echo).reshape(-1, HOP)))
    wrong = [np.sum((x - heard[0]) ** 2) for x in (heard[1], out)]
    assert 10 * np.log10(wrong[1] / wrong[0]) < -1


def test_nothing_is_delayed():
    echo, person = speech_like(2, 4.0, rms=0.05), speech_like(3, 4.0)
    out = run(person + echo, echo)
    lags = range(-40, 41)
    alike = [float(np.dot(out[100:-100], np.roll(person, lag)[100:-100])) for lag in lags]
    assert lags[int(np.argmax(alike))] == 0


def test_coming_and_going_it_makes_no_click():
    x = (0.1 * np.sin(np.arange(60 * HOP) * 0.05)).astype(np.float32)
    post, parts, expected = PostFilter(), [], 5 * spectra(x)
    for i, hop in enumerate(hops(x)):
        parts.append(post.process(hop, expected[i], QUIET, float(i // 10 % 2)).copy())
    out = np.concatenate(parts)
    assert np.abs(np.diff(out)).max() < 1.5 * np.abs(np.diff(x)).max()


def test_a_reset_forgets_what_was_heard():
    post, fresh = PostFilter(), PostFilter()
    x = speech_like(4, 1.0)
    for hop, power in zip(hops(x), spectra(x), strict=True):
        post.process(hop, power, hop, 1.0)
    post.reset()
    hop = x[:HOP]
    a, b = (p.process(hop, spectra(hop)[0], hop, 0.5).copy() for p in (post, fresh))
    np.testing.assert_array_equal(a, b)


@settings(max_examples=40, deadline=None)
@given(
    level=st.sampled_from([0.0, 1e-6, 0.1, 1.0]),
    expected=st.floats(0, 1e12),
    unsettled=st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=8, max_size=8),
)
def test_it_never_makes_anything_louder_or_anything_but_numbers(level, expected, unsettled):
    x = level * speech_like(5, 8 * HOP / SAMPLE_RATE, rms=0.2)
    post, out = PostFilter(), []
    for hop, new in zip(hops(x), unsettled, strict=True):
        out.append(post.process(hop, np.full(BINS, expected, np.float32), hop, new).copy())
    out = np.concatenate(out)
    assert np.isfinite(out).all()
    assert np.sum(out**2) <= 1.1 * np.sum(x**2) + 1e-12
