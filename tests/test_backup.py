"""Copies of the store: whole, checked, seven of them, and made while the speaker writes."""

from __future__ import annotations

import sqlite3
import threading
from datetime import datetime, timedelta

import pytest

from assistant.backup import KEPT, back_up, copies, copy
from assistant.cli import main
from assistant.errors import AssistantError, BadInput
from assistant.store import Store

NIGHT = datetime(2026, 11, 23, 3, 30)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "assistant.db")
    store.set("household", "milk", 2)
    yield store
    store.close()


def remembered(path) -> int:
    store = Store(path)
    try:
        return store.get("household", "milk")
    finally:
        store.close()


def test_a_copy_of_an_open_store_holds_its_last_word(store, tmp_path):
    copied = back_up(store.path, tmp_path / "backups", NIGHT)
    assert copied.name == "assistant-20261123-033000.db"
    store.set("household", "milk", 3)
    assert remembered(copied) == 2
    assert [p.name for p in copied.parent.iterdir()] == [copied.name]


def test_the_newest_seven_are_kept_and_nothing_else_is_touched(store, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    mine = folder / "mine.db"
    mine.write_bytes(b"of the owner")
    made = [back_up(store.path, folder, NIGHT + timedelta(days=day)) for day in range(12)]
    assert copies(folder) == made[-KEPT:] and len(copies(folder)) == 7
    assert mine.read_bytes() == b"of the owner"


def test_copies_made_while_another_thread_writes_are_whole(store, tmp_path):
    enough = threading.Event()

    def write() -> None:
        other = Store(store.path)
        count = 0
        while not enough.is_set():
            count += 1
            with other.write() as db:
                for key in ("one", "two"):
                    db.execute(
                        "INSERT OR REPLACE INTO facts VALUES ('pair', ?, ?)", (key, str(count))
                    )
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(10):
            copy(store.path, tmp_path / f"{number}.db")
    finally:
        enough.set()
        writer.join()
    for number in range(10):
        db = sqlite3.connect(tmp_path / f"{number}.db")
        pair = dict(db.execute("SELECT key, value FROM facts WHERE owner = 'pair'"))
        db.close()
        assert len(set(pair.values())) <= 1


def test_a_damaged_store_never_replaces_a_good_copy(store, tmp_path):
    good = tmp_path / "copy.db"
    copy(store.path, good)
    store.close()
    damaged = bytearray(store.path.read_bytes())
    damaged[4096:8192] = b"\xff" * 4096
    store.path.write_bytes(damaged)
    with pytest.raises(AssistantError, match="could not be copied"):
        copy(store.path, good)
    assert remembered(good) == 2
    assert not list(tmp_path.glob("*.part"))


def test_what_cannot_be_is_refused_with_a_remedy(store, tmp_path):
    with pytest.raises(BadInput, match="nothing was stored yet"):
        copy(tmp_path / "none.db", tmp_path / "copy.db")
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        copy(store.path, tmp_path / "file" / "copy.db")


def test_the_command(store, tmp_path, capsys):
    here = ["--set", f"store.path={store.path}"]
    assert main(["backup", *here]) == 0
    (copied,) = copies(tmp_path / "backups")
    assert capsys.readouterr().out == f"Copied to {copied}\n"
    assert main(["backup", "--to", str(tmp_path / "a" / "b.db"), *here]) == 0
    assert remembered(tmp_path / "a" / "b.db") == 2
    nowhere = ["--set", f"store.path={tmp_path}/none.db"]
    assert main(["backup", *nowhere]) == 2
    assert main(["backup", "--quiet", *nowhere]) == 0
