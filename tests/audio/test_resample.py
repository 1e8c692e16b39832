"""The resampler: what goes there and back is the same, and pieces leave no trace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.audio.format import HOP
from assistant.audio.resample import HALF_LENGTH, Interpolator, Resampler

RATES = [48_000, 44_100, 32_000, 22_050]


def speech_band(n: int, top: float = 6_500.0) -> np.ndarray:
    """Return noise at 16 kHz without anything above ``top`` Hz, shape (1, n)."""
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(0, 0.2, n))
    spectrum[np.fft.rfftfreq(n, 1 / 16_000) > top] = 0
    return np.fft.irfft(spectrum, n).astype(np.float32)[None]


def in_pieces(resampler: Resampler, x: np.ndarray, piece: int) -> np.ndarray:
    """Return all of ``x`` resampled, ``piece`` samples at a time."""
    parts = [resampler.process(x[:, i : i + piece]) for i in range(0, x.shape[1], piece)]
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("rate", RATES)
def test_there_and_back_is_the_same_sound(rate):
    x = speech_band(16_000)
    there = in_pieces(Resampler(16_000, rate), x, 256)
    back = in_pieces(Resampler(rate, 16_000), there, 700)
    delay = 2 * HALF_LENGTH
    a, b = x[0, 500:15_000], back[0, 500 + delay : 15_000 + delay]
    snr = 10 * np.log10(np.sum(a**2) / np.sum((a - b) ** 2))
    assert snr > 70.0


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(RATES), st.booleans(), st.lists(st.integers(1, 900), min_size=1, max_size=12)
)
def test_borders_leave_no_trace(rate, upwards, pieces):
    source, target = (16_000, rate) if upwards else (rate, 16_000)
    x = np.random.default_rng(1).normal(0, 0.2, (2, sum(pieces))).astype(np.float32)
    whole = Resampler(source, target, 2).process(x)
    stream = Resampler(source, target, 2)
    parts = [stream.process(part) for part in np.split(x, np.cumsum(pieces)[:-1], axis=1)]
    together = np.concatenate(parts, axis=1)
    assert together.shape == whole.shape
    assert np.allclose(together, whole, atol=1e-5)


@pytest.mark.parametrize("rate", RATES)
def test_what_would_alias_is_gone(rate):
    t = np.arange(rate) / rate
    tone = np.sin(2 * np.pi * 9_000 * t).astype(np.float32)[None]
    rest = Resampler(rate, 16_000).process(tone)[0, 1000:-1000]
    assert np.sqrt(np.mean(rest**2)) < 10 ** (-70 / 20)


@pytest.mark.parametrize("rate", RATES)
def test_a_pure_tone_stays_pure_and_loud(rate):
    tone = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000).astype(np.float32)[None]
    high = in_pieces(Resampler(16_000, rate), tone, 256)
    assert abs(high.shape[1] - rate) <= 1
    delay = Resampler(16_000, rate).delay
    t = np.arange(high.shape[1]) / rate - delay
    middle = slice(2_000, -2_000)
    assert np.abs(high[0, middle] - np.sin(2 * np.pi * 1_000 * t)[middle]).max() < 1e-3


def test_hops_come_out_whole_at_48_khz():
    up, down = Resampler(16_000, 48_000), Resampler(48_000, 16_000, 4)
    for _ in range(5):
        assert up.process(np.zeros((1, 256), np.float32)).shape == (1, 768)
        assert down.process(np.zeros((4, 768), np.float32)).shape == (4, 256)


@settings(max_examples=25, deadline=None)
@given(lag=st.floats(0, 0.999), rate=st.floats(-2.5e-4, 2.5e-4), frequency=st.floats(100, 7_000))
def test_between_its_samples_a_sine_goes_on(lag, rate, frequency):
    turn = 2 * np.pi * frequency / 16_000
    source = np.sin(turn * np.arange(1000)).astype(np.float32)
    out = np.zeros((2, HOP), np.float32)
    Interpolator().read(np.stack([source, -source]), 400, lag, rate, out)
    n = np.arange(HOP)
    np.testing.assert_array_equal(out[1], -out[0])
    error = out[0] - np.sin(turn * (400 + n - lag - rate * n))
    assert np.sqrt(np.mean(error**2)) < 3e-3


def test_what_crept_is_read_where_it_should_have_been():
    """Half of a recording, then nothing more to correct: the borders of hops leave no trace."""
    hops, turn = 40, 2 * np.pi * 1_000 / 16_000
    n = np.arange(hops * HOP)
    lags = np.minimum(0, np.arange(hops + 1) - hops // 2) * HOP * 2e-4
    sound = np.sin(turn * np.stack([n, n + 3])).astype(np.float32)
    moved = n - np.interp(n, np.arange(hops + 1) * HOP, lags)
    out = Interpolator().reread(sound, lags)
    error = (out - np.sin(turn * np.stack([moved, moved + 3])))[:, 100:-100]
    assert np.abs(error).max() < 1e-3
