from __future__ import annotations

import shutil

import pytest

from assistant.errors import BadInput
from assistant.models.shelf import Shelf
from assistant.settings import Speech
from assistant.speech.engines import (
    introduction,
    open_recogniser,
    open_voice,
    piper_model,
    vosk_folder,
)
from assistant.speech.vosk_ import HOUSEHOLD
from assistant.store import Store
from tests.models import things
from tests.speech import tiny_piper
from tests.speech.sentences import GRAMMAR


def recogniser(models, **keys):
    opened, sentence = open_recogniser(Speech(**keys), GRAMMAR, ["milk", "quinoa"], models)
    opened.close()
    return opened.name, sentence


def voice(models, **keys):
    opened, sentence = open_voice(Speech(**keys), models)
    opened.close()
    return opened.name, sentence


def test_auto_is_honest_about_the_embedded_engines(tmp_path):
    name, sentence = recogniser(tmp_path)
    assert name == "pocketsphinx en-us" and "No Vosk model is installed" in sentence
    name, sentence = voice(tmp_path)
    assert name == "espeak-ng en-us" and "No Piper voice is installed" in sentence


def test_auto_takes_the_models_that_are_installed(tmp_path):
    shutil.copytree(HOUSEHOLD, tmp_path / "vosk-model-small")
    name, sentence = recogniser(tmp_path)
    assert (
        name == "vosk vosk-model-small" and "cannot hear 1 of the skills' words: quinoa" in sentence
    )
    pytest.importorskip("onnx", reason="building a Piper voice needs the onnx package")
    tiny_piper.build(tmp_path)
    assert voice(tmp_path) == ("piper tiny", "Speaking with Piper, voice tiny.")


def test_auto_goes_on_without_a_broken_model_and_says_so(tmp_path):
    (tmp_path / "vosk-model-small").mkdir()
    (tmp_path / "en.onnx").write_bytes(b"")
    (tmp_path / "en.onnx.json").write_text("{}")
    name, sentence = recogniser(tmp_path)
    assert name == "pocketsphinx en-us" and "am/final.mdl is missing" in sentence
    name, sentence = voice(tmp_path)
    assert name == "espeak-ng en-us" and "no key 'audio'" in sentence


def test_of_several_models_that_of_the_language_goes_first(tmp_path):
    names = ("vosk-model-small-de-0.15", "vosk-model-small-en-us-0.15", "vosk-mine")
    for name in names:
        (tmp_path / name).mkdir()
    assert vosk_folder(Speech(), tmp_path).name == "vosk-model-small-en-us-0.15"
    assert vosk_folder(Speech(vosk_model="vosk-mine"), tmp_path) == tmp_path / "vosk-mine"
    for name in ("de_DE-thorsten-medium", ".fetch", "mine", "en_GB-alan-medium"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.onnx").touch()
        (tmp_path / name / f"{name}.onnx.json").touch()
    assert piper_model(tmp_path).stem == "en_GB-alan-medium"
    assert piper_model(tmp_path, "de").stem == "de_DE-thorsten-medium"
    assert piper_model(tmp_path, "fr").stem == "mine"
    assert piper_model(tmp_path / "none") is None


def test_a_damaged_model_is_never_loaded(tmp_path):
    shelf = Shelf(tmp_path)
    model = things.vosk(things.published("http://localhost/x.zip", b""))
    path = shelf.install(model, lambda new: shutil.copytree(HOUSEHOLD, new, dirs_exist_ok=True),
                         "published", {})  # fmt: skip
    assert recogniser(tmp_path)[0] == f"vosk {things.NAME}"
    words = path / "graph" / "words.txt"
    words.write_bytes(words.read_bytes().replace(b"milk", b"milc"))
    name, sentence = recogniser(tmp_path)
    assert name == "pocketsphinx en-us" and "graph/words.txt is damaged; repair it" in sentence
    with pytest.raises(BadInput, match=f"assistant models fetch {things.NAME}"):
        recogniser(tmp_path, recogniser="vosk")


def test_what_was_asked_for_is_opened(tmp_path):
    assert recogniser(tmp_path, recogniser="vosk-household")[0] == "vosk household"
    assert recogniser(tmp_path, recogniser="pocketsphinx")[0] == "pocketsphinx en-us"
    assert voice(tmp_path, voice="espeak:en-gb+m2")[0] == "espeak-ng en-gb+m2"


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"recogniser": "vosk"}, "no Vosk model"),
        ({"recogniser": "auto", "vosk_model": "/nowhere"}, "/nowhere: no such folder"),
        ({"recogniser": "whispr"}, "unknown engine"),
    ],
)
def test_a_recogniser_that_is_not_there_is_refused_by_name(tmp_path, keys, says):
    with pytest.raises(BadInput, match=says):
        recogniser(tmp_path, **keys)


@pytest.mark.parametrize(
    ("setting", "says"),
    [("piper:/nowhere.onnx", "/nowhere.onnx: no such"), ("flite", "unknown voice")],
)
def test_a_voice_that_is_not_there_is_refused_by_name(tmp_path, setting, says):
    with pytest.raises(BadInput, match=says):
        voice(tmp_path, voice=setting)


def test_the_first_sentence_names_the_embedded_engines_once(tmp_path):
    store = Store(tmp_path / "store.db")
    spoken, _ = open_voice(Speech(), tmp_path)
    heard, _ = open_recogniser(Speech(recogniser="pocketsphinx"), GRAMMAR)
    said = introduction(heard, spoken, store)
    assert said.startswith("Hello.")
    assert "PocketSphinx" in said and "e speak" in said and "assistant models fetch" in said
    assert introduction(heard, spoken, store) == ""
    heard.close()
    heard, _ = open_recogniser(Speech(recogniser="vosk-household"), GRAMMAR)
    assert "synthetic voices" in introduction(heard, spoken, store)
    heard.close()
    spoken.close()
    store.close()


def test_real_models_need_no_introduction(tmp_path):
    pytest.importorskip("onnx", reason="building a Piper voice needs the onnx package")
    shutil.copytree(HOUSEHOLD, tmp_path / "vosk-model-small")
    tiny_piper.build(tmp_path)
    store = Store(tmp_path / "store.db")
    spoken, _ = open_voice(Speech(), tmp_path)
    heard, _ = open_recogniser(Speech(), GRAMMAR, models=tmp_path)
    assert introduction(heard, spoken, store) == ""
    heard.close()
    spoken.close()
    store.close()
