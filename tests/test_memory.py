"""Peak memory, of real processes and of what /proc may say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import memory
from assistant.speech.child import Child


def test_memory_that_was_used_and_given_back_counts():
    before = memory.peak().own
    del (block := bytearray(60_000_000))[:]
    del block
    assert memory.peak().own >= before
    assert memory.peak().own > 60


def test_an_engine_in_a_process_of_its_own_is_counted_while_it_lives(tmp_path):
    script = tmp_path / "engine.py"
    script.write_text(
        "import sys\n"
        "block = bytearray(40_000_000)\n"
        "block[::4096] = b'x' * len(block[::4096])\n"
        "sys.stdin.buffer.read(5)\n"
        "sys.stdout.buffer.write(bytes(5))\n"
        "sys.stdout.buffer.flush()\n"
        "sys.stdin.buffer.read()\n"
    )
    before = memory.peak().engines
    child = Child(script)
    child.ask(0)
    found = memory.peak()
    child.close()
    assert len(found.engines) == len(before) + 1
    assert max(found.engines) > 40
    assert found.total == pytest.approx(found.own + sum(found.engines))
    assert len(memory.peak().engines) == len(before)


def process(proc: Path, name: str, parent: int, peak_kb: int | None, called: str = "x") -> None:
    folder = proc / name
    folder.mkdir()
    (folder / "stat").write_text(f"7 ({called}) S {parent} 1 1")
    line = f"VmHWM:\t{peak_kb:8} kB\n" if peak_kb is not None else ""
    (folder / "status").write_text(f"Name:\t{called}\n{line}Threads:\t1\n")


def test_only_own_children_count_whatever_they_are_called(tmp_path):
    process(tmp_path, "self", 1, 100_000)
    process(tmp_path, "20", os.getpid(), 10_000, "a ) S 1 (b")
    process(tmp_path, "21", 1, 50_000)
    process(tmp_path, "22", os.getpid(), None)  # a process that ends has no memory any more
    (tmp_path / "23").mkdir()
    found = memory.peak(tmp_path)
    assert (found.own, found.engines) == (102.4, (10.24,))


def test_elsewhere_it_is_not_known(tmp_path):
    assert memory.peak(tmp_path) is None


@pytest.mark.skipif(memory.peak() is None, reason="there is no /proc here")
def test_what_is_freed_goes_back_to_the_system():
    """Small pieces that glibc keeps below a piece in use; in a process of its own."""
    script = """
import ctypes, re
from pathlib import Path
from assistant.memory import give_back

def resident_mb():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1000

libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
pieces = [libc.malloc(64_000) for _ in range(1000)]
for piece in pieces:
    ctypes.memset(piece, 1, 64_000)
for piece in pieces[:-1]:
    libc.free(piece)
before = resident_mb()
give_back()
print(before - resident_mb())
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert float(ran.stdout) > 40, ran.stderr
