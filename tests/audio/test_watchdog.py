"""The watchdog bites a filter that adds power, soon, and no other."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.watchdog import Watchdog

ONE, BOTH = np.array([1.0, 1.0], np.float32), np.array([True, True])


def bitten_after(watchdog: Watchdog, before: np.ndarray, after: np.ndarray, hops: int = 100):
    """Return after how many hops of these energies it bites, and whom; (None, None) for never."""
    for hop in range(hops):
        bad = watchdog.bites(before, after)
        if bad is not None:
            return hop + 1, bad.tolist()
    return None, None


def test_a_microphone_that_is_made_louder_for_a_third_of_a_second_is_bitten():
    hops, bad = bitten_after(Watchdog(2), ONE, np.array([0.1, 4.0], np.float32))
    assert 20 < hops < 40 and bad == [False, True]


@pytest.mark.parametrize("gain", [0.0, 1.0, 1.9])
def test_one_that_is_not_much_louder_never_is(gain):
    assert bitten_after(Watchdog(2), ONE, gain * ONE) == (None, None)


def test_a_short_burst_is_forgiven():
    watchdog = Watchdog(2)
    assert bitten_after(watchdog, ONE, 4 * ONE, hops=15) == (None, None)
    assert bitten_after(watchdog, ONE, 0.01 * ONE) == (None, None)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_bitten_at_once_and_then_calm(value):
    watchdog = Watchdog(2)
    assert bitten_after(watchdog, ONE, value * ONE)[0] == 1
    watchdog.calm()
    assert bitten_after(watchdog, ONE, ONE) == (None, None)
