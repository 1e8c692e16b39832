"""One sentence from the command line, a process each."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assistant.ask import ask, describe_skills, run_ask
from assistant.errors import BadInput
from assistant.plugins import load_skills
from assistant.settings import Settings


@pytest.fixture
def settings(tmp_path) -> Settings:
    base = Settings()
    return replace(
        base,
        store=replace(base.store, path=str(tmp_path / "new" / "assistant.db")),
        skills=replace(base.skills, folder=str(tmp_path / "skills")),
    )


ASK = """
import sys
from dataclasses import replace
from assistant.ask import run_ask
from assistant.settings import Settings
settings = Settings()
store = replace(settings.store, path=sys.argv[1])
reply, status = run_ask(sys.argv[2], replace(settings, store=store))
print(reply)
sys.exit(status)
"""


def test_separate_processes_share_the_list(settings):
    def asked(said: str) -> str:
        out = subprocess.run(
            [sys.executable, "-c", ASK, settings.store.path, said],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        assert out.returncode == 0, out.stderr
        return out.stdout.strip()

    add = "add two litres of milk, eggs and olive oil to the shopping list"
    assert asked(add) == "Added two litres of milk, eggs and olive oil."
    assert (
        asked("what's on my shopping list")
        == "You have three things: two litres of milk, eggs, and olive oil."
    )
    assert asked("clear my shopping list") == "Remove all three things from your shopping list?"
    assert asked("yes") == "Your shopping list is empty now."
    assert asked("undo") == "Undone: clearing your shopping list."
    assert asked("how many things are on my list") == "Three things."


def test_a_question_is_open_for_two_minutes(settings):
    now = datetime(2026, 1, 1, 12)
    ask("add milk", settings, lambda: now)
    ask("clear my list", settings, lambda: now)
    later = now + timedelta(seconds=100)
    assert ask("yes", settings, lambda: later) == "Your shopping list is empty now."
    ask("undo", settings, lambda: later)
    ask("clear my list", settings, lambda: later)
    assert ask("yes", settings, lambda: later + timedelta(seconds=130)) == ""
    assert ask("what's on my list", settings, lambda: later) == "You only have milk."


def test_options_and_free_answers_outlive_the_process(settings):
    assert ask("add something to my list", settings) == "What should I add?"
    assert ask("milk and eggs", settings) == "Added milk and eggs."
    assert ask("remove that one", settings) == "Which one?"
    assert ask("the second one", settings) == "Removed eggs."


def test_a_question_of_a_skill_that_is_gone_is_forgotten(settings):
    ask("add milk", settings)
    ask("clear my list", settings)
    without = replace(settings, skills=replace(settings.skills, disabled=("shopping",)))
    assert ask("yes", without) == ""


def test_the_volume_is_remembered(settings):
    assert ask("set the volume to thirty percent", settings) == "Volume thirty percent."
    assert ask("louder", settings) == "Volume forty percent."


@pytest.mark.parametrize("said", ["", "   ", "?!"])
def test_an_empty_sentence_is_refused(settings, said):
    with pytest.raises(BadInput, match="no word"):
        run_ask(said, settings)


def test_a_damaged_store_is_reported(settings, capsys):
    path = Path(settings.store.path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"nonsense" * 100)
    assert ask("what's on my list", settings) == "Your shopping list is empty."
    assert "was damaged" in capsys.readouterr().err


def test_skills_are_described(settings, tmp_path):
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills" / "odd.py").write_text("x = 1")
    off = replace(settings, skills=replace(settings.skills, disabled=("volume",)))
    rows = {row["name"]: row for row in describe_skills(load_skills(off))}
    assert {name: row["state"] for name, row in rows.items()} == {
        "clock": "on",
        "shopping": "on",
        "talk": "on",
        "volume": "off",
        "odd": "failed",
    }
    assert "what time is it [now]" in rows["clock"]["sentences"]
    assert "has no skill" in rows["odd"]["reason"]
