"""The distorted versions of a sound are where the sound is, and fold nothing back."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.distortion import DELAY, NAMES, Bends
from assistant.audio.format import HOP, SAMPLE_RATE


def bent(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sound (n,) and its shapes (k, n), both as late as they come, nothing learnt."""
    bends, sound, shapes = Bends(), [], []
    for hop in x.astype(np.float32).reshape(-1, HOP):
        bends.push(hop, 0.0)
        sound.append(bends.sound.copy())
        shapes.append(bends.shapes.copy())
    return np.concatenate(sound), np.concatenate(shapes, axis=1)


def sine(hertz: float, hops: int = 40) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz / SAMPLE_RATE * np.arange(hops * HOP))


def test_the_sound_comes_late_and_unharmed():
    x = np.random.default_rng(1).normal(scale=0.1, size=20 * HOP).astype(np.float32)
    np.testing.assert_array_equal(bent(x)[0][DELAY:], x[:-DELAY])


@pytest.mark.parametrize("name, curve", [
    ("x^2", lambda u: u * u),
    ("x|x|", lambda u: u * np.abs(u)),
    ("soft clip", lambda u: np.tanh(1.5 * u)),
])  # fmt: skip
def test_what_is_slow_is_bent_as_if_there_were_no_samples(name, curve):
    sound, shapes = bent(sine(300.0))
    wanted = 0.2 * curve(sound / 0.2)
    got = shapes[NAMES.index(name)]
    np.testing.assert_allclose(got[HOP:], wanted[HOP:], atol=0.01 * np.abs(wanted).max())


@pytest.mark.parametrize("name", ["x|x|", "x|d|", "soft clip", "x d2^2", "beyond 0.1"])
def test_a_harmonic_beyond_what_a_microphone_hears_does_not_come_back(name):
    """The third of 3.5 kHz would come back at 5.5 kHz, as loud as it is."""
    shape = bent(sine(3500.0))[1][NAMES.index(name), -16 * HOP :]
    spectrum = np.abs(np.fft.rfft(shape * np.hanning(shape.size)))
    f = np.fft.rfftfreq(shape.size, 1 / SAMPLE_RATE)
    folded = spectrum[np.abs(f - 5500) < 30].max()
    assert 20 * np.log10(folded / spectrum.max()) < -35
