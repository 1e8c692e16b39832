"""Runs the path solver beside the audio thread, and says when its result may be used."""

from __future__ import annotations

import threading
import time
from queue import SimpleQueue

from assistant.audio.path_solver import Recording, Solution, solve

DUE = 8  # hops (0.13 s) after a request in which the result comes


class PathLearner:
    """Solves one recording at a time. ``submit`` and ``poll`` belong to the audio thread.

    With ``background`` a thread of its own solves, and the result is used at the first hop from
    the due one at which it is there; otherwise it is computed on the due hop itself, so that a
    simulation, faster or slower than real time, always gives the same. ``busy`` tells that a
    result is still to come; ``seconds`` what solving on the caller's thread has taken so far.
    """

    def __init__(self, background: bool = False) -> None:
        self.busy, self.seconds = False, 0.0
        self._left = 0
        self._recording: Recording | None = None
        self._stale = False
        self._requests: SimpleQueue[Recording | None] | None = None
        self._results: SimpleQueue[Solution | None] = SimpleQueue()
        if background:
            self._requests = SimpleQueue()
            self._thread = threading.Thread(target=self._work, name="echo-path", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while (recording := self._requests.get()) is not None:
            self._results.put(solve(recording))

    def close(self) -> None:
        """Let the thread end, and wait for it: a solution takes a fraction of a second."""
        if self._requests is not None:
            self._requests.put(None)
            self._thread.join(timeout=5.0)

    def submit(self, recording: Recording) -> None:
        """Ask for the path of ``recording``; only when not ``busy``."""
        self.busy, self._left, self._stale = True, DUE, False
        if self._requests is not None:
            self._requests.put(recording)
        else:
            self._recording = recording

    def forget(self) -> None:
        """Whatever comes of the running request is out of date."""
        self._stale = True

    def poll(self) -> Solution | None:
        """Return the result if it is due with this hop and good; call once per hop while busy."""
        self._left -= 1
        if self._left > 0:
            return None
        if self._requests is None:
            start = time.thread_time()
            solution = None if self._stale else solve(self._recording)
            self.seconds += time.thread_time() - start
            self._recording = None
        elif self._results.empty():
            return None
        else:
            solution = self._results.get_nowait()
        self.busy = False
        return None if self._stale else solution
