from __future__ import annotations

import shutil

import numpy as np
import pytest

from assistant.errors import BadInput
from assistant.speech.espeak_ import EspeakVoice
from assistant.speech.vosk_ import HOUSEHOLD, VoskRecogniser

FILES = sorted(str(p.relative_to(HOUSEHOLD)) for p in HOUSEHOLD.rglob("*") if p.is_file())
NEEDED = [f for f in FILES if "phones" not in f]


@pytest.fixture
def model(tmp_path):
    """Return a copy of the household model that a test may damage."""
    return shutil.copytree(HOUSEHOLD, tmp_path / "vosk-broken")


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("damage", ["missing", "empty", "junk"])
def test_an_incomplete_model_is_refused_by_name(model, name, damage):
    path = model / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(b"" if damage == "empty" else b"hello world\n" * 50)
    with pytest.raises(BadInput, match="vosk-broken"):
        VoskRecogniser(model)


@pytest.mark.parametrize("name", ["am/final.mdl", "graph/HCLr.fst", "graph/Gr.fst"])
def test_a_cut_off_model_is_refused_by_name(model, name):
    path = model / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadInput, match="vosk-broken"):
        VoskRecogniser(model)


def test_a_folder_that_is_no_model_is_refused_by_name(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BadInput, match=str(folder)):
            VoskRecogniser(folder)


def test_sentences_make_a_grammar():
    voice, recogniser = EspeakVoice("en-us+f3"), VoskRecogniser(HOUSEHOLD, sentences=["stop"])
    heard = {}
    for text in ("stop", "what time is it"):
        stream = recogniser.open()
        stream.feed(np.concatenate((voice.speak(text).samples, np.zeros(8000, np.float32))))
        heard[text] = stream.finish().text
    voice.close()
    recogniser.close()
    assert heard["stop"] == "stop"
    assert "[unk]" in heard["what time is it"]


def test_it_tells_which_words_it_cannot_hear():
    recogniser = VoskRecogniser(HOUSEHOLD)
    assert recogniser.lacks(["milk", "teriyaki", "bread", "quinoa"]) == ("quinoa", "teriyaki")
    recogniser.close()


def test_a_stream_may_outlive_its_recogniser():
    recogniser = VoskRecogniser(HOUSEHOLD)
    stream = recogniser.open()
    recogniser.close()
    assert stream.feed(np.zeros(8000, np.float32)) == ""
    assert stream.finish().text == ""
