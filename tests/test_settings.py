"""Settings: files, overrides, and everything wrong that can be written into them."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assistant.errors import BadInput
from assistant.settings import Settings, describe, load, read_toml, to_toml, with_overrides

ROWS = {row.key: row for row in describe()}


def declared(key: str) -> dataclasses.Field:
    section, name = key.split(".")
    fields = dataclasses.fields(getattr(Settings(), section))
    return next(field for field in fields if field.name == name)


def valid_values(key: str) -> st.SearchStrategy:
    field = declared(key)
    low, high, choices = (field.metadata[k] for k in ("low", "high", "choices"))
    text = st.text(st.characters(exclude_categories=("Cc", "Cs")))
    if choices:
        return st.sampled_from(choices)
    return {
        bool: st.booleans(),
        int: st.integers(low, high),
        float: st.floats(low, high),
        str: text,
        tuple: st.lists(text).map(tuple),
    }[type(field.default)]


valid_settings = st.fixed_dictionaries({}, optional={key: valid_values(key) for key in ROWS}).map(
    lambda values: with_overrides(Settings(), values)
)
toml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch, tmp_path):
    monkeypatch.setenv("ASSISTANT_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_text("")


def written(tmp_path, text: str | bytes):
    path = tmp_path / "assistant.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_every_default_is_valid():
    values = {row.key: row.default for row in ROWS.values()}
    assert with_overrides(Settings(), values) == Settings()


def test_every_setting_says_what_it_changes():
    assert all(row.text and row.value == row.default for row in ROWS.values())
    assert ROWS["wake.threshold"].allowed == "0.05 to 0.99"
    assert ROWS["bargein.policy"].allowed == "open, wake or closed"


@given(settings=valid_settings)
def test_a_written_file_reads_back_the_same(tmp_path_factory, settings):
    path = tmp_path_factory.mktemp("round") / "assistant.toml"
    path.write_text(to_toml(settings), encoding="utf-8")
    assert load(path) == settings


def test_the_template_names_every_setting_and_sets_none():
    template = to_toml(Settings())
    assert all(f"# {key.split('.')[1]} = " in template for key in ROWS)
    assert all(line.startswith(("#", "[")) for line in template.splitlines() if line)


@given(key=st.sampled_from(sorted(ROWS)), data=st.data())
def test_the_command_line_takes_what_a_file_takes(key, data):
    value = data.draw(valid_values(key))
    if isinstance(value, str):
        text = value
        assume(value == value.strip())
    elif isinstance(value, tuple):
        assume(all(part == part.strip() != "" and "," not in part for part in value))
        text = ",".join(value)
    else:
        text = str(value)
    assert load(None, [f"{key}={text}"]) == with_overrides(Settings(), {key: value})


@given(values=st.dictionaries(st.sampled_from(sorted(ROWS)) | st.text(), toml_values, max_size=4))
def test_any_value_is_taken_or_refused_with_a_sentence(values):
    try:
        settings = with_overrides(Settings(), values)
    except BadInput as error:
        assert str(error).startswith("settings")
        assert "\n" not in error.remedy
    else:
        for row in describe(settings):
            assert type(row.value) is type(row.default)


@given(
    text=st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
)
def test_any_file_is_read_or_refused_with_a_sentence(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "nonsense.toml"
    path.write_bytes(text)
    try:
        load(path)
    except BadInput as error:
        assert str(path) in str(error)


@given(assignment=st.text(max_size=60))
def test_any_assignment_is_taken_or_refused_with_a_sentence(assignment):
    try:
        load(None, [assignment])
    except BadInput as error:
        assert "--set" in str(error)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[wake]\nthreshold = 1.5\n", ["wake.threshold", "1.5", "0.05 to 0.99"]),
        ("[wake]\nthreshold = nan\n", ["wake.threshold", "nan"]),
        ("[wake]\nthreshold = true\n", ["wake.threshold", "True is not a number"]),
        ('[wake]\nthreshold = "0.5"\n', ["wake.threshold", "not a number"]),
        ("[echo]\ntail_ms = 100.5\n", ["echo.tail_ms", "whole number"]),
        ("[echo]\nenabled = 1\n", ["echo.enabled", "true or false"]),
        ('[bargein]\npolicy = "opn"\n', ["bargein.policy", 'did you mean "open"?']),
        ('[wakee]\nword = "x"\n', ["wakee", 'did you mean "wake"?']),
        ('[wake]\nwrod = "x"\n', ["wrod", 'did you mean "word"?']),
        ('word = "alexa"\n', ['"word" is not section.key', "wake.word"]),
        ("[skills]\ndisabled = [1]\n", ["skills.disabled", "list of texts"]),
        ('[wake]\nword = "a\\u0000b"\n', ["wake.word", "unprintable"]),
        ("[wake\n", ["not TOML", "line 1"]),
        ("x = " + "[" * 5000, ["not TOML"]),
        (f"[echo]\ntail_ms = 0x{'f' * 9000}\n", ["echo.tail_ms", "out of range"]),
        (b"\xff\xfe\x00", ["UTF-8"]),
    ],
)
def test_a_wrong_file_is_refused_naming_file_key_and_remedy(tmp_path, text, says):
    path = written(tmp_path, text)
    with pytest.raises(BadInput) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert all(part in str(caught.value) for part in says), str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("path", ["missing.toml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_toml(tmp_path / path)


def test_overrides_come_after_the_file(tmp_path):
    path = written(tmp_path, '[wake]\nword = "alexa"\nthreshold = 0.3\n')
    settings = load(path, ["wake.threshold=0.7", "skills.disabled=clock, volume"])
    assert (settings.wake.word, settings.wake.threshold) == ("alexa", 0.7)
    assert settings.skills.disabled == ("clock", "volume")


def test_a_table_of_a_scene_is_taken_nested_or_dotted():
    nested = with_overrides(Settings(), {"wake": {"word": "alexa"}})
    assert nested == with_overrides(Settings(), {"wake.word": "alexa"})
    assert nested.wake.word == "alexa"


def test_the_environment_names_the_file_and_an_argument_goes_before_it(tmp_path, monkeypatch):
    path = written(tmp_path, '[wake]\nword = "alexa"\n')
    other = tmp_path / "other.toml"
    other.write_text('[wake]\nword = "hey_mycroft"\n')
    monkeypatch.setenv("ASSISTANT_CONFIG", str(path))
    assert load().wake.word == "alexa"
    assert load(other).wake.word == "hey_mycroft"
    monkeypatch.setenv("ASSISTANT_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(BadInput, match="gone.toml"):
        load()
