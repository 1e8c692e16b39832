"""From a lying server, a folder, an archive or a stick onto the shelf: a whole model or none."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from random import Random

import pytest

from assistant.errors import AssistantError, BadInput
from assistant.models import disk, fetch
from assistant.models.check import check
from assistant.models.registry import Model
from assistant.models.shelf import FIRST, PUBLISHED, UNKNOWN, Shelf, damage
from assistant.speech.vosk_ import HOUSEHOLD
from tests.models import things
from tests.models.server import FAULTS, FINAL, WRONG, LyingServer

RUNS = 200
PATH = f"/{things.NAME}.zip"


@pytest.fixture(scope="module")
def server():
    with LyingServer({PATH: things.archive()}) as server:
        yield server


@pytest.fixture(autouse=True)
def honest(server):
    server.plan(())


@pytest.fixture
def model(server):
    return things.vosk(things.published(server.url(PATH), things.archive()))


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "models")


def get(shelf: Shelf, model: Model, progress=None) -> Path:
    with disk.only_one(shelf.folder):
        return fetch.from_network(shelf, model, things.PATIENCE, progress)


def whole_or_absent(shelf: Shelf, model: Model) -> bool:
    """Return whether the model is there; it must be the whole one then."""
    path = shelf.folder / model.name
    if not path.exists():
        return False
    assert things.tree(path) == things.tree(HOUSEHOLD)
    assert damage(path, thorough=True) == ""
    return True


class Unplugged(BaseException):
    """Ends a download like Ctrl-C."""


def interrupt_at(rng: Random):
    left = rng.randrange(1, 20)

    def progress(name: str, done: int, total: int | None) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Unplugged

    return progress


@pytest.mark.slow
def test_200_random_faults_end_in_a_whole_model_or_a_sentence(server, tmp_path):
    """Every run meets up to five faults, sometimes for ever, sometimes Ctrl-C as well."""
    outcomes = {"installed": 0, "refused": 0}
    for run in range(RUNS):
        rng = Random(run)
        digest = run % 4 != 0
        model = things.vosk(things.published(server.url(PATH), things.archive(), digest))
        shelf = Shelf(tmp_path / str(run))
        faults = [rng.choice(sorted(set(FAULTS) - {"fine"})) for _ in range(rng.randrange(1, 6))]
        server.plan([*faults, "for ever"] if run % 10 == 9 else faults, seed=run)
        final = set(faults) & FINAL or run % 10 == 9
        lies = sum(fault in WRONG for fault in faults)
        try:
            with contextlib.suppress(Unplugged):
                get(shelf, model, interrupt_at(rng) if rng.random() < 0.3 else None)
            if not whole_or_absent(shelf, model):
                get(shelf, model)
        except AssistantError as error:
            outcomes["refused"] += 1
            assert not whole_or_absent(shelf, model)
            assert str(error).startswith(things.NAME) and "\n" not in str(error)
            assert final or lies or not digest, (run, faults, str(error))
        else:
            outcomes["installed"] += 1
            assert whole_or_absent(shelf, model)
        shutil.rmtree(shelf.folder)
    print(f"{RUNS} runs of up to 5 random faults: {outcomes}")
    assert outcomes["installed"] > 100 and outcomes["refused"] > 30


def test_a_model_arrives_whole_with_a_receipt_and_nothing_left_over(shelf, model, server):
    server.plan(["cut", "stalls"])
    path = get(shelf, model)
    assert path == shelf.folder / model.name and whole_or_absent(shelf, model)
    there = shelf.installed(model, thorough=True)
    assert there.verified == PUBLISHED and there.problem == ""
    assert there.digests == {f"{model.name}.zip": model.files[0].digest}
    assert sorted(p.name for p in shelf.work.rglob("*")) == []


@pytest.mark.parametrize("lie", ["damaged", "secret change"])
def test_a_lie_told_once_is_seen_through_and_told_twice_refused(shelf, model, server, lie):
    server.plan([lie])
    get(shelf, model)
    assert whole_or_absent(shelf, model)
    shelf.remove(model)
    server.plan(["damaged", "for ever"])
    with pytest.raises(AssistantError, match="SHA256 is not the published one"):
        get(shelf, model)
    assert not whole_or_absent(shelf, model)


def test_without_a_published_sum_the_first_file_is_pinned(shelf, server):
    model = things.vosk(things.published(server.url(PATH), things.archive(), digest=False))
    get(shelf, model)
    assert shelf.installed(model).verified == FIRST
    shelf.remove(model)
    files, server.files = server.files, {PATH: things.archive("another")}
    try:
        with pytest.raises(AssistantError, match="another file than the one fetched first"):
            get(shelf, model)
    finally:
        server.files = files
    get(shelf, model)
    shelf.remove(model, forget=True)
    assert shelf.pins() == {}


def test_an_archive_of_something_else_is_refused_by_name(shelf, server):
    other = things.archive("vosk-model-big")
    server.files["/other.zip"] = other
    model = things.vosk(things.published(server.url("/other.zip"), other))
    with pytest.raises(BadInput, match=f"holds vosk-model-big, not {model.name}"):
        get(shelf, model)
    assert shelf.installed(model) is None and not list(shelf.work.rglob("*.part"))


KILLED = """
import os, signal, sys
from pathlib import Path
from assistant.models import check, disk, fetch  # with all they need, before the forks
from assistant.models.registry import File
from assistant.models.shelf import Shelf
from tests.models import things
url, folder, first, step = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
model = things.vosk(things.published(url, things.archive()))
check.check(model, things.HOUSEHOLD)
at, ended = first, None
while ended != 0:
    shelf = Shelf(folder / str(at))
    pid = os.fork()
    if pid == 0:
        left = at
        def hook(event, arguments):
            global left
            if event.split(".")[0] in ("open", "os", "shutil", "socket", "fcntl"):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(hook)
        with disk.only_one(shelf.folder):
            fetch.from_network(shelf, model, things.PATIENCE)
        os._exit(0)
    ended = os.waitpid(pid, 0)[1]
    at += step
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_whole_model_or_none(server, model, tmp_path):
    """The process is killed (SIGKILL) at its first, eighth, fifteenth … system call of note."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    subprocess.run(
        [sys.executable, "-c", KILLED, model.files[0].url, str(tmp_path), "1", "7"],
        check=True, timeout=120, env=environment, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    shelves = [Shelf(path) for path in tmp_path.iterdir()]
    assert len(shelves) > 10
    found = [whole_or_absent(shelf, model) for shelf in shelves]
    assert any(found) and not all(found)
    for shelf in shelves:  # and the next time it goes on from whatever is left
        get(shelf, model)
        assert whole_or_absent(shelf, model)


def test_two_at_once_do_the_work_once_and_both_find_the_model(server, shelf, model):
    server.requests.clear()
    waited, errors = [], []

    def run() -> None:
        try:
            with disk.only_one(shelf.folder, lambda: waited.append(True)):
                if shelf.installed(model) is None:
                    fetch.from_network(shelf, model, things.PATIENCE)
        except Exception as error:  # a thread's errors are lost otherwise
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    with disk.only_one(shelf.folder):
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert not errors and whole_or_absent(shelf, model)
    assert len(server.requests) == 1


def test_a_damaged_model_is_named_and_replaced(server, shelf, model):
    path = get(shelf, model)
    words = path / "graph/words.txt"
    words.write_bytes(words.read_bytes()[:-1] + b"!")
    assert shelf.installed(model).problem == "graph/words.txt is damaged"
    get(shelf, model)
    assert whole_or_absent(shelf, model)
    (path / "am/final.mdl").unlink()
    assert shelf.installed(model).problem == "am/final.mdl is missing"


def test_a_flipped_bit_under_the_old_date_is_found_by_reading(server, shelf, model):
    path = get(shelf, model) / "graph/words.txt"
    before, data = path.stat(), bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert shelf.installed(model).problem == ""
    assert shelf.installed(model, thorough=True).problem == "graph/words.txt is damaged"


# --- from a folder, an archive, a stick ---------------------------------------------------------


def take(shelf: Shelf, place: Path, model: Model) -> Path:
    (found,) = fetch.search(place, [model], shelf.work / "inbox")
    with disk.only_one(shelf.folder):
        return fetch.from_folder(shelf, found)


@pytest.fixture
def stick(tmp_path):
    folder = tmp_path / "stick" / "Downloads" / "more"
    folder.mkdir(parents=True)
    return folder


def test_a_stick_is_searched_for_the_archive(shelf, model, stick):
    (stick / f"{model.name}.zip").write_bytes(things.archive())
    take(shelf, stick.parents[1], model)
    assert whole_or_absent(shelf, model) and shelf.installed(model).verified == PUBLISHED
    shelf.remove(model)
    take(shelf, stick / f"{model.name}.zip", model)
    assert whole_or_absent(shelf, model)


def test_an_unpacked_model_is_taken_but_called_unverified(shelf, model, stick):
    shutil.copytree(HOUSEHOLD, stick / model.name)
    take(shelf, stick.parents[1], model)
    assert whole_or_absent(shelf, model) and shelf.installed(model).verified == UNKNOWN


def test_an_archive_of_archives_is_opened(shelf, model, stick):
    everything = stick / "everything.tar.gz"
    with tarfile.open(everything, "w:gz") as out:
        info = tarfile.TarInfo(f"models/{model.name}.zip")
        info.size = len(things.archive())
        out.addfile(info, io.BytesIO(things.archive()))
    take(shelf, everything, model)
    assert whole_or_absent(shelf, model) and shelf.installed(model).verified == PUBLISHED


@pytest.mark.parametrize("size", [0, 1000, -1])
def test_a_cut_off_archive_on_a_stick_is_refused_by_name(shelf, model, stick, size):
    path = stick / f"{model.name}.zip"
    path.write_bytes(things.archive()[:size])
    with pytest.raises(BadInput, match=rf"{path}: has \d+ bytes, not the published"):
        take(shelf, stick, model)
    assert shelf.installed(model) is None


def test_links_on_a_stick_are_not_followed(shelf, model, stick):
    shutil.copytree(HOUSEHOLD, stick / model.name)
    (stick / model.name / "conf" / "secret").symlink_to("/etc/passwd")
    with pytest.raises(BadInput, match="secret: is a link"):
        take(shelf, stick, model)
    assert shelf.installed(model) is None


def test_a_place_that_is_not_there_or_not_a_model_is_refused(shelf, model, stick):
    with pytest.raises(BadInput, match="no such file or folder"):
        fetch.search(stick / "none", [model], shelf.work)
    (stick / "notes.txt").write_text("hello")
    with pytest.raises(BadInput, match=f"known files: {model.name}.zip"):
        fetch.search(stick / "notes.txt", [model], shelf.work)
    assert fetch.search(stick, [model], shelf.work) == []


# --- disks --------------------------------------------------------------------------------------


def test_a_full_disk_is_said_before_it_is_full(server, shelf, model, monkeypatch):
    monkeypatch.setattr(disk, "_MARGIN", 1 << 60)
    with pytest.raises(AssistantError, match=r"the disk is full \(\d+ MB free, \d+ needed\)"):
        get(shelf, model)
    assert shelf.installed(model) is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_disk_that_fills_up_is_named(server, shelf, model):
    part = shelf.part(model, model.files[0])
    part.symlink_to("/dev/full")
    disk.write_json(part.with_name(f"{part.name}.json"), {"url": model.files[0].url, "version": ""})
    with pytest.raises(AssistantError, match="the disk is full; make room"):
        get(shelf, model)
    assert shelf.installed(model) is None


def test_a_folder_that_cannot_be_is_named(tmp_path, model):
    (tmp_path / "file").write_text("")
    with pytest.raises(AssistantError, match="is a file; give another folder in models.path"):
        get(Shelf(tmp_path / "file" / "models"), model)


def test_what_is_installed_passes_its_check(server, shelf, model):
    check(model, get(shelf, model))
