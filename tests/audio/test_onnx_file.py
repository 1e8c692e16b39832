"""The ONNX files written by hand: onnxruntime and the onnx package read them."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import protobuf
from assistant.audio.openwakeword_ import EMBEDDINGS, FEATURES, Models
from assistant.audio.wake import WakeWord
from assistant.teach.corpus import Windows
from assistant.teach.head import Head, train


def windows(rng: np.random.Generator, middle: float, count: int = 60) -> Windows:
    rows = rng.normal(middle, 1.0, (count * EMBEDDINGS, FEATURES)).astype(np.float32)
    ends = np.arange(count) * EMBEDDINGS + EMBEDDINGS - 1
    return Windows(rows, ends, np.ones(count, np.float32), np.arange(count))


@pytest.fixture(scope="module")
def head() -> tuple[Head, Windows, Windows]:
    rng = np.random.default_rng(1)
    word, others = windows(rng, 0.4), windows(rng, -0.4)
    return train(word, others, steps=30, networks=2), word, others


def test_training_tells_two_clouds_apart(head):
    trained, word, others = head
    assert trained.logits(word).min() > trained.logits(others).max()


def test_training_is_repeatable(head):
    trained, word, others = head
    again = train(word, others, steps=30, networks=2)
    assert np.array_equal(again.logits(word), trained.logits(word))


def test_onnxruntime_computes_what_numpy_did(head):
    trained, word, _ = head
    session = onnxruntime.InferenceSession(trained.to_onnx(-0.7))
    x = word.take(np.arange(20))
    got = [session.run(None, {"embeddings": one[None]})[0].item() for one in x]
    wanted = 1 / (1 + np.exp(-(trained.logits(word)[:20] - 0.7)))
    assert np.allclose(got, wanted, atol=1e-5)


def test_the_onnx_package_finds_no_fault(head):
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(head[0].to_onnx(0.0, "a note"))
    onnx.checker.check_model(model, full_check=True)
    assert model.doc_string == "a note"


def test_the_run_path_loads_it_as_a_word(head, tmp_path):
    path = tmp_path / "hey_pumpkin.onnx"
    path.write_bytes(head[0].to_onnx(0.0))
    word = WakeWord(str(path))
    assert word.word == "hey_pumpkin"
    x = head[1].take(np.arange(1))
    assert 0.0 <= Models(str(path)).score(x) <= 1.0


@given(st.integers(-(2**63), 2**63 - 1))
def test_numbers_are_written_as_protocol_buffers_have_them(value):
    data = protobuf._varint(value)
    assert all(byte & 0x80 for byte in data[:-1]) and not data[-1] & 0x80
    back = sum((byte & 0x7F) << (7 * i) for i, byte in enumerate(data))
    assert (back - 2**64 if back >= 2**63 else back) == value
