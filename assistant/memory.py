"""How much memory the speaker has needed: its own process and the engines' beside it (Linux)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Peak:
    """The largest resident memory so far, in MB (10^6 bytes); libraries count in each process."""

    own: float
    engines: tuple[float, ...]  # one for each child process alive now

    @property
    def total(self) -> float:
        """All of it, as if every process had been at its largest at the same moment."""
        return self.own + sum(self.engines)


def peak(proc: Path = PROC) -> Peak | None:
    """Return the peak of this process and of its children; None where ``/proc`` is not there.

    Reads VmHWM of proc(5). A child that has ended is not counted: ask before closing the engines.
    """
    own = _peak_mb(proc / "self")
    if own is None:
        return None
    engines = (_peak_mb(folder) for folder in children(proc))
    return Peak(own, tuple(mb for mb in engines if mb is not None))


def give_back() -> None:
    """Return freed memory to the system, where the C library is glibc; a few milliseconds.

    glibc keeps what large arrays leave behind (malloc_trim(3)): after a start that is the tenth
    part of all the speaker needs. Not for the audio thread.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def children(proc: Path = PROC) -> list[Path]:
    """Return the ``/proc`` folders of the processes that this one started and that still live."""
    found, parent = [], os.getpid()
    for folder in sorted(proc.glob("[0-9]*")):
        try:
            # The name in brackets may hold anything, brackets and spaces included.
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after_name[1]) == parent:
            found.append(folder)
    return found


def _peak_mb(folder: Path) -> float | None:
    try:
        found = _PEAK.search((folder / "status").read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 / 1e6 if found else None
