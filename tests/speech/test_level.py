from __future__ import annotations

import numpy as np
import pytest

from assistant.speech.level import Level

RNG = np.random.default_rng(2)
SPEECH = (np.sin(np.arange(16_000) * 0.1) * np.hanning(16_000)).astype(np.float32)


def pieces(level, x, size):
    return np.concatenate([level.adjust(x[i : i + size]) for i in range(0, len(x), size)])


@pytest.mark.parametrize("gain", [1.0, 0.1, 0.02])
@pytest.mark.parametrize("size", [256, 1600, 50_000])
def test_speech_of_any_level_comes_out_at_one(gain, size):
    out = pieces(Level(), np.concatenate((np.zeros(6000, np.float32), SPEECH * gain)), size)
    assert 0.2 < np.abs(out).max() < 0.35  # the ramp follows a piece late


def test_the_noise_before_the_speech_keeps_the_speechs_gain():
    noise = RNG.standard_normal(4000).astype(np.float32) * 1e-4
    out = pieces(Level(), np.concatenate((noise, SPEECH, noise)), 400)
    before, after = out[:3500], out[-3500:]
    assert np.std(before) == pytest.approx(np.std(after), rel=0.1)


def test_silence_is_dropped_and_counted():
    level = Level()
    out = pieces(level, np.concatenate((np.zeros(80_000, np.float32), SPEECH)), 1600)
    assert level.dropped > 70_000
    assert len(out) == 96_000 - level.dropped
    assert pieces(Level(), np.zeros(80_000, np.float32), 1600).size == 0


def test_somebody_who_talks_from_the_first_sample_is_not_held_for_long():
    steady = (0.1 * np.sin(np.arange(16_000) * 0.2)).astype(np.float32)
    assert len(pieces(Level(), steady[:8000], 800)) == 8000
