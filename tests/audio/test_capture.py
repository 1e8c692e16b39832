import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.capture import CaptureRing
from assistant.audio.format import HOP, SAMPLE_RATE


def filled(hops: int, seconds: float = 2.0) -> CaptureRing:
    ring = CaptureRing(seconds)
    for i in range(hops):
        ring.write(np.arange(i * HOP, (i + 1) * HOP, dtype=np.float32))
    return ring


@given(st.integers(0, 300), st.integers(0, 80_000), st.integers(0, 5_000))
def test_what_is_read_is_what_was_written_there(hops, start, length):
    ring = filled(hops)
    got = ring.read(start, start + length)
    assert got.size <= length
    if got.size:
        first = int(got[0])
        assert first >= start
        assert np.array_equal(got, np.arange(first, first + got.size, dtype=np.float32))
        assert first + got.size == min(start + length, ring.position)


def test_the_newest_second_is_always_there():
    ring = filled(1000)
    got = ring.read(ring.position - SAMPLE_RATE + HOP, ring.position)
    assert got.size == SAMPLE_RATE - HOP


def test_nothing_is_read_from_the_future():
    ring = filled(3)
    assert ring.read(3 * HOP, 9 * HOP).size == 0
