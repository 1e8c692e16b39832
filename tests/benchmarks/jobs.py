"""Runs a benchmark's parts in several processes, with a progress bar, and remembers those done.

A part that was computed by the same code is read back from the temporary folder: an interrupted
benchmark goes on where it was.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = ("assistant", "skills", "tests/benchmarks", "tests/scenes")
CANCELLER = (
    *("echo", "kalman", "reference", "distortion", "residual"),
    *("aside", "path_change", "path_learner", "path_schedule", "path_solver", "path_sound"),
    "watchdog",
)
FRONT_END = (
    *(f"assistant/audio/{name}.py" for name in (*CANCELLER, "beam", "delay", "delay_search")),
    *(f"assistant/audio/{name}.py" for name in ("drift", "resample", "suppressor", "front_end")),
    "assistant/audio/post_filter.py",
    "assistant/audio/voice_activity.py",
    "assistant/audio/silero_.py",
    "assistant/room",
    "tests/benchmarks/far_end.py",
    "tests/benchmarks/bargein_hops.py",
    "tests/benchmarks/bargein_homes.py",
)  # what a cleaned signal depends on
HEARING = ("assistant/audio", "assistant/room", "assistant/settings.py", "tests/benchmarks")
PROCESSES = 2


def run_jobs(
    title: str,
    work: Callable,
    jobs: Sequence[tuple],
    console,
    sources: Iterable[str] = EVERYTHING,
    workers: int = PROCESSES,
) -> list:
    """Return ``work(*job)`` of every job in order; ``work`` is a module's own function.

    Every process computes with one thread. ``sources`` are the files the results depend on.
    """
    folder = Path(tempfile.gettempdir()) / "assistant-bench" / _digest(sources)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{work.__name__}-{_hash(repr(job).encode())}.pickle" for job in jobs]
    missing = [(job, path) for job, path in zip(jobs, paths, strict=True) if not path.exists()]
    columns = (TextColumn(title), BarColumn(), TextColumn("{task.completed} of {task.total}"))
    bar = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console)
    context = multiprocessing.get_context("spawn")
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")  # before they load numpy
    with bar, ProcessPoolExecutor(workers, mp_context=context) as pool:
        task = bar.add_task(title, total=len(jobs), completed=len(jobs) - len(missing))
        for done in as_completed([pool.submit(_keep, work, job, path) for job, path in missing]):
            done.result()
            bar.advance(task)
    return [pickle.loads(path.read_bytes()) for path in paths]


def _keep(work: Callable, job: tuple, path: Path) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(pickle.dumps(work(*job)))
    part.replace(path)


def _digest(sources: Iterable[str]) -> str:
    whole = hashlib.sha256()
    for source in sources:
        place = ROOT / source
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            whole.update(path.read_bytes() if path.exists() else b"")
    return whole.hexdigest()[:12]


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
