"""Everything the speaker remembers: one SQLite file that survives a power cut.

Write-ahead log with ``synchronous=FULL``: when a transaction has returned, its data is on the
disk (https://sqlite.org/pragma.html#pragma_synchronous). The file may be used by a second
process at the same time; each ``Store`` object by one thread at a time.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.errors import AssistantError, BadInput
from assistant.journal import Journal, Step

_log = logging.getLogger(__name__)

# Script n brings the file from user_version n to n + 1. Never change one that was released.
MIGRATIONS = (
    """
    CREATE TABLE skill_tables (skill TEXT PRIMARY KEY, version INTEGER NOT NULL);
    CREATE TABLE facts (owner TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (owner, key));
    """,
    """
    CREATE TABLE steps (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, skill TEXT NOT NULL,
        label TEXT NOT NULL, changes TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0);
    """,
)


class StoreBusy(AssistantError):
    """Says that another program held the file for too long; nothing was changed."""


class Store:
    """Opens ``path``, making it and its folder when missing.

    ``report`` is ``None``, or a sentence about a damaged file that was moved aside. Raises
    ``BadInput`` when the place cannot be used or a newer version wrote the file. ``busy_s`` is
    how long to wait for another process.
    """

    def __init__(self, path: str | Path, *, busy_s: float = 5.0) -> None:
        self.path = Path(path).expanduser()
        self.report: str | None = None
        self._busy_s = busy_s
        self._make_folder()
        try:
            self._db = self._open()
        except sqlite3.DatabaseError as e:
            if not _is_damage(e):
                raise self._unusable(e) from e
            self._move_aside()
            self._db = self._open()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._db.close()

    def prepare(self, skill: str, scripts: Sequence[str]) -> None:
        """Run those of a skill's table scripts that this file has not seen, in order.

        Raises ``sqlite3.Error`` for a faulty script, which then changes nothing.
        """
        with self.write() as db:
            row = db.execute("SELECT version FROM skill_tables WHERE skill = ?", (skill,))
            version = (row.fetchone() or (0,))[0]
            for script in scripts[version:]:
                _run(db, script)
            db.execute(
                "INSERT INTO skill_tables VALUES (?, ?) "
                "ON CONFLICT (skill) DO UPDATE SET version = max(version, excluded.version)",
                (skill, len(scripts)),
            )

    def read(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._errors():
            return self._db.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction: all of it is on the disk at the end, or nothing of it ever is.

        Raises ``StoreBusy`` when another process keeps the file.
        """
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextlib.contextmanager
    def step(self, skill: str, label: str = "") -> Iterator[Step]:
        """Open a transaction whose changes can be undone by voice.

        ``label`` says what is done, "adding milk"; it may be set on the step until its end.
        """
        with self.write() as db:
            step = Step(db, skill, label)
            yield step
            Journal(db).record(step, time.time())

    def undo(self) -> str | None:
        """Take back the latest step; return its label, ``None`` when there is none."""
        with self.write() as db:
            return Journal(db).undo()

    def redo(self) -> str | None:
        """Do the step again that was undone last; return its label, ``None`` without one."""
        with self.write() as db:
            return Journal(db).redo()

    def get(self, owner: str, key: str, default: object = None) -> object:
        """Return a small fact, stored as JSON."""
        rows = self.read("SELECT value FROM facts WHERE owner = ? AND key = ?", owner, key)
        return json.loads(rows[0][0]) if rows else default

    def set(self, owner: str, key: str, value: object) -> None:
        """Remember a small fact (anything JSON can hold); ``None`` forgets it."""
        with self.write() as db:
            db.execute("DELETE FROM facts WHERE owner = ? AND key = ?", (owner, key))
            if value is not None:
                db.execute("INSERT INTO facts VALUES (?, ?, ?)", (owner, key, json.dumps(value)))

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise self._unusable(e) from e
        if self.path.is_dir():
            raise BadInput(f"store.path {self.path}", "is a folder", "name a file in it")

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self.path, timeout=self._busy_s, isolation_level=None, check_same_thread=False
        )
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            problem = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if problem != "ok":
                raise sqlite3.DatabaseError(f"database disk image is malformed: {problem}")
            self._migrate(db)
        except BaseException:
            db.close()
            raise
        return db

    def _migrate(self, db: sqlite3.Connection) -> None:
        if _version(db) == len(MIGRATIONS):
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            version = _version(db)  # another process may have been quicker
            if version > len(MIGRATIONS):
                raise BadInput(
                    f"store.path {self.path}",
                    f"was written by a newer version of this program (format {version})",
                    "update, or name another file",
                )
            for script in MIGRATIONS[version:]:
                _run(db, script)
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _move_aside(self) -> None:
        """Rename the damaged file and its log; never delete what somebody may rescue."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        target = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        number = 1
        while target.exists():
            number += 1
            target = self.path.with_name(f"{self.path.name}.damaged-{stamp}-{number}")
        for suffix in ("", "-wal", "-shm"):
            source = Path(f"{self.path}{suffix}")
            if source.exists():
                source.rename(f"{target}{suffix}")
        self.report = (
            f"{self.path} was damaged and could not be read; it was kept as {target.name} "
            "and an empty one was started"
        )
        _log.warning("%s", self.report)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as e:
            if "locked" in str(e) or "busy" in str(e):
                raise StoreBusy(
                    f"{self.path} is in use by another program; try again, or close that program"
                ) from e
            if "full" in str(e) or "readonly" in str(e):
                raise AssistantError(f"{self.path} cannot be written: {e}") from e
            raise

    def _unusable(self, error: Exception) -> Exception:
        if "locked" in str(error) or "busy" in str(error):
            return StoreBusy(
                f"{self.path} is in use by another program; try again, or close that program"
            )
        return BadInput(
            f"store.path {self.path}",
            f"cannot be used ({error})",
            "name a file in a folder you may write to",
        )


def _version(db: sqlite3.Connection) -> int:
    return db.execute("PRAGMA user_version").fetchone()[0]


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return any(sign in str(error) for sign in ("not a database", "malformed", "corrupt"))


def _run(db: sqlite3.Connection, script: str) -> None:
    """Run several statements inside the open transaction (``executescript`` would commit it)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
    if statement.strip():
        db.execute(statement)
