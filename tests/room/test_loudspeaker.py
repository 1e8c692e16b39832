"""The loudspeaker distorts as much as it is told to, and lets no bass through."""

import numpy as np
import pytest

from assistant.audio.format import SAMPLE_RATE, gain
from assistant.room.loudspeaker import CREST_DB, NOMINAL_DBFS, Loudspeaker, bass_cut

PEAK = gain(NOMINAL_DBFS + CREST_DB)


def harmonics(loudspeaker, amplitude):
    """Return the amplitudes of the first ten harmonics of a 500 Hz sine."""
    n = SAMPLE_RATE
    sine = (amplitude * np.sin(2 * np.pi * 500 * np.arange(n) / n)).astype(np.float32)
    return np.abs(np.fft.rfft(loudspeaker.process(sine)))[500:5500:500] / (n / 2)


@pytest.mark.parametrize("wanted", [0.005, 0.03, 0.1])
def test_distortion_at_the_peaks_of_speech_is_the_one_asked_for(wanted):
    lines = harmonics(Loudspeaker(wanted), PEAK)
    assert np.linalg.norm(lines[1:]) / lines[0] == pytest.approx(wanted, rel=0.03)


def test_quiet_sound_is_cleaner_and_loud_sound_worse():
    loudspeaker = Loudspeaker(0.03)
    ratios = []
    for level in (0.2, 1.0, 1.7):
        lines = harmonics(loudspeaker, level * PEAK)
        ratios.append(np.linalg.norm(lines[1:]) / lines[0])
    assert ratios[0] < 0.5 * ratios[1] < ratios[1] < 0.7 * ratios[2]


def test_without_distortion_nothing_changes():
    x = np.linspace(-1, 1, 256, dtype=np.float32)
    assert np.array_equal(Loudspeaker(0.0).process(x), x)


def test_hops_of_any_length_give_the_same():
    x = np.random.default_rng(0).uniform(-1, 1, 512).astype(np.float32)
    whole, loudspeaker = Loudspeaker(0.05).process(x), Loudspeaker(0.05)
    parts = np.concatenate([loudspeaker.process(x[:100]), loudspeaker.process(x[100:])])
    assert np.array_equal(whole, parts)


def test_bass_is_cut():
    response = np.abs(np.fft.rfft(bass_cut(), SAMPLE_RATE))
    decibels = 20 * np.log10(response[[30, 120, 1000]])
    assert decibels[0] < -20 and decibels[1] == pytest.approx(-3.0, abs=0.3)
    assert decibels[2] == pytest.approx(0.0, abs=0.1)
