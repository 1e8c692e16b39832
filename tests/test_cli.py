"""The command line: every verb explains itself, every failure is one sentence and a status."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import cli
from assistant.errors import AssistantError
from assistant.settings import Settings, load, to_toml

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch, tmp_path):
    """Let no settings file, store or crash log of the owner play a part."""
    settings = tmp_path / "assistant.toml"
    settings.write_text(f'[store]\npath = "{tmp_path / "store.db"}"\n')
    monkeypatch.setenv("ASSISTANT_CONFIG", str(settings))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def sentence(capsys) -> str:
    """Return what was printed on stderr, which must be one line."""
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1, printed
    assert printed.startswith("assistant")
    return printed


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself_with_an_example(capsys, name):
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"assistant {name}" in shown.partition("examples:")[2]
    assert "--config FILE" in shown and "--set section.key=value" in shown


def test_no_command_shows_all_of_them(capsys):
    assert cli.main([]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown and c.summary in shown for name, c in cli.COMMANDS.items())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["dmeo"], 'did you mean "demo"?'),
        (["--verison"], "--verison"),
        (["demo", "--otu", "x"], 'did you mean "--out"?'),
        (["demo", "--"], "see assistant demo --help"),
        (["ask"], "TEXT"),
        (["simulate", "scene.toml"], "--out"),
        (["config", "--describe", "--write", "x"], "not allowed with"),
        (["config", "--set", "wake.wrod=alexa"], 'did you mean "word"?'),
        (["config", "--set", "wake.threshold=2"], "0.05 to 0.99"),
        (["config", "--set", "wake.threshold"], "section.key=value"),
        (["config", "--config", "missing.toml"], "missing.toml"),
        (["config", "--write", "no/such/folder.toml"], "no/such/folder.toml"),
        (["simulate", "missing.toml", "--out", "out"], "missing.toml"),
        (["replay", "missing.wav"], "missing.wav"),
        (["ask", "..."], "no word"),
        (["bench", "ecko"], "ecko"),
    ],
)
def test_wrong_input_is_one_sentence_and_status_2(capsys, arguments, says):
    assert cli.main(arguments) == 2
    assert says in sentence(capsys)


def command_that_raises(monkeypatch, error: BaseException) -> None:
    def body(arguments, settings):
        raise error

    broken = dataclasses.replace(cli.COMMANDS["skills"], body=body)
    monkeypatch.setitem(cli.COMMANDS, "skills", broken)


def test_a_failure_is_one_sentence_and_status_1(monkeypatch, capsys):
    command_that_raises(monkeypatch, AssistantError("the card is gone; plug it in"))
    assert cli.main(["skills"]) == 1
    assert sentence(capsys) == "assistant: the card is gone; plug it in\n"


def test_a_bug_says_where_its_log_is(monkeypatch, capsys, tmp_path):
    command_that_raises(monkeypatch, ZeroDivisionError("oh"))
    assert cli.main(["skills"]) == 1
    log = tmp_path / "state" / "assistant" / "assistant-crash.log"
    assert str(log) in sentence(capsys)
    assert "ZeroDivisionError: oh" in log.read_text()


def test_debug_shows_where_a_failure_comes_from(monkeypatch, capsys):
    command_that_raises(monkeypatch, ZeroDivisionError("oh"))
    assert cli.main(["skills", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_quiet(monkeypatch, capsys):
    command_that_raises(monkeypatch, KeyboardInterrupt())
    assert cli.main(["skills"]) == 130
    assert capsys.readouterr().err == ""


def test_a_reader_that_goes_away_is_no_error():
    shown = subprocess.run(
        ["bash", "-c", f'cd "{ROOT}"; "{sys.executable}" -m assistant config --describe | true'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr == ""


def test_config_shows_the_settings_in_force(capsys):
    assert cli.main(["config", "--set", "wake.word=alexa"]) == 0
    assert '\nword = "alexa"\n' in capsys.readouterr().out


def test_config_explains_every_setting(capsys):
    assert cli.main(["config", "--describe", "--set", "wake.threshold=0.6"]) == 0
    shown = capsys.readouterr().out
    assert "wake.threshold = 0.6   # default: 0.4\n" in shown
    assert all(f"\n{key} = " in shown for key in ("store.path", "bargein.policy", "echo.tail_ms"))


def test_config_writes_a_file_that_reads_back_and_never_overwrites(capsys, tmp_path):
    path = tmp_path / "mine.toml"
    assert cli.main(["config", "--write", str(path), "--set", "wake.word=alexa"]) == 0
    assert load(path).wake.word == "alexa"
    kept = path.read_text()
    capsys.readouterr()
    assert cli.main(["config", "--write", str(path)]) == 2
    assert "is there already" in sentence(capsys)
    assert path.read_text() == kept != to_toml(Settings())


def test_ask_uses_a_skill_and_remembers(capsys):
    assert cli.main(["ask", "add two litres of milk and eggs to the shopping list"]) == 0
    capsys.readouterr()
    assert cli.main(["ask", "what's", "on", "my", "shopping", "list"]) == 0
    shown = capsys.readouterr().out
    assert "two litres of milk" in shown and "eggs" in shown


def test_skills_lists_their_sentences(capsys):
    assert cli.main(["skills", "--set", "skills.disabled=clock"]) == 0
    shown = capsys.readouterr().out
    assert "shopping: " in shown and "\nclock (off" in shown


def test_say_writes_speech(tmp_path):
    import soundfile

    path = tmp_path / "dinner.wav"
    assert cli.main(["say", "Dinner is ready.", "--wav", str(path)]) == 0
    sound, rate = soundfile.read(path)
    assert rate == 16_000 and len(sound) > rate / 2 and abs(sound).max() > 0.05


def test_say_without_a_word_is_refused(capsys, tmp_path):
    assert cli.main(["say", "...", "--wav", str(tmp_path / "x.wav")]) == 2
    assert "no word" in sentence(capsys)
    assert not (tmp_path / "x.wav").exists()


def test_a_benchmark_without_the_tests_packages_says_where_they_come_from(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tests.benchmarks.bench_cpu", None)
    assert cli.main(["bench", "cpu"]) == 1
    assert "./install.sh test" in capsys.readouterr().err


def test_bench_lists_the_benchmarks(capsys):
    assert cli.main(["bench"]) == 0
    assert "cpu" in capsys.readouterr().out


def test_doctor_reports_in_json_and_by_its_status(capsys, tmp_path):
    status = cli.main(["doctor", "--json"])
    report = json.loads(capsys.readouterr().out)
    findings = {finding["name"]: finding for finding in report["findings"]}
    red = [name for name, finding in findings.items() if finding["colour"] == "red"]
    assert status == (1 if red else 0) and report["ok"] == (not red)
    assert findings["store"]["colour"] == "green"
    assert findings["wake word model"]["text"].startswith("hey_jarvis")
    assert set(findings) >= {
        "system", "Raspberry Pi", "board", "sound cards", "GPIO", "voice", "wake word model",
        "echo self-test", "audio thread", "latency", "real-time priority", "calibration",
    }  # fmt: skip
    assert all(findings[name]["remedy"] for name in red)


def test_doctor_says_what_stands_in_for_missing_models(capsys, tmp_path):
    nothing = ["--set", f"models.path={tmp_path}/none"]
    cli.main(["doctor", "--json", *nothing])
    findings = {f["name"]: f for f in json.loads(capsys.readouterr().out)["findings"]}
    for name, engine in (("Vosk model", "PocketSphinx listens"), ("Piper voice", "espeak-ng")):
        assert findings[name]["colour"] == "yellow" and engine in findings[name]["text"]
        assert findings[name]["remedy"] == "assistant models fetch"


def test_doctor_finds_what_is_wrong(capsys, tmp_path):
    (tmp_path / "broken.db").write_bytes(b"not a database at all" * 100)
    wrong = ["--set", f"store.path={tmp_path}/broken.db", "--set", "wake.word=/none.onnx"]
    assert cli.main(["doctor", *wrong]) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "is damaged" in shown and "/none.onnx" in shown and "check wake.word" in shown
