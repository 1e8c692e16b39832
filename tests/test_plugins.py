"""Loading skills: the owner's files come first, and a broken one is only left out."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import BadInput
from assistant.plugins import load_skills
from assistant.settings import Settings
from assistant.store import Store

GOOD = """
from assistant import Skill, Speaker
skill = Skill("{name}", "do {name}")

@skill.on("please do {name}")
def do(speaker: Speaker) -> str:
    return "{reply}"
"""


def settings_for(folder: Path, disabled: tuple[str, ...] = ()) -> Settings:
    settings = Settings()
    return replace(settings, skills=replace(settings.skills, folder=str(folder), disabled=disabled))


def write(folder: Path, name: str, code: str) -> Path:
    path = folder / f"{name}.py"
    path.write_text(code)
    return path


def load(folder: Path, disabled: tuple[str, ...] = (), store: Store | None = None):
    return load_skills(settings_for(folder, disabled), store)


def names(skills) -> set[str]:
    return {entry.name for entry in skills.loaded}


SHIPPED = {"clock", "shopping", "talk", "volume"}


def test_shipped_skills_load(tmp_path):
    skills = load(tmp_path / "missing")
    assert names(skills) == SHIPPED and not skills.failed


def test_an_owners_skill_is_added(tmp_path):
    write(tmp_path, "dance", GOOD.format(name="dance", reply="Dancing."))
    skills = load(tmp_path)
    assert names(skills) == SHIPPED | {"dance"}


def test_an_owners_file_replaces_a_shipped_one(tmp_path):
    path = write(tmp_path, "clock", GOOD.format(name="clock", reply="Late."))
    skills = load(tmp_path)
    clock = next(entry for entry in skills.loaded if entry.name == "clock")
    assert clock.path == path and names(skills) == SHIPPED
    again = next(e for e in load(tmp_path / "missing").loaded if e.name == "clock")
    assert again.path != path


def test_an_owners_skill_may_use_its_siblings_and_shipped_parts(tmp_path):
    write(tmp_path, "_mine", "REPLY = 'Mine.'")
    code = GOOD.format(name="mine", reply="x")
    write(tmp_path, "mine", "from ._mine import REPLY\nfrom ._lists import Entry\n" + code)
    skills = load(tmp_path)
    assert "mine" in names(skills) and not skills.failed


def test_a_file_with_an_underscore_is_no_skill(tmp_path):
    write(tmp_path, "_helper", "raise RuntimeError")
    assert not load(tmp_path).failed


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("skill = (", "line 1"),
        ("import not_there_at_all", "needs the module not_there_at_all"),
        ("x = 1", "has no skill"),
        ("from assistant import Skill\nskill = Skill('empty')", "no sentence"),
        ("1 / 0", "ZeroDivisionError"),
        ("import sys; sys.exit(3)", "SystemExit"),
        (GOOD.format(name="clock", reply=""), 'the skill "clock" already'),
        (GOOD.format(name="odd", reply="").replace("please do odd", "do (odd"), "do not pair"),
        (GOOD.format(name="odd", reply="").replace("please do odd", "[do]"), "optional"),
        (GOOD.format(name="odd", reply="").replace("please do odd", "do {what}"), "no parameter"),
        (
            GOOD.format(name="odd", reply="").replace("speaker: Speaker", "speaker, item: int"),
            "no slot for it",
        ),
        (
            GOOD.format(name="odd", reply="").replace("speaker: Speaker", "speaker, item: bytes"),
            "annotation that no slot can fill",
        ),
        (
            GOOD.format(name="odd", reply="").replace('"do odd")', '"x", tables=("CREATE x",))'),
            "tables could not be made",
        ),
    ],
)
def test_a_broken_skill_is_left_out_with_its_reason(tmp_path, code, reason):
    path = write(tmp_path, "odd", code)
    skills = load(tmp_path, store=Store(tmp_path / "x.db"))
    assert names(skills) == SHIPPED
    (failed,) = skills.failed
    assert reason in failed.reason and str(path) in failed.reason
    assert "Traceback" not in failed.reason and "\n" not in failed.reason


def test_a_bad_sentence_names_file_line_sentence_and_remedy(tmp_path):
    code = GOOD.format(name="odd", reply="").replace("please do odd", "do {thing} now")
    code = code.replace("speaker: Speaker", "speaker: Speaker, things: int = 0")
    path = write(tmp_path, "odd", code)
    (failed,) = load(tmp_path).failed
    assert failed.reason.startswith(f'{path}, line 5, sentence "do {{thing}} now"')
    assert 'did you mean "things"?' in failed.reason


def test_the_shipped_skill_stands_in_for_a_broken_override(tmp_path):
    path = write(tmp_path, "clock", "skill = (")
    skills = load(tmp_path)
    assert names(skills) == SHIPPED
    assert [failed.path for failed in skills.failed] == [path]


def test_disabled_skills_are_not_loaded(tmp_path):
    write(tmp_path, "dance", GOOD.format(name="dance", reply="x"))
    skills = load(tmp_path, disabled=("dance", "volume"))
    assert names(skills) == SHIPPED - {"volume"} and skills.disabled == ["dance", "volume"]


def test_a_disabled_skill_must_exist(tmp_path):
    with pytest.raises(BadInput, match='did you mean "shopping"'):
        load(tmp_path, disabled=("shoping",))


def test_importing_the_package_is_light():
    code = (
        "import sys; import assistant; print('assistant.skill' in sys.modules);"
        "from assistant import Skill, Items, Speaker, Reply;"
        "print(sorted({'yaml', 'xml', 'rich', 'onnxruntime'} & set(sys.modules)))"
    )
    root = Path(__file__).parent.parent
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert out.stdout.split("\n")[:2] == ["False", "[]"]
