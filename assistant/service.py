"""Keeps one driver going in a thread of its own, whatever the driver does.

A driver that raises is closed, reported and opened again, at first soon, then less and less
often. A driver that never returns cannot be stopped: its thread is given up and another one tries
with a driver of its own. Nothing here is waited for by anybody.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

FIRST_S, LONGEST_S = 1.0, 60.0  # between two attempts
HANG_S = 3.0  # no control transfer takes so long
HUNG = 3  # threads given up before waiting for one of them to end


class Closable(Protocol):
    """Anything that can be released."""

    def close(self) -> None:
        """Release it."""
        ...


D = TypeVar("D", bound=Closable)


@dataclass
class _Life:
    """One thread's attempt; ``busy`` is when the call it is in began, None between two calls."""

    thread: threading.Thread | None = None
    busy: float | None = None
    over: bool = False


class Service(Generic[D]):
    """Opens a driver and calls ``step(driver, now_s)`` ``hz`` times a second.

    ``report`` gets one sentence when it begins to fail, when it fails otherwise, and when it is
    well again; it is called on any thread. ``look`` belongs into main's loop.
    """

    def __init__(
        self,
        name: str,
        open_driver: Callable[[], D],
        step: Callable[[D, float], None],
        *,
        hz: float = 30.0,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self.name = name
        self._open, self._step, self._period_s = open_driver, step, 1.0 / hz
        self._report, self._clock, self._wait = report, clock, wait
        self._stop = threading.Event()
        self._trouble = ""
        self._given_up: list[_Life] = []
        self._life = _Life()

    def start(self) -> None:
        """Begin; returns at once."""
        self._life = _Life()
        self._life.thread = threading.Thread(
            target=self._live, args=(self._life,), name=self.name, daemon=True
        )
        self._life.thread.start()

    def look(self) -> None:
        """Notice a driver that hangs, and put another in its place. Never waits; main thread."""
        self._given_up = [life for life in self._given_up if life.thread.is_alive()]
        busy = self._life.busy
        if self._life.over or busy is None or self._clock() - busy < HANG_S:
            if self._life.over and len(self._given_up) < HUNG and not self._stop.is_set():
                self.start()
            return
        self._life.over = True
        self._given_up.append(self._life)
        self._tell(f"{self.name}: the driver does not answer")
        if len(self._given_up) < HUNG:
            self.start()

    def stop(self, timeout_s: float = 1.0) -> None:
        """End it, and let a driver that works close; at most ``timeout_s``."""
        self._stop.set()
        self._life.over = True
        if self._life.thread is not None:
            self._life.thread.join(timeout_s)

    def _live(self, life: _Life) -> None:
        pause_s = FIRST_S
        while not (life.over or self._stop.is_set()):
            began = self._clock()
            try:
                self._drive(life)
            except Exception as error:  # whatever a driver does, the speaker goes on
                if not life.over:  # else main has told already that it hangs
                    self._tell(f"{self.name}: {str(error) or type(error).__name__}")
            life.busy = None
            lasted = self._clock() - began
            pause_s = FIRST_S if lasted > LONGEST_S else min(2 * pause_s, LONGEST_S)
            if not life.over:
                self._wait(self._stop, pause_s / 2)

    def _drive(self, life: _Life) -> None:
        life.busy = self._clock()
        driver = self._open()
        try:
            while not (life.over or self._stop.is_set()):
                life.busy = self._clock()
                self._step(driver, life.busy)
                life.busy = None
                if self._trouble and not life.over:
                    self._trouble = ""
                    self._report(f"{self.name}: working again")
                self._wait(self._stop, self._period_s)
        finally:
            life.busy = self._clock()
            with contextlib.suppress(Exception):
                driver.close()

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._report(trouble)
