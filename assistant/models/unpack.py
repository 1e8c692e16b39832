"""Unpack an archive that nobody vouches for: nothing leaves its folder, nothing grows without end.

Sources of the dangers: CWE-22 (path traversal), CWE-59 (links), CWE-409 (compression bombs).
"""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from assistant.errors import BadInput
from assistant.models.disk import need_room

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_LONGEST = 2 << 30  # bytes unpacked, all files together
_MOST = 5000  # files
_AGAIN = "fetch it again"
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError,
    NotImplementedError, RuntimeError, IndexError, KeyError,
)  # fmt: skip


def is_archive(name: str) -> bool:
    """Return whether a file's name is that of an archive."""
    return name.lower().endswith(SUFFIXES)


def unpack(archive: Path, folder: Path, name: str = "") -> None:
    """Unpack a zip or tar ``archive`` into the new folder ``folder``.

    ``name`` tells its kind where the file's own name does not.

    Only plain files and folders with harmless names are taken; anything else, a wrong checksum or
    too much of it is refused with ``BadInput`` naming the archive and the file. On an error
    ``folder`` may be left half full.
    """
    folder.mkdir(parents=True)
    try:
        if (name or archive.name).lower().endswith(".zip"):
            _unpack_zip(archive, folder)
        else:
            _unpack_tar(archive, folder)
    except BadInput:
        raise
    except _BROKEN as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise BadInput(str(archive), f"not a whole archive ({reason})", _AGAIN) from None
    except OSError as error:
        if error.errno is not None:  # the disk's
            raise
        raise BadInput(str(archive), f"not a whole archive ({error})", _AGAIN) from None


def _unpack_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        entries = opened.infolist()
        _check_size(archive, folder, [(e.filename, e.file_size) for e in entries])
        for entry in entries:
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise BadInput(str(archive), f"{entry.filename[:80]!r} is a link", _AGAIN)
            target = _inside(archive, folder, entry.filename)
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            with opened.open(entry) as source:
                _copy(archive, source, target, entry.file_size)


def _unpack_tar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        entries = list(_members(archive, opened))
        _check_size(archive, folder, [(e.name, e.size) for e in entries])
        for entry in entries:
            target = _inside(archive, folder, entry.name)
            if entry.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            source = opened.extractfile(entry)
            with source:
                _copy(archive, source, target, entry.size)


def _members(archive: Path, opened: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for count, entry in enumerate(opened):
        if count >= _MOST:
            raise BadInput(str(archive), f"has more than {_MOST} files", _AGAIN)
        if not (entry.isreg() or entry.isdir()):
            raise BadInput(str(archive), f"{entry.name[:80]!r} is a link or device", _AGAIN)
        yield entry


def _check_size(archive: Path, folder: Path, entries: list[tuple[str, int]]) -> None:
    total = sum(size for _, size in entries)
    if len(entries) > _MOST or total > _LONGEST:
        raise BadInput(
            str(archive), f"unpacks to {len(entries)} files, {total >> 20} MB", "that is no model"
        )
    need_room(folder, total)


def _inside(archive: Path, folder: Path, name: str) -> Path:
    """Return where an entry goes; refuse a name that leads out of ``folder``."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
        raise BadInput(str(archive), f"{name[:80]!r} leads out of its folder", _AGAIN)
    return folder.joinpath(*path.parts)


def _copy(archive: Path, source: BinaryIO, target: Path, size: int) -> None:
    """Write one file; a zip's checksum is compared by the reader at the end."""
    if target.exists():
        raise BadInput(str(archive), f"{target.name!r} is in it twice", _AGAIN)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as out:
        shutil.copyfileobj(source, out, 1 << 18)
        if out.tell() != size:
            raise BadInput(str(archive), f"{target.name!r} is cut off", _AGAIN)
