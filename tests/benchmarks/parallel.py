"""Runs the rooms of a benchmark in several processes and hands the results back in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Job, Result = TypeVar("Job"), TypeVar("Result")


def in_order(work: Callable[[Job], Result], jobs: list[Job], workers: int) -> Iterator[Result]:
    """Yield ``work(job)`` for every job, in their order; one worker is this process itself.

    ``work`` must be a function of a module. Every process computes with one thread.
    """
    if workers < 2 or len(jobs) < 2:
        yield from map(work, jobs)
        return
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")  # before they load numpy
    with ProcessPoolExecutor(min(workers, len(jobs)), get_context("spawn")) as pool:
        yield from pool.map(work, jobs)
