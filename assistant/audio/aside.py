"""Runs what is too long for the audio thread beside it, and says when the result may be used."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class Aside(Generic[Task, Result]):
    """Works on one task at a time. ``submit`` and ``poll`` belong to the audio thread.

    ``work`` makes a result, or None, of a task; ``due`` hops after a request it comes. With
    ``background`` a thread called ``name`` works, and the result is used at the first hop from the
    due one at which it is there; otherwise it is computed on the due hop itself, so that a
    simulation, faster or slower than real time, always gives the same. ``busy`` tells that a
    result is still to come; ``seconds`` what working on the caller's thread has taken so far.
    """

    def __init__(
        self, work: Callable[[Task], Result | None], due: int, name: str, background: bool
    ) -> None:
        self.busy, self.seconds = False, 0.0
        self._work, self._due = work, due
        self._left = 0
        self._task: Task | None = None
        self._stale = False
        self._requests: SimpleQueue[Task | None] | None = None
        self._results: SimpleQueue[Result | None] = SimpleQueue()
        if background:
            self._requests = SimpleQueue()
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (task := self._requests.get()) is not None:
            self._results.put(self._work(task))

    def close(self) -> None:
        """Let the thread end, and wait for it: a task takes a fraction of a second."""
        if self._requests is not None:
            self._requests.put(None)
            self._thread.join(timeout=5.0)

    def submit(self, task: Task) -> None:
        """Ask for the result of ``task``; only when not ``busy``."""
        self.busy, self._left, self._stale = True, self._due, False
        if self._requests is not None:
            self._requests.put(task)
        else:
            self._task = task

    def forget(self) -> None:
        """Whatever comes of the running request is out of date."""
        self._stale = True

    def poll(self) -> Result | None:
        """Return the result if it is due with this hop and good; call once per hop while busy."""
        self._left -= 1
        if self._left > 0:
            return None
        if self._requests is None:
            start = time.thread_time()
            result = None if self._stale else self._work(self._task)
            self.seconds += time.thread_time() - start
            self._task = None
        elif self._results.empty():
            return None
        else:
            result = self._results.get_nowait()
        self.busy = False
        return None if self._stale else result
