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


def test_the_look_towards_a_talker_hears_it_clearest_of_the_echo():
    """Four looks, a loudspeaker on one side and a talker on another: best is the one that aims."""
    positions = np.array([[-0.03, -0.03], [0.03, -0.03], [0.03, 0.03], [-0.03, 0.03]])
    echo, talker = (
        _from_afar(degrees, positions, seed) for degrees, seed in ((200.0, 1), (0.0, 2))
    )
    gains = []
    for sound in (echo, talker):
        beam, out = Beam(4, positions), []
        for start in range(0, 200 * HOP, HOP):
            padded = np.concatenate([np.zeros((4, HOP)), echo[:, start : start + HOP]], axis=1)
            beam.learn(np.fft.rfft(padded).astype(np.complex64))
        for start in range(0, 60 * HOP, HOP):
            beam.process(sound[:, start : start + HOP].astype(np.float32), True)
            out.append(beam.looks.copy())
        late = np.concatenate(out[10:], axis=1)
        gains.append(10 * np.log10(np.mean(late**2, axis=1) / np.mean(sound**2)))
    ratio = gains[1] - gains[0]
    assert int(np.argmax(ratio)) == 0 and ratio[0] > 10


def _from_afar(degrees: float, positions: np.ndarray, seed: int) -> np.ndarray:
    x = 0.1 * np.random.default_rng(seed).normal(size=200 * HOP)
    way = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]) * np.cos(0.26)
    hertz = np.fft.rfftfreq(len(x), 1 / 16_000)
    early = positions @ way / 343.0
    return np.fft.irfft(np.fft.rfft(x) * np.exp(2j * np.pi * hertz * early[:, None]), len(x))
