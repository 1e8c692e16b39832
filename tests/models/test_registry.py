"""The registry: the shipped one is sound, an owner's is read or refused with a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.onnx_ import file_in_wheel
from assistant.errors import BadInput
from assistant.models import disk, registry
from assistant.settings import Settings, with_overrides

SHIPPED = registry.read(registry.SHIPPED)


def test_the_shipped_registry_names_what_the_speaker_needs():
    assert {m.language for m in SHIPPED.values() if m.kind == "vosk"} == {"en", "de", "es", "fr"}
    assert {m.language for m in SHIPPED.values() if m.kind == "piper"} == {"en", "de", "es", "fr"}
    for kind in ("vosk", "piper"):
        languages = [m.language for m in SHIPPED.values() if m.kind == kind and m.default]
        assert sorted(languages) == ["de", "en", "es", "fr"]
    for model in SHIPPED.values():
        assert all(file.url.startswith("https://") for file in model.files)
        if model.kind == "piper":
            name = f"{model.name}.onnx"
            assert [file.name for file in model.files] == [name, f"{name}.json"]
        else:
            assert all(file.algorithm == "sha256" and file.size for file in model.files)


def test_the_wake_words_are_those_of_the_package():
    for model in SHIPPED.values():
        if model.kind == "openwakeword":
            (file,) = model.files
            path = file_in_wheel("openwakeword", f"resources/models/{file.name}")
            assert path.stat().st_size == file.size
            assert disk.digest_of(path) == file.digest


def needed(**speech) -> list[str]:
    keys = {f"speech.{key}": value for key, value in speech.items()}
    return [m.name for m in registry.needed(with_overrides(Settings(), keys), SHIPPED.values())]


def test_the_settings_decide_what_is_needed():
    vosk, voice = "vosk-model-small-en-us-0.15", "en_US-lessac-medium"
    assert needed() == [vosk, voice]
    assert needed(voice="espeak:en-gb") == [vosk]
    assert needed(recogniser="pocketsphinx", voice="piper:en_GB-alan-medium") == [
        "en_GB-alan-medium"
    ]
    assert needed(vosk_model="/my/model", voice="piper:/my/voice.onnx") == []


def test_the_folder_is_the_settings_the_services_or_the_owners(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "SERVICE", tmp_path / "service")
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert registry.folder(Settings()) == tmp_path / "data" / "assistant" / "models"
    (tmp_path / "service").mkdir()
    assert registry.folder(Settings()) == tmp_path / "service"
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}/state:{tmp_path}/other")
    assert registry.folder(Settings()) == tmp_path / "state" / "models"
    mine = with_overrides(Settings(), {"models.path": str(tmp_path / "usb")})
    assert registry.folder(mine) == tmp_path / "usb"


GOOD = """[[model]]
name = "mine"
kind = "piper"
language = "en"
about = "my voice"
licence = "CC0"
[[model.file]]
url = "http://example.org/mine.onnx"
"""


def test_an_owners_file_adds_and_replaces(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD + GOOD.replace('"mine"', '"en_US-lessac-low"'))
    models = registry.known(with_overrides(Settings(), {"models.registry": str(path)}))
    assert set(models) == {*SHIPPED, "mine"}
    assert models["en_US-lessac-low"].about == "my voice"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('name = "mine"', 'name = "../mine"'), "is not a name"),
        (('name = "mine"', ""), "has no name"),
        (('kind = "piper"', 'kind = "pipre"'), 'did you mean "piper"'),
        (('licence = "CC0"', "licence = 0"), "licence is not a text"),
        (('licence = "CC0"', 'licence = "CC0"\nlicense = "x"'), 'no "license"'),
        (("http://example.org", "file:///etc"), "a url is not"),
        (("mine.onnx", ""), "a url is not"),
        (("mine.onnx", "%2e%2e"), "a url is not"),
        (('onnx"', 'onnx"\nsize = -1'), "size of mine.onnx"),
        (('onnx"', 'onnx"\nsha256 = "abc"'), "sha256 of mine.onnx"),
        (("[[model.file]]\nurl", "url"), 'no "url"'),
    ],
)
def test_a_wrong_entry_is_refused_naming_file_and_model(tmp_path, change, says):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(*change))
    with pytest.raises(BadInput, match=says) as refused:
        registry.read(path)
    assert str(path) in str(refused.value)


@given(st.text(max_size=60), st.integers(0, 12))
def test_any_file_is_read_or_refused_with_a_sentence(tmp_path_factory, text, line):
    lines = GOOD.splitlines()
    lines[line : line + 1] = [text]
    path = tmp_path_factory.mktemp("registry") / "r.toml"
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    try:
        registry.read(path)
    except BadInput as refused:
        assert "\n" not in str(refused.where)
