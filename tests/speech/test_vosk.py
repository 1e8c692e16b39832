from __future__ import annotations

import shutil
import struct

import numpy as np
import pytest

from assistant.errors import BadInput
from assistant.speech.espeak_ import EspeakVoice
from assistant.speech.vosk_ import HOUSEHOLD, VoskRecogniser, check_model

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


def with_names_inside(fst: bytes, words: str) -> bytes:
    """Return an OpenFst file that carries its words' names, as the published models' Gr.fst does.

    The symbol table follows the header, which says so in its flags (OpenFst's symbol-table.cc).
    """
    at = 4
    for _ in ("the FST's type", "the arcs' type"):
        at += 4 + struct.unpack_from("<i", fst, at)[0]
    head, rest = bytearray(fst[: at + 40]), fst[at + 40 :]
    struct.pack_into("<i", head, at + 4, 2)
    pairs = [line.split() for line in words.splitlines()]
    table = struct.pack("<ii", 2125658996, 5) + b"words" + struct.pack("<qq", *[len(pairs)] * 2)
    for word, key in pairs:
        table += struct.pack("<i", len(word.encode())) + word.encode() + struct.pack("<q", int(key))
    return bytes(head) + table + rest


def test_a_model_laid_out_like_the_published_ones_is_read(model):
    """They have no words.txt: Gr.fst names its words itself."""
    gr, words = model / "graph" / "Gr.fst", model / "graph" / "words.txt"
    named = with_names_inside(gr.read_bytes(), words.read_text("utf-8"))
    words.unlink()
    with pytest.raises(BadInput, match=r"graph/words\.txt is missing"):
        VoskRecogniser(model)
    gr.write_bytes(named)
    recogniser = VoskRecogniser(model)
    assert recogniser.lacks(["milk", "quinoa"]) == ("quinoa",)
    voice = EspeakVoice("en-us+f3")
    stream = recogniser.open()
    stream.feed(0.3 * voice.speak("add milk to my shopping list").samples)
    assert stream.finish().text == "add milk to my shopping list"
    stream.close()
    voice.close()
    recogniser.close()


def test_a_packed_language_model_may_be_smaller_than_its_arcs(model):
    """A Gr.fst of type "ngram" keeps its arcs in half the space of a plain one."""
    gr = model / "graph" / "Gr.fst"
    head = struct.pack("<ii5si8s", 2125659606, 5, b"ngram", 8, b"standard")
    header = head + struct.pack("<iiQqqq", 4, 2, 0, 0, 100, 300)
    gr.write_bytes(header + bytes(100 * 16))
    check_model(model)
    gr.write_bytes(header + bytes(300))
    with pytest.raises(BadInput, match="Gr.fst: cut off"):
        check_model(model)


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
