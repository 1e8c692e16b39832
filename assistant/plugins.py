"""Finds and loads plug-ins: skills and board files, shipped ones and the owner's.

``<repository>/skills/x.py`` is ``assistant.skills.x`` whether the program is installed or run
from its folder. A file of the same name in the owner's folder comes first. What does not load is
left out, with its reason; the speaker starts all the same.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import logging
import sqlite3
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from assistant.errors import AssistantError, BadInput, did_you_mean
from assistant.settings import Settings
from assistant.skill import Skill
from assistant.store import Store

_log = logging.getLogger(__name__)
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Failed:
    """A plug-in that was left out, and the sentence that says why."""

    name: str
    path: Path
    reason: str


@dataclass(frozen=True)
class Loaded:
    """A skill that works, and the file it came from."""

    name: str
    path: Path
    skill: Skill


@dataclass
class Skills:
    """The outcome of loading all skills."""

    loaded: list[Loaded] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    disabled: list[str] = field(default_factory=list)  # switched off in the settings

    @property
    def skills(self) -> tuple[Skill, ...]:
        """The skills that work."""
        return tuple(entry.skill for entry in self.loaded)


def attach(kind: str, owner: Path | None = None) -> ModuleType:
    """Make ``assistant.<kind>`` importable and return it; ``kind`` is "skills" or "hardware".

    Its search path is the owner's folder, then the shipped one.
    """
    name = f"assistant.{kind}"
    try:
        package = importlib.import_module(name)
    except ModuleNotFoundError as e:
        if e.name != name:
            raise
        package = _from_folder(name, _ROOT / kind)
    shipped = [p for p in package.__path__ if p not in getattr(package, "_owner", ())]
    package._owner = [str(owner)] if owner is not None and owner.is_dir() else []
    package.__path__[:] = package._owner + shipped
    importlib.invalidate_caches()
    return package


def files(package: ModuleType) -> dict[str, list[Path]]:
    """Return the files of every plug-in name, the owner's before the shipped one."""
    found: dict[str, list[Path]] = {}
    for folder in package.__path__:
        for path in sorted(Path(folder).glob("*.py")):
            if not path.name.startswith("_"):
                found.setdefault(path.stem, []).append(path)
    return dict(sorted(found.items()))


def load_skills(settings: Settings, store: Store | None = None) -> Skills:
    """Load every skill that is not disabled, and make its tables in ``store``.

    Raises ``BadInput`` when ``skills.disabled`` names a skill that does not exist.
    """
    package = attach("skills", Path(settings.skills.folder).expanduser())
    found = files(package)
    for name in settings.skills.disabled:
        if name not in found:
            raise BadInput(
                "skills.disabled", f'there is no skill "{name}"', did_you_mean(name, found)
            )
    out = Skills(disabled=[n for n in found if n in settings.skills.disabled])
    for name, paths in found.items():
        if name not in out.disabled:
            _load_first(name, paths, store, out)
    return out


def _load_first(name: str, paths: Iterable[Path], store: Store | None, out: Skills) -> None:
    """Load the first of the files that works; the shipped skill stands in for a broken one."""
    for path in paths:
        try:
            skill = _skill(load_file(f"assistant.skills.{name}", path), path)
            if any(other.skill.name == skill.name for other in out.loaded):
                raise BadInput(
                    str(path),
                    f'another file has the skill "{skill.name}" already',
                    "give it another name, or name the file like the one it replaces",
                )
            if store is not None and skill.tables:
                store.prepare(skill.name, skill.tables)
        except (Exception, SystemExit) as e:  # whatever an owner's file does, the speaker starts
            out.failed.append(Failed(name, path, _reason(e, path)))
            _log.warning("skill %s is off: %s", name, out.failed[-1].reason)
        else:
            out.loaded.append(Loaded(name, path, skill))
            return


def load_file(name: str, path: Path) -> ModuleType:
    """Import ``path`` as module ``name``; reuse it when it was imported from there already."""
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)
    return module


def _from_folder(name: str, folder: Path) -> ModuleType:
    init = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        name, init, submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not init.exists():
        raise BadInput(str(folder), "is missing", "install the program again with ./install.sh")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)
    return module


def _skill(module: ModuleType, path: Path) -> Skill:
    skill = getattr(module, "skill", None)
    if not isinstance(skill, Skill):
        raise BadInput(str(path), "has no skill", 'write skill = Skill("name") at its top')
    if not skill.handlers:
        raise BadInput(str(path), "its skill has no sentence", "add one with @skill.on(...)")
    return skill


def _reason(error: BaseException, path: Path) -> str:
    if isinstance(error, AssistantError):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"{path}, line {error.lineno}: {error.msg}; correct the line"
    if isinstance(error, ModuleNotFoundError):
        return f"{path}: needs the module {error.name}; install it, or take the import out"
    if isinstance(error, sqlite3.Error):
        return f"{path}: its tables could not be made ({error}); correct the SQL"
    return f"{path}: {type(error).__name__}: {error}; correct it"
