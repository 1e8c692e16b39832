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


@pytest.mark.parametrize(
    "recogniser", ["vosk-household", pytest.param("pocketsphinx", marks=pytest.mark.slow)]
)
def test_a_running_speaker_has_nothing_heavy_loaded(recogniser, tmp_path):
    code = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from assistant import memory\n"
        "from assistant.room.run import open_scene\n"
        "from assistant.room.scene import load_scene\n"
        "from assistant.settings import Settings, with_overrides\n"
        "settings = with_overrides(Settings(), {'speech.recogniser': sys.argv[1]})\n"
        "scratch = Path(sys.argv[2])\n"
        "scene = load_scene(scratch / 'scene.toml')\n"
        "simulation = open_scene(scene, scratch, settings=settings)\n"
        "record = simulation.run()\n"
        "libraries = [(p / 'maps').read_text() for p in memory.children()]\n"
        "libraries.append(Path('/proc/self/maps').read_text())\n"
        "simulation.speaker.close()\n"
        "spoke = max(abs(hop).max() for hop in record.played) > 1000\n"
        "modules = sorted(sys.modules)\n"
        "print(json.dumps({'modules': modules, 'libraries': libraries, 'spoke': bool(spoke)}))"
    )
    (tmp_path / "scene.toml").write_text(
        'title = "The time"\nduration_s = 5.5\n'
        '[[person]]\nname = "Ana"\nposition_m = [3.0, 1.9, 1.5]\nvoice = "espeak:en-us+f3"\n'
        '[[say]]\nperson = "Ana"\nat_s = 1.0\ntext = "hey jarvis, what time is it"\n'
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, recogniser, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["spoke"] and {"onnxruntime", "numpy"} <= set(found["modules"])
    assert not HEAVY & set(found["modules"])
    assert len(found["libraries"]) > 1, "the voice lives in a process of its own"
    mapped = "\n".join(found["libraries"])
    assert "onnxruntime" in mapped and not [name for name in HEAVY if f"/{name}/" in mapped]


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
