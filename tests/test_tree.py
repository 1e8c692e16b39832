"""The tree itself: sizes, packaging, and what the run path must never load."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 300
# Modules that may be longer, each with its reason.
LONG = {
    "assistant/cli.py": "one entry a command; splitting the table would hide it",
    "assistant/audio/echo.py": "mostly what the canceller tells others; its filters are elsewhere",
    "assistant/commands.py": "one short function a command",
    "assistant/conversation.py": "one table of transitions; half of it in another file is none",
    "assistant/messages.py": "the vocabulary between the threads: one list, no code",
    "skills/shopping.py": "everything one can say about a list, one short handler each",
}
HEAVY = {"torch", "sklearn", "scipy", "tensorflow", "openwakeword", "silero_vad", "matplotlib"}
MAPPED = {"assistant": "assistant", "skills": "assistant.skills", "hardware": "assistant.hardware"}


def tracked() -> list[Path]:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is not a clone of the repository")
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_module_is_long_without_a_reason():
    modules = [path for folder in MAPPED for path in (ROOT / folder).rglob("*.py")]
    lines = {name_of(path): len(path.read_text().splitlines()) for path in modules}
    long = {name for name, count in lines.items() if count > MAX_LINES}
    assert long == set(LONG), "list a long module with its reason, and remove one that shrank"


def test_every_package_is_installed():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    found = {
        package + "".join(f".{part}" for part in init.parent.relative_to(ROOT / folder).parts)
        for folder, package in MAPPED.items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert listed == found


def test_nothing_heavy_is_loaded_on_the_run_path():
    code = (
        "import json, sys, pkgutil, importlib, assistant, assistant.app\n"
        "from assistant.plugins import load_skills\n"
        "from assistant.settings import Settings\n"
        "assert load_skills(Settings()).loaded\n"
        "for part in ('audio', 'speech'):\n"
        "    package = importlib.import_module(f'assistant.{part}')\n"
        "    for module in pkgutil.iter_modules(package.__path__):\n"
        "        importlib.import_module(f'assistant.{part}.{module.name}')\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert not HEAVY & set(json.loads(ran.stdout))


def test_the_command_line_loads_nothing_it_does_not_need():
    code = "import json, sys, assistant.cli; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"numpy", "rich", "onnxruntime", "vosk"} & set(json.loads(ran.stdout))


def test_tracked_files_are_small():
    assert not [name_of(path) for path in tracked() if path.stat().st_size > 1_500_000]


def test_nothing_in_the_tree_belongs_to_one_machine():
    own = re.compile(r"(?:^|[\s\"'=(])/(?:root|home/\w+|work|tmp/v)/", re.MULTILINE)
    later = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
    wrong = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{name_of(path)}: {m[0]!r}" for p in (own, later) for m in p.finditer(text)]
    assert not wrong


def test_the_code_is_clean():
    subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format=concise", "."],
        cwd=ROOT,
        check=True,
    )
