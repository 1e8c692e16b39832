"""One setting is changed and the owner's file stays the owner's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import BadInput
from assistant.settings import Settings, load, to_toml
from assistant.settings_file import changed, use

OWN = """# our kitchen
[volume]
level = 0.5  # not too loud

[wake]  # what it is called
word = "alexa"  # for now
threshold = 0.5

[store]
path = "x.db"
"""


def test_comments_and_order_stay(tmp_path):
    path = tmp_path / "assistant.toml"
    path.write_text(OWN)
    use(path, "wake", "word", "/srv/words/hey_pumpkin.onnx")
    assert path.read_text() == OWN.replace('"alexa"', '"/srv/words/hey_pumpkin.onnx"')
    use(path, "wake", "verifier", "us.npz")
    settings = load(path)
    assert settings.wake.word.endswith("hey_pumpkin.onnx")
    assert settings.wake.verifier == "us.npz" and settings.wake.threshold == 0.5
    assert "# not too loud" in path.read_text()


def test_a_file_is_made_where_there_is_none(tmp_path):
    path = tmp_path / "new" / "assistant.toml"
    use(path, "wake", "word", "hey_mycroft")
    assert load(path).wake.word == "hey_mycroft"
    assert [p.name for p in path.parent.iterdir()] == ["assistant.toml"]


def test_a_full_file_with_comments_is_changed_in_its_section(tmp_path):
    path = tmp_path / "assistant.toml"
    path.write_text(to_toml(Settings()))
    use(path, "wake", "word", "alexa")
    assert load(path).wake.word == "alexa"
    assert load(path).bargein == Settings().bargein


def test_a_broken_file_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "assistant.toml"
    path.write_text("[wake\nword = 1")
    with pytest.raises(BadInput, match="is not TOML"):
        use(path, "wake", "word", "alexa")
    assert path.read_text() == "[wake\nword = 1"


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=30))
def test_any_text_survives(value):
    import tomllib

    assert tomllib.loads(changed(OWN, "wake", "word", value))["wake"]["word"] == value
    assert tomllib.loads(changed("", "wake", "word", value))["wake"]["word"] == value
