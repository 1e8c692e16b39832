"""The household verifier: what it lets through, and what it refuses to load."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.ears import Ears
from assistant.audio.files import read_audio
from assistant.audio.format import HOP
from assistant.audio.openwakeword_ import EMBEDDINGS, FEATURES
from assistant.audio.verifier import CLEAR, Verifier
from assistant.errors import BadInput
from assistant.settings import Settings, with_overrides
from tests.data import shared


@pytest.fixture
def verifier(tmp_path):
    def write(bias: float, spare: float = 1.0, word: str = "alexa", shape=(EMBEDDINGS, FEATURES)):
        path = tmp_path / "us.npz"
        np.savez(path, word=word, weights=np.full(shape, 1e-3), bias=bias, spare=spare)
        return path

    return write


def test_an_unsure_hit_needs_the_household_and_a_clear_one_only_some_of_it(verifier):
    judge = Verifier(verifier(-0.5, spare=1.0), "alexa")
    quiet = np.zeros((1, EMBEDDINGS, FEATURES), np.float32)
    assert judge.value(quiet) == pytest.approx(-0.5)
    assert not judge.accepts(quiet, 0.6)
    assert judge.accepts(quiet, CLEAR)
    assert not judge.accepts(quiet - 1.0, CLEAR)
    assert judge.accepts(quiet + 1.0, 0.6)


def test_other_files_are_refused_by_name(verifier, tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        Verifier(tmp_path / "none.npz", "alexa")
    with pytest.raises(BadInput, match='made for the word "alexa"'):
        Verifier(verifier(0.0), "hey_jarvis")
    with pytest.raises(BadInput, match="not a household verifier"):
        Verifier(verifier(0.0, shape=(3, FEATURES)), "alexa")
    for data in (b"", b"PK\3\4 half a file", b"text"):
        (tmp_path / "us.npz").write_bytes(data)
        with pytest.raises(BadInput, match="not a household verifier"):
            Verifier(tmp_path / "us.npz", "alexa")


def hits(settings: Settings) -> int:
    ears, silence = Ears(1, settings), np.zeros(HOP, np.float32)
    sound = np.pad(read_audio(shared("wake_other/alexa_1.flac")), (16_000, 16_000))
    hops = sound[: len(sound) // HOP * HOP].reshape(-1, 1, HOP)
    return sum(ears.hear(hop, silence, playing=False).hit is not None for hop in hops)


@pytest.mark.parametrize(("bias", "expected"), [(1e6, 1), (-1e6, 0)])
def test_the_ears_ask_it(verifier, bias, expected):
    with_word = with_overrides(Settings(), {"wake.word": "alexa"})
    assert hits(with_word) == 1
    asked = with_overrides(with_word, {"wake.verifier": str(verifier(bias))})
    assert hits(asked) == expected
