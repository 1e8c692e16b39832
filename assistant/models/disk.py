"""Put files where they stay: whole or not at all, one process at a time, errors in a sentence."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from assistant.errors import AssistantError

_REASONS = {
    errno.ENOSPC: ("the disk is full", "make room or give another folder in models.path"),
    errno.EDQUOT: ("the disk quota is used up", "make room or give another folder in models.path"),
    errno.EROFS: ("the disk is read-only", "give another folder in models.path"),
    errno.EACCES: ("you may not write there", "use sudo, or give your own folder in models.path"),
    errno.EPERM: ("you may not write there", "use sudo, or give your own folder in models.path"),
    errno.ENOTDIR: ("a part of this path is a file", "give another folder in models.path"),
    errno.ENOENT: ("this cannot be made, or it is gone", "give another folder in models.path"),
    errno.EISDIR: ("a folder is in the way", "remove it"),
    errno.EIO: ("the disk or stick reports errors", "try another one"),
}
_MARGIN = 16 << 20  # bytes left free


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what a disk refuses into one sentence with a remedy; network errors pass through."""
    try:
        yield
    except OSError as error:
        if not is_of_disk(error):
            raise
        problem, remedy = _REASONS[error.errno]
        where = error.filename or path
        raise AssistantError(f"{os.fsdecode(where)}: {problem}; {remedy}") from None


def is_of_disk(error: OSError) -> bool:
    """Return whether a disk, not a network, caused ``error``."""
    return error.errno in _REASONS


@contextlib.contextmanager
def only_one(folder: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold ``folder`` for this process; ``waiting`` is called if another one holds it.

    The lock goes with the process, however that ends.
    """
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest_of(path: Path, algorithm: str = "sha256") -> str:
    """Return the file's digest in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(algorithm, usedforsecurity=False)
        ).hexdigest()


def write_json(path: Path, value: object) -> None:
    """Replace ``path`` by ``value`` as JSON, at once and for good."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, sort_keys=True)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def sync_tree(folder: Path) -> None:
    """Make everything in ``folder`` survive a power cut."""
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def swap_in(staged: Path, target: Path, trash: Path) -> None:
    """Move the finished folder ``staged`` to ``target``; what was there goes to ``trash``."""
    sync_tree(staged)
    shutil.rmtree(trash, ignore_errors=True)
    if target.exists() or target.is_symlink():
        target.rename(trash)
    staged.rename(target)
    sync_folder(target.parent)
    remove_tree(trash)


def remove_tree(path: Path) -> None:
    """Remove a folder or file, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def need_room(folder: Path, wanted: int) -> None:
    """Raise ``AssistantError`` when ``folder``'s disk has no room for ``wanted`` bytes more."""
    free = shutil.disk_usage(folder).free
    if free < wanted + _MARGIN:
        problem, remedy = _REASONS[errno.ENOSPC]
        needed = f"{free >> 20} MB free, {(wanted + _MARGIN) >> 20} needed"
        raise AssistantError(f"{folder}: {problem} ({needed}); {remedy}")
