"""`assistant models` as its owner meets it, against a server of this machine."""

from __future__ import annotations

import hashlib
import json

import pytest

from assistant import cli
from tests.models import things
from tests.models.server import LyingServer
from tests.speech import tiny_piper


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    pytest.importorskip("onnx", reason="building a Piper voice needs the onnx package")
    path = tiny_piper.build(tmp_path_factory.mktemp("voice"))
    return {
        f"/tiny.onnx{end}": path.with_name(f"tiny.onnx{end}").read_bytes() for end in ("", ".json")
    }


@pytest.fixture(scope="module")
def server(voice):
    with LyingServer({f"/{things.NAME}.zip": things.archive(), **voice}) as server:
        yield server


def entry(server, name: str, kind: str, about: str, *paths: str, digests: bool = True) -> str:
    lines = ["[[model]]", f'name = "{name}"', f'kind = "{kind}"', 'language = "en"',
             f'about = "{about}"', 'licence = "Apache-2.0"', "default = true"]  # fmt: skip
    for path in paths:
        data = server.files[path]
        lines += ["[[model.file]]", f'url = "{server.url(path)}"', f"size = {len(data)}"]
        lines += [f'sha256 = "{hashlib.sha256(data).hexdigest()}"'] if digests else []
    return "\n".join(lines) + "\n"


@pytest.fixture
def models(server, tmp_path, monkeypatch, capsys):
    """Run `assistant models ARGUMENTS` with a registry of this server; return status and output."""
    server.plan(())
    mine = tmp_path / "mine.toml"
    mine.write_text(
        entry(server, things.NAME, "vosk", "US English", f"/{things.NAME}.zip")
        + entry(server, "tiny", "piper", "a buzz", "/tiny.onnx", "/tiny.onnx.json", digests=False)
    )
    settings = tmp_path / "assistant.toml"
    settings.write_text(
        f'[models]\npath = "{tmp_path}/models"\nregistry = "{mine}"\n'
        f'[speech]\nvosk_model = "{things.NAME}"\nvoice = "piper:tiny"\n'
        f'[store]\npath = "{tmp_path}/store.db"\n'
    )
    monkeypatch.setenv("ASSISTANT_CONFIG", str(settings))

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(list(arguments))
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def test_the_list_shows_purpose_size_licence_sum_and_what_is_missing(models):
    status, shown, _ = models("models")
    assert status == 0
    assert "vosk-model-small-en-us-0.15" in shown and "41 MB" in shown
    assert "30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498" in shown
    assert "CC BY-NC-SA 4.0" in shown and "in the openwakeword package" in shown
    assert "not verified against a published sum" in shown
    lines = [line for line in shown.splitlines() if "the settings ask for it" in line]
    assert [line.split()[0] for line in lines] == [things.NAME, "tiny"]


def test_fetch_gets_what_the_settings_need_and_once_is_enough(models, tmp_path, server):
    server.requests.clear()
    status, shown, error = models("models", "fetch")
    assert (status, error) == (0, "")
    assert f"{things.NAME}: installed in {tmp_path}/models/{things.NAME}" in shown
    assert "its published sum was met" in shown and "pinned as it was first fetched" in shown
    assert len(server.requests) == 3
    status, shown, _ = models("models", "fetch")
    assert status == 0 and shown.count("already there") == 2 and len(server.requests) == 3


def test_what_was_fetched_speaks_and_is_listed(models, tmp_path):
    models("models", "fetch")
    status, shown, _ = models("models", "list", "tiny", things.NAME, "--check")
    assert status == 0 and shown.count("  installed") == 2
    assert models("say", "hello", "--wav", str(tmp_path / "hello.wav"))[0] == 0
    status, shown, _ = models("models", "--json")
    rows = {row["name"]: row for row in json.loads(shown)["models"]}
    assert rows["tiny"]["verified"] == "first" and rows["tiny"]["asked_for"]
    data = (tmp_path / "models" / "tiny" / "tiny.onnx").read_bytes()
    assert rows["tiny"]["files"][0]["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_damaged_model_is_refused_by_name_until_it_is_fetched_again(models, tmp_path):
    models("models", "fetch")
    broken = tmp_path / "models" / "tiny" / "tiny.onnx"
    broken.write_bytes(broken.read_bytes()[:-1])
    status, shown, _ = models("models")
    assert status == 1 and "DAMAGED: tiny.onnx is damaged" in shown
    status, _, error = models("say", "hello", "--wav", str(tmp_path / "hello.wav"))
    assert status == 2 and "tiny.onnx is damaged; repair it: assistant models fetch tiny" in error
    assert models("models", "fetch", "tiny")[0] == 0
    assert models("say", "hello", "--wav", str(tmp_path / "hello.wav"))[0] == 0


def test_one_failure_does_not_keep_the_others_away(models, server):
    server.plan(["404"])
    status, shown, error = models("models", "fetch")
    assert status == 1
    assert "answered 404" in error and error.count("\n") == 1
    assert "tiny: installed" in shown


def test_from_a_stick_and_away_again(models, tmp_path, server):
    stick = tmp_path / "stick"
    stick.mkdir()
    for path, data in server.files.items():
        (stick / path[1:]).write_bytes(data)
    status, shown, _ = models("models", "fetch", "--from", str(stick))
    assert status == 0 and shown.count("installed in") == 2
    status, shown, _ = models("models", "remove", "tiny")
    assert status == 0 and "tiny: removed" in shown
    assert not (tmp_path / "models" / "tiny").exists()
    assert "tiny: was not there" in models("models", "remove", "tiny")[1]


def test_a_stick_without_the_model_says_what_to_put_there(models, tmp_path):
    (tmp_path / "stick").mkdir()
    status, _, error = models("models", "fetch", "tiny", "--from", str(tmp_path / "stick"))
    assert status == 2 and "put there: tiny.onnx, tiny.onnx.json" in error


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fetch", "vosk-model-small-en-us"], 'did you mean "vosk-model-small-en-us-0.15"'),
        (["remove"], "say which"),
        (["fecth"], "fecth"),
        (["fetch", "--from", "/no/where"], "no such file or folder"),
    ],
)
def test_wrong_arguments_are_one_sentence(models, arguments, says):
    status, _, error = models("models", *arguments)
    assert status == 2 and says in error and error.count("\n") == 1
