"""The Fourier transforms without their wrapping are those with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio import fft


@pytest.fixture(params=["ufunc", "public"], autouse=True, scope="module")
def way(request):
    """Go both ways: numpy's ufuncs, and its public functions where it has none of that name."""
    kept = fft._forward, fft._inverse
    if request.param == "public":
        fft._forward = fft._inverse = None
    yield request.param
    fft._forward, fft._inverse = kept


def test_this_numpy_has_the_ufuncs(way):
    assert way == "public" or (fft._forward is not None and fft._inverse is not None)


@given(
    st.lists(st.integers(1, 4), max_size=2),
    st.sampled_from([2, 16, 512, 1056]),
    st.integers(0, 2**32 - 1),
)
def test_they_are_numpys(shape, size, seed):
    sound = np.random.default_rng(seed).standard_normal((*shape, size)).astype(np.float32)
    spectrum = fft.rfft(sound)
    assert spectrum.dtype == np.complex64
    assert np.allclose(spectrum, np.fft.rfft(sound), atol=1e-3)
    again = fft.irfft(spectrum)
    assert again.dtype == np.float32 and again.shape == sound.shape
    assert np.allclose(again, sound, atol=1e-4)


def test_rows_that_lie_apart_and_an_own_buffer_are_welcome():
    sounds = np.random.default_rng(0).standard_normal((6, 2, 512)).astype(np.float32)
    out = np.empty((3, 2, 257), np.complex64)
    assert fft.rfft(sounds[::2], out=out) is out
    assert np.allclose(out, np.fft.rfft(sounds[::2]), atol=1e-3)
    assert np.allclose(fft.irfft(out.swapaxes(0, 1)), sounds[::2].swapaxes(0, 1), atol=1e-4)
