"""What the speaker said it did is done, whatever happens to the process: kill -9 in a scene."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.ask import ask
from assistant.settings import Settings, with_overrides

ROOT = Path(__file__).resolve().parents[2]

SCENE = """
title = "Pulling the plug"
duration_s = 10.0
[settings]
store.path = "{store}"
[start]
shopping = ["bread"]
[[person]]
name = "Ana"
position_m = [3.0, 2.0, 1.5]
voice = "espeak:en-us+f3"
level_db = 65.0
[[say]]
person = "Ana"
at_s = 0.8
text = "hey jarvis, add coffee to my shopping list"
"""

PLAY = """
import os, signal, sys
from pathlib import Path
from assistant.room.run import FIXED_COSTS, open_scene
from assistant.room.scene import load_scene
from assistant.settings import Settings, with_overrides
scene, moment = sys.argv[1:]
settings = with_overrides(Settings(), {"speech.recogniser": "vosk-household"})
simulation = open_scene(load_scene(scene), Path("."), settings=settings, costs=FIXED_COSTS)
def watch(message, at):
    if type(message).__name__ == moment:
        print(getattr(message, "texts", ""), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
simulation.speaker.observers.append(watch)
simulation.run()
"""


@pytest.mark.parametrize(
    ("moment", "said", "left"),
    [
        ("Respond", "", "You only have bread."),
        ("ReplyPlanned", "Added coffee.", "You have two things: bread and coffee."),
    ],
)
def test_the_list_survives_kill_9(moment, said, left, tmp_path):
    scene, store = tmp_path / "scene.toml", tmp_path / "kept" / "assistant.db"
    scene.write_text(SCENE.format(store=store))
    killed = subprocess.run(
        [sys.executable, "-c", PLAY, str(scene), moment],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert said in killed.stdout
    kept = with_overrides(
        Settings(), {"store.path": str(store), "skills.folder": str(tmp_path / "skills")}
    )
    assert ask("what's on my shopping list", kept) == left
    assert not list(store.parent.glob("*.damaged-*"))
