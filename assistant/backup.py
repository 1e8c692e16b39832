"""Copies the store while it is in use, and keeps the newest few copies.

SQLite's online backup (https://sqlite.org/backup.html) takes a consistent copy beside a running
speaker. A copy is checked, written to the disk and only then given its name.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from datetime import datetime
from pathlib import Path

from assistant.errors import AssistantError, BadInput

KEPT = 7
_NAME = re.compile(r"assistant-\d{8}-\d{6}\.db")


def back_up(store: Path, folder: Path, now: datetime, kept: int = KEPT) -> Path:
    """Copy ``store`` into ``folder`` under a name of the time; keep the newest ``kept`` copies.

    Returns the copy. Raises what ``copy`` raises. Files with other names are left alone.
    """
    target = folder / f"assistant-{now:%Y%m%d-%H%M%S}.db"
    copy(store, target)
    for old in copies(folder)[:-kept]:
        old.unlink(missing_ok=True)
    return target


def copies(folder: Path) -> list[Path]:
    """Return the copies in ``folder``, the oldest first."""
    return sorted(path for path in folder.glob("*.db") if _NAME.fullmatch(path.name))


def copy(store: Path, target: Path) -> None:
    """Copy ``store`` to ``target``, replacing it whole or not at all.

    Raises BadInput where there is no store or ``target`` cannot be written, AssistantError for a
    store that is damaged: a good older copy is never replaced by a damaged one.
    """
    if not store.is_file():
        raise BadInput(str(store), "is not there", "nothing was stored yet; check store.path")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        _copy(store, part)
        _sync(part)
        os.replace(part, target)
        _sync(target.parent)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadInput(str(target), f"cannot be written: {reason}", "give another place") from None
    except sqlite3.Error as error:
        raise AssistantError(f"{store} could not be copied: {error}") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _copy(store: Path, part: Path) -> None:
    # Not read-only: the newest changes may still be in the write-ahead log only.
    with (
        contextlib.closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=rw", uri=True)) as old,
        contextlib.closing(sqlite3.connect(part)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")
        (answer,) = new.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise sqlite3.DatabaseError(f"it is damaged ({answer})")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
