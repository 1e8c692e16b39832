"""The one file everything is remembered in: migrations, damage, two processes, power cuts."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import store as store_module
from assistant.errors import AssistantError, BadInput
from assistant.journal import KEPT
from assistant.store import MIGRATIONS, Store, StoreBusy

TABLE = ("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT);",)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "deep" / "er" / "assistant.db"


def things(store: Store) -> list[tuple[int, str]]:
    return [tuple(row) for row in store.read("SELECT id, name FROM things ORDER BY id")]


def test_the_folder_is_made_and_facts_are_kept(path):
    store = Store(path)
    assert store.get("a", "b", 7) == 7
    store.set("a", "b", {"x": [1, None]})
    store.close()
    store = Store(path)
    assert store.get("a", "b") == {"x": [1, None]}
    store.set("a", "b", None)
    assert store.get("a", "b") is None
    assert store.report is None


def test_it_is_durable_and_readable_beside_a_writer(path):
    store = Store(path)
    assert store.read("PRAGMA journal_mode")[0][0] == "wal"
    assert store.read("PRAGMA synchronous")[0][0] == 2  # FULL


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_every_older_format_is_migrated(path, version, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(store_module, "MIGRATIONS", MIGRATIONS[:version])
        old = Store(path)
        if version:
            old.set("a", "b", 1)
        old.close()
    store = Store(path)
    assert store.read("PRAGMA user_version")[0][0] == len(MIGRATIONS)
    assert store.get("a", "b") == (1 if version else None)
    store.prepare("demo", TABLE)
    with store.step("demo", "x") as step:
        step.insert("things", name="milk")
    assert store.undo() == "x"


def test_a_newer_format_is_refused_and_left_alone(path):
    Store(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(BadInput, match="newer version"):
        Store(path)
    assert path.read_bytes() == before


def test_a_failing_migration_changes_nothing(path, monkeypatch):
    Store(path).close()
    bad = (*MIGRATIONS, "CREATE TABLE extra (a); CREATE TABLE broken (;")
    with monkeypatch.context() as patched:
        patched.setattr(store_module, "MIGRATIONS", bad)
        with pytest.raises(BadInput):
            Store(path)
    store = Store(path)
    assert store.report is None
    assert store.read("SELECT name FROM sqlite_master WHERE name = 'extra'") == []


def test_skill_tables_grow_by_their_scripts(path):
    store = Store(path)
    store.prepare("demo", TABLE)
    with store.write() as db:
        db.execute("INSERT INTO things (name) VALUES ('milk')")
    store.prepare("demo", TABLE)
    store.prepare("demo", (*TABLE, "ALTER TABLE things ADD COLUMN n INTEGER DEFAULT 3;"))
    assert [tuple(r) for r in store.read("SELECT name, n FROM things")] == [("milk", 3)]


@pytest.mark.parametrize(
    "junk", [b"this is not a database, sorry" * 40, b"SQLite format 3\0" * 300]
)
def test_a_damaged_file_is_kept_aside_and_reported(path, junk):
    path.parent.mkdir(parents=True)
    path.write_bytes(junk)
    store = Store(path)
    kept = list(path.parent.glob("assistant.db.damaged-*"))
    assert [k.read_bytes() for k in kept] == [junk]
    assert kept[0].name in store.report and str(path) in store.report
    store.set("a", "b", 1)
    store.close()
    assert Store(path).report is None


def test_damage_in_the_middle_is_found(path):
    store = Store(path)
    store.prepare("demo", TABLE)
    with store.write() as db:
        db.executemany("INSERT INTO things (name) VALUES (?)", [("x" * 400,)] * 200)
    store.close()
    data = bytearray(path.read_bytes())
    data[4096 * 4 : 4096 * 12] = b"\xa5" * (4096 * 8)
    path.write_bytes(data)
    store = Store(path)
    assert store.report and len(list(path.parent.glob("*.damaged-*"))) == 1


@pytest.mark.parametrize("bad", ["folder", "file in the way"])
def test_an_impossible_place_is_one_sentence(tmp_path, bad):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    path = tmp_path / "folder" if bad == "folder" else tmp_path / "file" / "x.db"
    with pytest.raises(BadInput, match="store.path"):
        Store(path)


def test_a_locked_file_says_so(path):
    store = Store(path, busy_s=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="in use by another program"):
        store.set("a", "b", 1)
    assert store.get("a", "b") is None  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    store.set("a", "b", 1)
    assert store.get("a", "b") == 1


def test_a_read_only_file_says_so(path):
    store = Store(path)
    store._db.execute("PRAGMA query_only = ON")
    with pytest.raises(AssistantError, match="cannot be written"):
        store.set("a", "b", 1)


def test_an_exception_rolls_back(path):
    store = Store(path)
    store.prepare("demo", TABLE)
    with pytest.raises(KeyError), store.step("demo", "x") as step:
        step.insert("things", name="milk")
        raise KeyError
    assert things(store) == [] and store.undo() is None


operations = st.lists(
    st.tuples(
        st.sampled_from(("insert", "update", "delete")), st.integers(0, 6), st.text(max_size=3)
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25)
@given(st.lists(operations, min_size=1, max_size=6))
def test_undo_is_the_inverse_and_redo_the_inverse_of_that(tmp_path_factory, steps):
    store = Store(tmp_path_factory.mktemp("db") / "x.db")
    store.prepare("demo", TABLE)
    states = [things(store)]
    for number, changes in enumerate(steps):
        with store.step("demo", str(number)) as step:
            for kind, row, name in changes:
                there = {r for (r,) in step.db.execute("SELECT id FROM things")}
                if kind == "insert":
                    step.insert("things", name=name)
                elif row in there and kind == "update":
                    step.update("things", row, name=name)
                elif row in there:
                    step.delete("things", row)
            changed = bool(step.changes)
        if changed:
            states.append(things(store))
    for state in reversed(states[:-1]):
        assert store.undo() is not None
        assert things(store) == state
    assert store.undo() is None
    for state in states[1:]:
        assert store.redo() is not None
        assert things(store) == state
    assert store.redo() is None
    store.close()


def test_a_new_step_ends_redo(path):
    store = Store(path)
    store.prepare("demo", TABLE)
    for name in ("a", "b"):
        with store.step("demo", name) as step:
            step.insert("things", name=name)
    store.undo()
    with store.step("demo", "c") as step:
        step.insert("things", name="c")
    assert store.redo() is None
    assert [store.undo(), store.undo(), store.undo()] == ["c", "a", None]


def test_only_the_latest_steps_are_kept(path):
    store = Store(path)
    store.prepare("demo", TABLE)
    for _ in range(KEPT + 5):
        with store.step("demo", "x") as step:
            step.insert("things", name="x")
    assert store.read("SELECT count(*) FROM steps")[0][0] == KEPT


def run(code: str, *arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )


SAY = """
import sys
from pathlib import Path
from tests.talking import Talk
talk = Talk(Path(sys.argv[1]))
for said in sys.argv[2:]:
    print(talk.say(said), flush=True)
if sys.argv[1].endswith("unfinished.db"):
    talk.store._db.execute("BEGIN IMMEDIATE")
    talk.store._db.execute("DELETE FROM entries")
    print("deleting", flush=True)
sys.stdin.read()
"""


def test_what_was_confirmed_survives_kill_9(path):
    process = run(SAY, path, "add milk and two eggs", "remove milk")
    assert process.stdout.readline() == "Added milk and two eggs.\n"
    assert process.stdout.readline() == "Removed milk.\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    store = Store(path)
    assert store.report is None
    assert [r["name"] for r in store.read("SELECT name FROM entries")] == ["eggs"]
    assert store.undo() == "removing milk"


def test_an_unfinished_change_is_gone_after_kill_9(tmp_path):
    path = tmp_path / "unfinished.db"
    process = run(SAY, path, "add milk")
    assert process.stdout.readline() == "Added milk.\n"
    assert process.stdout.readline() == "deleting\n"
    process.kill()
    process.communicate()
    assert [r["name"] for r in Store(path).read("SELECT name FROM entries")] == ["milk"]


WRITE = """
import sys
from assistant.store import Store
store = Store(sys.argv[1])
store.prepare("demo", ("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT);",))
for n in range(30):
    with store.step("demo", "x") as step:
        step.insert("things", name=f"{sys.argv[2]}{n}")
"""


def test_two_processes_write_at_once_and_nothing_is_lost(path):
    processes = [run(WRITE, path, name) for name in "ab"]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    names = sorted(name for _, name in things(Store(path)))
    assert names == sorted(f"{p}{n}" for p in "ab" for n in range(30))
