"""The reference's history knows where what it keeps was read, and where it should have been."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP
from assistant.audio.reference import ReferenceHistory

KEEP = 12  # hops


def pushed(lags: list[float]) -> ReferenceHistory:
    history = ReferenceHistory(2, False, KEEP * HOP)
    for lag in lags:
        history.push(np.full(HOP, 0.1, np.float32), 0.01, lag)
    return history


def test_on_one_clock_nothing_crept():
    assert not pushed([700.0] * 50).creep(KEEP, 0.0).any()


def test_what_was_read_at_moving_instants_did_not_creep():
    rate = 1e-4
    history = pushed([700 + rate * HOP * hop for hop in range(50)])
    np.testing.assert_allclose(history.creep(KEEP, rate), 0, atol=1e-9)


def test_what_stood_still_crept_the_more_the_older_it_is():
    rate = -1e-4
    creep = pushed([700.0] * 50).creep(KEEP, rate)
    np.testing.assert_allclose(np.diff(creep)[:-1], rate * HOP, atol=1e-9)
    assert abs(creep[-1]) < 1e-9


def test_before_the_first_sound_nothing_moves():
    creep = pushed([700.0] * 3).creep(KEEP, 1e-4)
    assert np.isfinite(creep).all()
    assert np.ptp(creep[: KEEP - 2]) == 0
