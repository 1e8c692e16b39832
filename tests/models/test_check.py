"""What is looked at before a model is put in place: the real files pass, foreign ones do not."""

from __future__ import annotations

import shutil

import pytest

from assistant.audio.onnx_ import file_in_wheel
from assistant.errors import BadInput
from assistant.models import fetch, registry
from assistant.models.check import check
from assistant.models.registry import File, Model
from assistant.models.shelf import PUBLISHED, Shelf
from tests.speech import tiny_piper

WORDS = [m for m in registry.read(registry.SHIPPED).values() if m.kind == "openwakeword"]


def wheel(name: str):
    return file_in_wheel("openwakeword", f"resources/models/{name}")


@pytest.mark.parametrize("model", WORDS, ids=lambda model: model.name)
def test_the_real_wake_words_are_installed_from_a_folder(tmp_path, model):
    shelf = Shelf(tmp_path / "models")
    (found,) = fetch.search(wheel(model.files[0].name).parent, [model], shelf.work)
    fetch.from_folder(shelf, found)
    assert shelf.installed(model, thorough=True).verified == PUBLISHED


@pytest.mark.parametrize("foreign", ["embedding_model.onnx", "timer_v0.1.onnx", "alexa, cut off"])
def test_what_is_no_wake_word_is_refused_by_name(tmp_path, foreign):
    path = tmp_path / "mine.onnx"
    shutil.copy(wheel("alexa_v0.1.onnx" if "cut" in foreign else foreign), path)
    if "cut" in foreign:
        path.write_bytes(path.read_bytes()[:9000])
    model = Model("mine", "openwakeword", "en", "", "", (File("http://localhost/mine.onnx"),))
    with pytest.raises(BadInput, match=r"mine\.onnx: not "):
        check(model, tmp_path)


def test_a_voice_needs_both_files_and_to_be_one(tmp_path):
    pytest.importorskip("onnx", reason="building a Piper voice needs the onnx package")
    path = tiny_piper.build(tmp_path)
    files = tuple(File(f"http://localhost/tiny.onnx{end}") for end in ("", ".json"))
    model = Model("tiny", "piper", "en", "", "", files)
    check(model, tmp_path)
    shutil.copy(wheel("alexa_v0.1.onnx"), path)
    with pytest.raises(BadInput, match=r"tiny\.onnx: a model, but not a Piper voice"):
        check(model, tmp_path)
    (tmp_path / "tiny.onnx.json").unlink()
    with pytest.raises(BadInput, match=r"tiny\.onnx\.json: no such file"):
        check(model, tmp_path)
