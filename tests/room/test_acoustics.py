"""The room's sound: reverberation time, levels, delays, convolution, noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.room import acoustics as a

ROOMS = [((5.0, 4.0, 2.6), 0.35), ((5.0, 4.0, 2.6), 0.2), ((3.0, 2.5, 2.4), 0.5),
         ((8.0, 6.0, 3.0), 0.8)]  # fmt: skip


@pytest.mark.parametrize(("size", "wanted"), ROOMS)
def test_the_reverberation_time_is_the_one_asked_for(size, wanted):
    source, mic = np.array(size) * (0.7, 0.6, 0.55), np.array(size) * (0.3, 0.2, 0.4)
    response = a.impulse_responses(size, wanted, source, mic)[0]
    assert a.rt60(response) == pytest.approx(wanted, rel=0.2)


def test_schroeder_measures_a_known_decay():
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    noise = np.random.default_rng(1).standard_normal(SAMPLE_RATE)
    assert a.rt60(noise * 10 ** (-3 * t / 0.4)) == pytest.approx(0.4, rel=0.05)


def test_direct_sound_is_inverse_to_distance_and_comes_with_the_speed_of_sound():
    source, mics = np.array([1.0, 1.0, 1.0]), np.array([[2.0, 1, 1], [3.0, 1, 1]])
    h = a.impulse_responses((5.0, 4.0, 2.6), 0.0, source, mics)
    arrivals = np.argmax(np.abs(h), axis=1) / SAMPLE_RATE
    assert arrivals == pytest.approx([1 / 343, 2 / 343], abs=1.5 / SAMPLE_RATE)
    energies = np.sqrt(np.sum(h**2, axis=1))
    assert energies[0] / energies[1] == pytest.approx(2.0, rel=0.05)


def test_a_fractional_delay_keeps_the_spectrum_up_to_seven_kilohertz():
    h = a.impulse_responses((5.0, 4.0, 2.6), 0.0, np.ones(3), np.array([[2.0013, 1, 1]]))[0]
    magnitude = np.abs(np.fft.rfft(h, 1024))[: int(7000 / SAMPLE_RATE * 1024)] * 1.0013
    assert np.all(np.abs(20 * np.log10(magnitude)) < 1.0)


def test_a_first_reflection_is_where_geometry_puts_it():
    size, source, mic = (5.0, 4.0, 2.6), np.array([2.0, 2.0, 1.3]), np.array([3.0, 2.0, 1.3])
    places = a.images(size, source, 20.0)
    first = places.places[places.order == 1]
    expected = [(-2, 2, 1.3), (8, 2, 1.3), (2, -2, 1.3), (2, 6, 1.3), (2, 2, -1.3), (2, 2, 3.9)]
    assert {tuple(np.round(p, 6)) for p in first} == set(expected)
    assert len(mic) == 3


def test_a_talker_is_quieter_behind_than_ahead():
    size, source = (5.0, 4.0, 2.6), np.array([2.5, 2.0, 1.3])
    mics = np.array([[3.5, 2.0, 1.3], [1.5, 2.0, 1.3]])
    h = a.impulse_responses(size, 0.0, source, mics, facing=np.array([1.0, 0, 0]))
    ahead, behind = np.sqrt(np.sum(h**2, axis=1))
    assert behind / ahead == pytest.approx(0.2, rel=0.01)


def test_the_same_seed_gives_the_same_room():
    args = ((4.0, 3.0, 2.5), 0.3, np.array([1.0, 1, 1]), np.array([[2.0, 2, 1]]))
    assert np.array_equal(a.impulse_responses(*args, seed=3), a.impulse_responses(*args, seed=3))
    assert not np.array_equal(
        a.impulse_responses(*args, seed=3), a.impulse_responses(*args, seed=4)
    )


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 5 * HOP), st.integers(1, 3), st.integers(0, 2**16))
def test_streaming_convolution_equals_whole_convolution(length, channels, seed):
    rng = np.random.default_rng(seed)
    responses = rng.standard_normal((channels, length)).astype(np.float32)
    x = rng.standard_normal(8 * HOP).astype(np.float32)
    stream = a.StreamingConvolver(responses)
    out = [stream.process(x[i : i + HOP]).copy() for i in range(0, len(x), HOP)]
    whole = a.convolve(x, responses)[:, : len(x)]
    assert np.allclose(np.concatenate(out, axis=1), whole, atol=1e-3 * np.abs(whole).max())


def test_background_noise_has_its_level_and_is_alike_at_close_microphones_only_below():
    noise = a.background(np.array([[0.0, 0, 0], [0.06, 0, 0]]), 40.0, 8.0, seed=2)
    levels = 20 * np.log10(np.sqrt(np.mean(noise**2, axis=1))) + a.FULL_SCALE_SPL
    assert levels == pytest.approx([40.0, 40.0], abs=0.1)
    spectra = np.fft.rfft(noise, axis=1)
    frequency = np.fft.rfftfreq(noise.shape[1], 1 / SAMPLE_RATE)

    def coherence(low, high):
        one, two = spectra[:, (frequency > low) & (frequency < high)]
        cross = np.abs(np.vdot(one, two))
        return cross / np.sqrt(np.vdot(one, one).real * np.vdot(two, two).real)

    assert coherence(200, 500) > 0.7 > 0.3 > coherence(3000, 5000)
