"""The folder of installed models: what is there, is it what was put there, and how it gets there.

Each model has a folder of its own with a receipt in it, written before the folder gets its name:
a folder with a receipt is complete. ``.pins.json`` keeps the SHA-256 of files without a published
digest, as they first arrived; what comes later must be the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import BadInput
from assistant.models import disk
from assistant.models.check import check
from assistant.models.registry import File, Model

RECEIPT = ".receipt.json"
WORK = ".fetch"  # parts and unfinished models
_PINS = ".pins.json"
_AGAIN = "assistant models fetch"

PUBLISHED, FIRST, UNKNOWN = "published", "first", "unknown"


@dataclass(frozen=True)
class Installed:
    """A model that is there: how its files were verified, and what is wrong with it, if anything.

    ``verified`` is PUBLISHED (a published digest was met), FIRST (pinned as first fetched) or
    UNKNOWN (from a folder; only looked into). ``digests`` has the SHA-256 of each fetched file.
    """

    path: Path
    verified: str
    digests: dict[str, str]
    problem: str = ""


class Shelf:
    """Installs into and reads ``folder``. Any thread; writers hold ``disk.only_one(folder)``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / WORK

    def installed(self, model: Model, thorough: bool = False) -> Installed | None:
        """Return what is there of ``model``; ``thorough`` reads every byte of it."""
        path = self.folder / model.name
        if not path.is_dir():
            return None
        receipt = read_receipt(path)
        if receipt is None:
            return Installed(path, UNKNOWN, {}, _problem_without_receipt(model, path))
        problem = damage(path, thorough=thorough)
        return Installed(path, receipt["verified"], receipt["fetched"], problem)

    def part(self, model: Model, file: File) -> Path:
        """Return where the unfinished ``file`` is kept; its folder is made."""
        folder = self.work / model.name
        with disk.disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{file.name}.part"

    def verify(self, file: File, path: Path) -> str:
        """Compare a fetched file with its digest or pin; return PUBLISHED or FIRST.

        Raises ``BadInput`` when it is another file.
        """
        if file.size is not None and path.stat().st_size != file.size:
            problem = f"has {path.stat().st_size} bytes, not the published {file.size}"
            raise BadInput(file.name, problem, "it is not the published file")
        if file.digest:
            if disk.digest_of(path, file.algorithm) != file.digest:
                problem = f"its {file.algorithm.upper()} is not the published one"
                raise BadInput(file.name, problem, "it is damaged or another file")
            return PUBLISHED
        pinned = self.pins().get(file.url)
        if pinned and disk.digest_of(path) != pinned:
            raise BadInput(
                file.name,
                "is another file than the one fetched first",
                "if that is right, forget the first one: assistant models remove --forget",
            )
        return FIRST

    def pins(self) -> dict[str, str]:
        """Return the SHA-256 of files that arrived without a published digest, by address."""
        try:
            pins = json.loads((self.folder / _PINS).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return pins if isinstance(pins, dict) else {}

    def install(
        self, model: Model, fill: Callable[[Path], None], verified: str, digests: dict[str, str]
    ) -> Path:
        """Put ``model`` in place, whole or not at all, and return its folder.

        ``fill`` puts the files into the empty folder it is given. The folder is looked into, gets
        its receipt and then its name. ``digests``: SHA-256 of each fetched file, by name.
        """
        staged = self.work / f"{model.name}.new"
        with disk.disk_errors(self.folder):
            disk.remove_tree(staged)
            staged.mkdir(parents=True)
            try:
                fill(staged)
                check(model, staged)
                _write_receipt(staged, verified, digests)
                self._pin(model, digests)
                disk.swap_in(staged, self.folder / model.name, self.work / f"{model.name}.old")
            finally:
                disk.remove_tree(staged)
            disk.remove_tree(self.work / model.name)
        return self.folder / model.name

    def remove(self, model: Model, forget: bool = False) -> bool:
        """Remove ``model`` and its unfinished parts; return whether there was anything."""
        path, parts = self.folder / model.name, self.work / model.name
        there = path.exists() or parts.exists()
        with disk.disk_errors(self.folder):
            if path.exists():
                trash = self.work / f"{model.name}.old"
                self.work.mkdir(exist_ok=True)
                disk.remove_tree(trash)
                path.rename(trash)  # at once, so that half a model is never found
                disk.sync_folder(self.folder)
                disk.remove_tree(trash)
            disk.remove_tree(parts)
            if forget:
                urls = {file.url for file in model.files}
                pins = {url: pin for url, pin in self.pins().items() if url not in urls}
                if self.folder.is_dir():
                    disk.write_json(self.folder / _PINS, pins)
        return there

    def _pin(self, model: Model, digests: dict[str, str]) -> None:
        new = {
            file.url: digests[file.name]
            for file in model.files
            if not file.digest and file.name in digests
        }
        if new:
            disk.write_json(self.folder / _PINS, self.pins() | new)


def read_receipt(path: Path) -> dict | None:
    """Return the receipt in a model's folder, or None where there is none of ours."""
    try:
        receipt = json.loads((path / RECEIPT).read_text("utf-8"))
        files, fetched = dict(receipt["files"]), dict(receipt["fetched"])
        verified = str(receipt["verified"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {"files": files, "fetched": fetched, "verified": verified}


def damage(path: Path, thorough: bool = False) -> str:
    """Return what is wrong with the model in ``path`` by its receipt, or "".

    A file whose size and time are as they were when it was put there counts as unchanged, unless
    ``thorough`` asks to read it; a changed time alone makes it read. Without a receipt, nothing
    is known to be wrong.
    """
    receipt = read_receipt(path)
    for name, (size, time_ns, digest) in (receipt or {"files": {}})["files"].items():
        file = path / name
        try:
            now = file.stat()
            same_time = now.st_mtime_ns == time_ns and not thorough
            if now.st_size != size or not (same_time or disk.digest_of(file) == digest):
                return f"{name} is damaged"
        except OSError:
            return f"{name} is missing"
    return ""


def refuse_damaged(path: Path) -> None:
    """Raise ``BadInput`` when the model in ``path`` is not as it was put there; see ``damage``."""
    if problem := damage(path):
        raise BadInput(str(path), problem, f"repair it: {_AGAIN} {path.name}")


def _write_receipt(path: Path, verified: str, digests: dict[str, str]) -> None:
    files = {name: _facts(path / name) for name in _names(path)}
    disk.write_json(path / RECEIPT, {"files": files, "fetched": digests, "verified": verified})


def _facts(path: Path) -> tuple[int, int, str]:
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns, disk.digest_of(path)


def _names(path: Path) -> Iterator[str]:
    return (p.relative_to(path).as_posix() for p in sorted(path.rglob("*")) if p.is_file())


def _problem_without_receipt(model: Model, path: Path) -> str:
    try:
        check(model, path)
    except BadInput as error:
        return f"{Path(error.where).name}: {error.problem}"
    return ""
