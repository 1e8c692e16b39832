"""Archives nobody vouches for: what is harmless comes out, what is not is refused by name."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import BadInput
from assistant.models import unpack as module
from assistant.models.unpack import unpack


def zipped(path: Path, *entries: tuple[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            out.writestr(info, data)
    return path


def tarred(path: Path, name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> Path:
    with tarfile.open(path, "w:gz") as out:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, to
        info.size = 5 if kind == tarfile.REGTYPE else 0
        out.addfile(info, io.BytesIO(b"hello"))
    return path


def test_zip_and_tar_come_out_the_same(tmp_path):
    unpack(zipped(tmp_path / "a.zip", ("m/", b""), ("m/a", b"hello")), tmp_path / "zip")
    unpack(tarred(tmp_path / "a.tar.gz", "m/a"), tmp_path / "tar")
    for kind in ("zip", "tar"):
        assert (tmp_path / kind / "m/a").read_bytes() == b"hello"


@pytest.mark.parametrize("name", ["../evil", "m/../../evil", "/etc/evil", "m\\..\\evil", "a\nb"])
def test_nothing_leaves_its_folder(tmp_path, name):
    for archive in (zipped(tmp_path / "a.zip", (name, b"x")), tarred(tmp_path / "a.tgz", name)):
        with pytest.raises(BadInput, match=r"a\.(zip|tgz): .*leads out"):
            unpack(archive, tmp_path / "in" / archive.suffix)
    assert not list(tmp_path.rglob("evil"))


def test_links_and_devices_are_refused(tmp_path):
    link = zipped(tmp_path / "a.zip", ("m", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777)
    with pytest.raises(BadInput, match="'m' is a link"):
        unpack(link, tmp_path / "zip")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        with pytest.raises(BadInput, match="'m' is a link or device"):
            unpack(tarred(tmp_path / "a.tar.gz", "m", kind, "/etc/passwd"), tmp_path / f"t{kind!r}")


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LONGEST", 1 << 20)
    bomb = zipped(tmp_path / "bomb.zip", ("zeros", bytes(3 << 20)))
    assert bomb.stat().st_size < 10_000
    with pytest.raises(BadInput, match="3 MB"):
        unpack(bomb, tmp_path / "out")
    data = bytearray(bomb.read_bytes())
    for at in (data.rfind(b"PK\1\2") + 24, data.find(b"PK\3\4") + 22):
        data[at : at + 4] = (100).to_bytes(4, "little")  # it says the file has 100 bytes
    bomb.write_bytes(data)
    with pytest.raises(BadInput, match=r"bomb\.zip"):
        unpack(bomb, tmp_path / "again")
    assert sum(p.stat().st_size for p in (tmp_path / "again").rglob("*")) < 1 << 20


@given(st.integers(0, 10_000), st.sampled_from(["cut", "flip", "noise"]))
def test_a_damaged_archive_is_whole_or_refused(tmp_path_factory, seed, how):
    folder, rng = tmp_path_factory.mktemp("u"), Random(seed)
    content = rng.randbytes(2000)
    path = zipped(folder / "a.zip", ("m/a", content), ("m/b", b"b" * 100))
    data = bytearray(path.read_bytes())
    if how == "cut":
        del data[rng.randrange(len(data)) :]
    elif how == "flip":
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    else:
        at = rng.randrange(len(data) - 20)
        data[at : at + 20] = rng.randbytes(20)
    path.write_bytes(data)
    try:
        unpack(path, folder / "out")
    except BadInput as refused:
        assert "a.zip" in str(refused)
    else:
        out = [p.read_bytes() for p in sorted((folder / "out").rglob("*")) if p.is_file()]
        assert set(out) <= {content, b"b" * 100}
