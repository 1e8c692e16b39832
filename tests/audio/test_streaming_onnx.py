"""Frame by frame the network says, to the bit, what it says of whole windows."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio import openwakeword_
from assistant.audio.onnx_ import file_in_wheel
from assistant.audio.onnx_file import Node, model
from assistant.audio.openwakeword_ import FEATURES, FRAMES, MELS, STEP, Embedder, Models
from assistant.audio.streaming_onnx import streamed


def embedding_file() -> bytes:
    return file_in_wheel("openwakeword", "resources/models/embedding_model.onnx").read_bytes()


@pytest.fixture(scope="module")
def models() -> Models:
    return Models("hey_jarvis")


def spectrogram(chunks: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(3, 2, (chunks * STEP, MELS)).astype(np.float32)


def parts(mel: np.ndarray) -> np.ndarray:
    """Return a spectrogram in the pieces an embedder takes, (n, 1, STEP, MELS)."""
    return mel.reshape(-1, 1, STEP, MELS)


def windows(models: Models, mel: np.ndarray) -> np.ndarray:
    """Return the embedding of the last window after each chunk, ones before the first frame."""
    padded = np.concatenate([np.ones((FRAMES, MELS), np.float32), mel])
    ends = range(FRAMES + STEP, len(padded) + 1, STEP)
    return np.stack([models.embed(padded[None, end - FRAMES : end, :, None]) for end in ends])


def test_an_embedder_says_what_whole_windows_say_from_the_first_frame_on(models):
    mel, embedder = spectrogram(40), Embedder(models)
    came = np.concatenate([embedder.push(part) for part in parts(mel)])
    assert came.shape == (40, FEATURES)
    assert np.array_equal(came, windows(models, mel))


def test_two_embedders_do_not_disturb_each_other_and_reset_forgets(models):
    one, other, mel = Embedder(models), Embedder(models), spectrogram(12, 5)
    for part, noise in zip(parts(mel), parts(spectrogram(12, 6)), strict=True):
        last = one.push(part)
        other.push(noise)
    other.forget(0)
    for part in parts(mel):
        again = other.push(part)
    assert np.array_equal(last, again)


@pytest.mark.parametrize("streaming", [True, False])
def test_sounds_that_are_embedded_together_are_what_each_is_alone(models, monkeypatch, streaming):
    if not streaming:
        monkeypatch.setattr(openwakeword_, "_streaming", lambda: None)
    mels = [parts(spectrogram(14, seed)) for seed in range(3)]
    alone = [Embedder(models) for _ in mels]
    together = Embedder(models, len(mels))
    for step, pieces in enumerate(zip(*mels, strict=True)):
        count = 1 if step in (4, 5) else len(mels)  # the others stand still meanwhile
        if step == 9:
            alone[1].forget(0)
            together.forget(1)
        came = together.push(np.concatenate(pieces[:count]))
        assert came.shape == (count, FEATURES)
        for k in range(count):
            assert np.allclose(came[k], alone[k].push(pieces[k])[0], rtol=1e-4, atol=1e-4)


def test_a_file_of_another_kind_is_asked_about_whole_windows(models, monkeypatch):
    monkeypatch.setattr(openwakeword_, "_streaming", lambda: None)
    mel, embedder = spectrogram(12), Embedder(models)
    came = np.concatenate([embedder.push(part) for part in parts(mel)])
    assert np.array_equal(came, windows(models, mel))
    embedder.forget(0)
    assert np.array_equal(embedder.push(mel[None, :STEP])[0], came[0])


def test_what_is_no_chain_of_convolutions_is_refused():
    other = model((Node("Relu", ("x",), "y"),), {}, ("x", (1, 4)), ("y", (1, 4)))
    assert streamed(other, FRAMES, STEP, MELS) is None
    assert streamed(embedding_file(), FRAMES + 1, STEP, MELS) is None


@pytest.mark.parametrize("cut", [0, 1, 7, 1000, 200_000])
def test_a_file_that_is_cut_off_is_refused(cut):
    assert streamed(embedding_file()[:cut], FRAMES, STEP, MELS) is None
