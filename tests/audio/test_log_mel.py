"""The spectrogram by FFT gives what openWakeWord's own network gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.audio import openwakeword_
from assistant.audio.log_mel import LogMel
from assistant.audio.onnx_ import file_in_wheel
from assistant.audio.onnx_file import Node, constants, model
from assistant.audio.openwakeword_ import CHUNK, MELS, OVERLAP, STEP, Models


def network() -> bytes:
    return file_in_wheel("openwakeword", "resources/models/melspectrogram.onnx").read_bytes()


@pytest.fixture(scope="module")
def log_mel() -> LogMel:
    found = LogMel.of(network())
    assert found is not None
    return found


def exactly(sound: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the frames as powers, in double precision, and the power in all of the loudest."""
    window = np.pad(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400), 56)
    frames = np.stack([sound[160 * k :][:512] for k in range(STEP)])
    spectra = np.abs(np.fft.rfft(frames.astype(float) * window)) ** 2
    powers = np.maximum(spectra @ constants(network())["1.melW"].astype(float), 1e-10)
    return np.maximum(powers, 1e-8 * powers.max()), float(spectra.sum(axis=1).max())


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["noise", "click", "tone", "silence", "slope"]),
    st.floats(0.0, 32768.0),
    st.integers(0, 2**32 - 1),
)
def test_it_gives_what_the_network_gives(kind, amplitude, seed):
    random, n = np.random.default_rng(seed), OVERLAP + CHUNK
    wave = {
        "noise": random.standard_normal(n),
        "click": np.eye(1, n, int(random.integers(n)))[0],
        "tone": np.sin(np.arange(n) * random.uniform(0.0, np.pi)),
        "silence": np.zeros(n),
        "slope": np.cumsum(random.standard_normal(n)) / 40,
    }[kind]
    sound = (amplitude * wave).astype(np.float32)[None]
    frames, theirs = LogMel.of(network())(sound)[0], openwakeword_._slow_mel(sound)[0]
    assert frames.shape == (STEP, MELS) and frames.dtype == np.float32
    powers, loudest = exactly(sound[0])
    for found in (frames, theirs):  # what a tone leaves of a far band is either's rounding
        assert np.allclose(10 ** (found / 10), powers, rtol=1e-4, atol=1e-11 * loudest)


def test_every_length_of_sound_is_welcome(log_mel):
    sound = np.random.default_rng(1).normal(0, 300, (1, 16_000)).astype(np.float32)
    assert np.allclose(log_mel(sound), openwakeword_._slow_mel(sound), atol=1e-3)


def test_a_loud_sound_does_not_cut_a_soft_one_off(log_mel):
    random = np.random.default_rng(4)
    sounds = random.normal(0, 1, (2, OVERLAP + CHUNK)).astype(np.float32)
    sounds[1] *= 30_000
    alone = np.concatenate([log_mel(sound[None]) for sound in sounds])
    assert np.allclose(log_mel(sounds), alone, atol=1e-3)


def test_another_network_is_run_instead(monkeypatch):
    window, bands = np.ones((9, 1, 16), np.float32), np.ones((9, 4), np.float32)
    names = {"0.stft.conv_real.weight": window, "0.stft.conv_imag.weight": window}
    other = model(
        [Node("Relu", ("x",), "y")], {**names, "1.melW": bands}, ("x", (1, 4)), ("y", (1, 4))
    )
    assert LogMel.of(other) is None  # no Fourier transform
    assert LogMel.of(model([Node("Relu", ("x",), "y")], {}, ("x", (1,)), ("y", (1,)))) is None
    assert LogMel.of(b"not an ONNX file") is None
    monkeypatch.setattr(openwakeword_, "_log_mel", lambda: None)
    sound = np.random.default_rng(2).normal(0, 300, (1, OVERLAP + CHUNK)).astype(np.float32)
    slow = Models("alexa").mel(sound)
    monkeypatch.undo()
    assert np.allclose(slow, Models("alexa").mel(sound), atol=1e-4)
