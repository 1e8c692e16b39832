"""The beam lowers what the loudspeaker leaves and leaves people alone."""

from __future__ import annotations

import numpy as np

from assistant.audio.beam import Beam
from assistant.audio.format import HOP, SAMPLE_RATE
from tests.audio.sounds import hops, path, power_db, speech_like, through


def spectrum(cleaned: np.ndarray) -> np.ndarray:
    padded = np.zeros((len(cleaned), 2 * HOP), np.float32)
    padded[:, HOP:] = cleaned
    return np.fft.rfft(padded)


def from_loudspeaker(seed: int, duration_s: float) -> np.ndarray:
    """Return a residual from close by: louder and earlier at microphone 0."""
    x = speech_like(seed, duration_s, rms=0.01)
    return np.stack([through(x, path(1, delay=2)), 0.7 * through(x, path(2, delay=5))])


def taught(mics: np.ndarray) -> Beam:
    beam = Beam(len(mics))
    for hop in hops(mics):
        beam.learn(spectrum(hop))
        beam.process(hop, True)
    return beam


def run(beam: Beam, mics: np.ndarray, playing: bool) -> np.ndarray:
    return np.concatenate([beam.process(hop, playing).copy() for hop in hops(mics)])


def test_the_residual_gets_quieter_and_a_person_does_not():
    beam = taught(from_loudspeaker(3, 3.0))
    residual = from_loudspeaker(4, 2.0)
    person = np.stack([speech_like(5, 2.0)] * 2)
    late = slice(SAMPLE_RATE, None)
    assert power_db(run(beam, residual, True)[late]) < power_db(residual[0, late]) - 4
    assert abs(power_db(run(beam, person, True)[late]) - power_db(person[0, late])) < 1


def test_one_microphone_is_passed_on_as_it_is():
    x = speech_like(6, 0.5)[None]
    np.testing.assert_array_equal(run(Beam(1), x, True), x[0])
    assert Beam(1).latency == 0


def test_in_silence_microphone_0_comes_out_unharmed():
    beam = taught(from_loudspeaker(7, 2.0))
    person = np.stack([speech_like(8, 2.0), speech_like(9, 2.0)])
    out = run(beam, person, False)
    late = slice(SAMPLE_RATE, None)
    np.testing.assert_array_equal(out[beam.latency :][late], person[0, : -beam.latency][late])


def test_the_change_between_beam_and_microphone_does_not_click():
    beam = taught(from_loudspeaker(10, 2.0))
    tone = np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    mics = np.stack([tone, tone])[:, : SAMPLE_RATE // HOP * HOP]
    outs = [beam.process(hop, i % 20 < 10).copy() for i, hop in enumerate(hops(mics))]
    steps = np.abs(np.diff(np.concatenate(outs)[HOP:]))
    assert steps.max() < 1.5 * np.abs(np.diff(tone)).max()
