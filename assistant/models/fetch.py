"""Get models onto the shelf: over the network, or from a folder, an archive or a USB stick."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AssistantError, BadInput
from assistant.models import disk
from assistant.models.download import Patience, download, forget
from assistant.models.registry import File, Model
from assistant.models.shelf import FIRST, PUBLISHED, UNKNOWN, Shelf
from assistant.models.unpack import is_archive, unpack

Progress = Callable[[str, int, int | None], None]  # file, bytes done, bytes in all if known

_DEEPEST = 6  # folders below the one that was named
_MOST = 100_000  # names looked at on a stick
_UNPACKED = 3  # a model's unpacked size, at most, over its archive's


@dataclass(frozen=True)
class Found:
    """A model met in a folder: its files as published, or the unpacked ``folder``."""

    model: Model
    files: tuple[Path, ...] = ()
    folder: Path | None = None


def from_network(
    shelf: Shelf, model: Model, patience: Patience | None = None, progress: Progress | None = None
) -> Path:
    """Download ``model``, verify it and put it in place; return its folder.

    Hold ``disk.only_one(shelf.folder)``. May be interrupted at any moment and called again: what
    has arrived is kept. Raises ``AssistantError`` with one sentence.
    """
    show = progress or (lambda name, done, total: None)
    with disk.disk_errors(shelf.folder):
        disk.need_room(_existing(shelf.folder), _room(model, shelf))
    parts, verified = [], PUBLISHED
    for file in model.files:
        part = shelf.part(model, file)
        if _fetch_file(shelf, file, part, patience, show) == FIRST:
            verified = FIRST
        parts.append(part)
    return _install(shelf, model, parts, verified)


def from_folder(shelf: Shelf, found: Found, progress: Progress | None = None) -> Path:
    """Copy a model that ``search`` found, verify it and put it in place; return its folder."""
    show = progress or (lambda name, done, total: None)
    if found.folder is not None:
        source = found.folder
        return shelf.install(found.model, lambda staged: _copy_tree(source, staged), UNKNOWN, {})
    parts, verified = [], PUBLISHED
    for file, path in zip(found.model.files, found.files, strict=True):
        with disk.disk_errors(path):
            disk.need_room(_existing(shelf.folder), path.stat().st_size)
            part = shelf.part(found.model, file)
            forget(part)
            try:
                _copy(path, part, lambda done, total, name=file.name: show(name, done, total))
                if shelf.verify(file, part) == FIRST:
                    verified = FIRST
            except BadInput as error:
                forget(part)
                raise BadInput(str(path), error.problem, error.remedy) from None
        parts.append(part)
    return _install(shelf, found.model, parts, verified)


def search(place: Path, models: Collection[Model], inbox: Path) -> list[Found]:
    """Return which of ``models`` are in ``place``, in their order.

    ``place`` is a folder (such as a mounted stick; looked through to a few levels), one of a
    model's files, or an archive with models in it, which is unpacked into ``inbox``.
    """
    with disk.disk_errors(place):
        if place.is_dir():
            return _search_folder(place, models, _DEEPEST)
        if not place.is_file():
            raise BadInput(str(place), "no such file or folder", "give where the models are")
        known = [m for m in models if place.name in {file.name for file in m.files}]
        if known:
            return _search_folder(place.parent, known, 0)
        if is_archive(place.name):
            disk.remove_tree(inbox)
            unpack(place, inbox)
            return _search_folder(inbox, models, _DEEPEST)
    names = sorted(file.name for model in models for file in model.files)
    raise BadInput(str(place), "is not a model that is known", f"known files: {', '.join(names)}")


def _fetch_file(
    shelf: Shelf, file: File, part: Path, patience: Patience | None, show: Progress
) -> str:
    for last in (False, True):
        download(
            file.url, part, size=file.size, verifiable=bool(file.digest), patience=patience,
            progress=lambda done, total: show(file.name, done, total),
        )  # fmt: skip
        try:
            with disk.disk_errors(part):
                return shelf.verify(file, part)
        except BadInput as error:
            forget(part)  # its parts may be of two versions: once more, from the start
            if last:
                raise AssistantError(f"{error} ({file.url})") from None
    raise AssertionError("unreachable")


def _install(shelf: Shelf, model: Model, parts: list[Path], verified: str) -> Path:
    with disk.disk_errors(shelf.folder):
        digests = {f.name: disk.digest_of(p) for f, p in zip(model.files, parts, strict=True)}

    def fill(staged: Path) -> None:
        for file, part in zip(model.files, parts, strict=True):
            if is_archive(file.name):
                _unpack_model(model, file, part, staged)
            else:
                shutil.copyfile(part, staged / file.name)

    try:
        return shelf.install(model, fill, verified, digests)
    except BadInput as error:
        for part in parts:
            forget(part)
        name = Path(error.where).name.removesuffix(".part")
        raise BadInput(f"{model.name}: {name}", error.problem, error.remedy) from None


def _unpack_model(model: Model, file: File, part: Path, staged: Path) -> None:
    """Unpack an archive that must hold one folder of the model's name."""
    inner = staged / ".unpacked"
    unpack(part, inner, file.name)
    tops = sorted(path.name for path in inner.iterdir())
    if tops != [model.name] or not (inner / model.name).is_dir():
        shown = ", ".join(tops[:3]) or "nothing"
        raise BadInput(file.name, f"holds {shown}, not {model.name}", "it is another archive")
    for path in (inner / model.name).iterdir():
        path.rename(staged / path.name)
    disk.remove_tree(inner)


def _search_folder(place: Path, models: Collection[Model], depth: int) -> list[Found]:
    found: dict[str, Found] = {}
    for folder, folders, names in _walk(place, depth):
        for model in models:
            if all(file.name in names for file in model.files):
                files = tuple(folder / file.name for file in model.files)
                if model.name not in found or found[model.name].folder:
                    found[model.name] = Found(model, files)
            elif model.name in folders and model.kind == "vosk":
                found.setdefault(model.name, Found(model, folder=folder / model.name))
    return [found[model.name] for model in models if model.name in found]


def _walk(place: Path, depth: int) -> Iterator[tuple[Path, list[str], set[str]]]:
    seen = 0
    for folder, folders, names in os.walk(place, onerror=lambda error: None):
        seen += len(folders) + len(names)
        if seen > _MOST:
            raise BadInput(str(place), "holds too many files to search", "name the folder inside")
        yield Path(folder), list(folders), set(names)
        if len(Path(folder).relative_to(place).parts) >= depth:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))


def _copy(source: Path, target: Path, show: Callable[[int, int], None]) -> None:
    total, done = source.stat().st_size, 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(1 << 20):
            writer.write(block)
            done += len(block)
            show(done, total)


def _copy_tree(source: Path, staged: Path) -> None:
    """Copy plain files only: a link on a stick may point anywhere."""
    for folder, folders, names in os.walk(source):
        inside = staged / Path(folder).relative_to(source)
        inside.mkdir(exist_ok=True)
        for name in [*folders, *names]:
            if (Path(folder) / name).is_symlink():
                raise BadInput(str(Path(folder) / name), "is a link", "copy the model itself")
        for name in names:
            if name != ".receipt.json":
                shutil.copyfile(Path(folder) / name, inside / name)


def _room(model: Model, shelf: Shelf) -> int:
    size = model.size or 0
    there = sum(p.stat().st_size for p in (shelf.work / model.name).glob("*.part"))
    return max(size - there, 0) + size * (_UNPACKED if model.kind == "vosk" else 1)


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
