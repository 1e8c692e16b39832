"""Undo and redo for everything skills store: each step keeps its rows before and after."""

from __future__ import annotations

import json
import sqlite3

KEPT = 100  # steps that can be taken back


class Step:
    """One undoable change, inside a transaction of ``Store.step``.

    Tables changed through it have an ``id INTEGER PRIMARY KEY``. ``db`` is for reading.
    """

    def __init__(self, db: sqlite3.Connection, skill: str, label: str) -> None:
        self.db, self.skill, self.label = db, skill, label
        self.changes: list[tuple[str, int, dict | None, dict | None]] = []

    def insert(self, table: str, **values: object) -> int:
        """Add a row; return its id."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        cursor = self.db.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())
        )
        row = int(cursor.lastrowid or 0)
        self.changes.append((table, row, None, _row(self.db, table, row)))
        return row

    def update(self, table: str, row: int, **values: object) -> None:
        """Change columns of the row with id ``row``."""
        before = _row(self.db, table, row)
        sets = ", ".join(f"{name} = ?" for name in values)
        self.db.execute(f"UPDATE {table} SET {sets} WHERE id = ?", (*values.values(), row))
        self.changes.append((table, row, before, _row(self.db, table, row)))

    def delete(self, table: str, row: int) -> None:
        """Remove the row with id ``row``."""
        self.changes.append((table, row, _row(self.db, table, row), None))
        self.db.execute(f"DELETE FROM {table} WHERE id = ?", (row,))


class Journal:
    """The steps of a store, inside one transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def record(self, step: Step, at: float) -> None:
        """Keep ``step`` for undo; what was undone before it can no longer be redone."""
        if not step.changes:
            return
        self._db.execute("DELETE FROM steps WHERE undone = 1")
        self._db.execute(
            "INSERT INTO steps (at, skill, label, changes) VALUES (?, ?, ?, ?)",
            (at, step.skill, step.label, json.dumps(step.changes)),
        )
        self._db.execute("DELETE FROM steps WHERE id <= (SELECT max(id) FROM steps) - ?", (KEPT,))

    def undo(self) -> str | None:
        """Bring the rows of the latest step back; return its label."""
        return self._move("undone = 0 ORDER BY id DESC", undone=1)

    def redo(self) -> str | None:
        """Make the changes of the last undone step again; return its label."""
        return self._move("undone = 1 ORDER BY id", undone=0)

    def _move(self, which: str, undone: int) -> str | None:
        found = self._db.execute(f"SELECT * FROM steps WHERE {which} LIMIT 1").fetchone()
        if found is None:
            return None
        changes = json.loads(found["changes"])
        for table, row, before, after in reversed(changes) if undone else changes:
            self._put(table, row, before if undone else after)
        self._db.execute("UPDATE steps SET undone = ? WHERE id = ?", (undone, found["id"]))
        return found["label"]

    def _put(self, table: str, row: int, values: dict | None) -> None:
        self._db.execute(f"DELETE FROM {table} WHERE id = ?", (row,))
        if values is not None:
            names, marks = ", ".join(values), ", ".join("?" * len(values))
            self._db.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())
            )


def _row(db: sqlite3.Connection, table: str, row: int) -> dict | None:
    found = db.execute(f"SELECT * FROM {table} WHERE id = ?", (row,)).fetchone()
    return dict(found) if found is not None else None
