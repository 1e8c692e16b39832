"""Gets a lost sound card back without the audio thread waiting for it.

A card that vanished may hang in being closed, and opening one takes up to a second: both are done
on a thread of their own, again and again, until a card is there. Meanwhile the audio thread counts
hops of silence at the pace of the clock, so that time goes on and the watchdog sees it alive: a
speaker that waits for its card is not stuck, and must not be restarted for it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol

from assistant.audio.device import Device, DeviceHealth, DeviceLost, Layout
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.errors import AssistantError, BadInput
from assistant.messages import Cause

log = logging.getLogger(__name__)

FIRST_S, LONGEST_S = 0.25, 2.0  # between two attempts: one always comes within 3 s of the card
HANG_S = 20.0  # no card takes so long; a driver that does will never return
BEHIND_S = 0.1  # a clock that stood still (a suspended computer) is not caught up with


class Revival(Protocol):
    """How the audio loop gets its card back. Audio thread only."""

    cause: Cause

    def begin(self, device: Device) -> None:
        """Give up the lost ``device`` and start to look for it; returns at once."""
        ...

    def wait(self) -> Device | None:
        """Let the time of one hop pass; return the card as soon as it is open.

        Raises ``DeviceLost`` when it will never be.
        """
        ...

    def close(self) -> None:
        """Look no more, and release a card that nobody took."""
        ...


class Missing:
    """Stands in for a card that is not there yet; the first ``exchange`` says so."""

    def __init__(self, layout: Layout, reason: str) -> None:
        self.layout, self._reason = layout, reason

    def exchange(self, out) -> None:
        """Raise ``DeviceLost``; see ``Device``."""
        raise DeviceLost(self._reason)

    def health(self) -> DeviceHealth:
        """Return counters of nothing."""
        return DeviceHealth()

    def close(self) -> None:
        """Nothing to release."""


def graver(cause: Cause, error: Exception) -> Cause:
    """Return what keeps the card away after ``error``: one that comes back is busy at first."""
    if isinstance(error, BadInput):
        return Cause.UNPLUGGED
    busy = cause is Cause.SILENT and isinstance(error, DeviceLost)
    return Cause.BUSY if busy else cause


class Reopener:
    """Opens the card with ``open_card`` on a thread that lives while the card is away.

    ``open_card`` raises ``BadInput`` while there is no card and ``DeviceLost`` while it cannot be
    used. ``restart`` errors end the waiting (another board needs another speaker). See ``Revival``.
    """

    def __init__(
        self,
        open_card: Callable[[], Device],
        *,
        restart: type[Exception] | tuple = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.cause = Cause.SILENT
        self._open, self._restart, self._clock = open_card, restart, clock
        self._stop = threading.Event()
        self._found: SimpleQueue[Device | Exception] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._busy: float | None = None  # when the call it is in began
        self._due = 0.0

    def begin(self, device: Device) -> None:
        """See ``Revival``."""
        self.cause, self._due, self._busy = Cause.SILENT, self._clock(), None
        self._thread = threading.Thread(
            target=self._work, args=(device,), name="sound card", daemon=True
        )
        self._thread.start()

    def wait(self) -> Device | None:
        """See ``Revival``."""
        now = self._clock()
        self._due = HOP / SAMPLE_RATE + (now if now - self._due > BEHIND_S else self._due)
        try:
            found = self._found.get(timeout=max(0.0, self._due - now))
        except Empty:
            busy = self._busy
            if busy is not None and now - busy > HANG_S:
                raise DeviceLost("the sound card's driver does not return; restarting") from None
            return None
        self._thread.join()
        if isinstance(found, Exception):
            raise DeviceLost(str(found))
        return found

    def close(self) -> None:
        """See ``Revival``; a driver that hangs is left behind after five seconds."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        while not self._found.empty():
            found = self._found.get()
            if not isinstance(found, Exception):
                found.close()

    # --- the thread --------------------------------------------------------------------------

    def _work(self, device: Device) -> None:
        with contextlib.suppress(OSError), self._watched():
            device.close()
        pause_s = FIRST_S
        while not self._stop.is_set():
            try:
                with self._watched():
                    found = self._open()
            except Exception as error:  # whatever a driver raises, the next attempt may succeed
                if isinstance(error, self._restart):
                    self._found.put(error)
                    return
                self._blame(error)
            else:
                self._found.put(found)
                return
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_S)

    @contextlib.contextmanager
    def _watched(self):
        self._busy = self._clock()
        try:
            yield
        finally:
            self._busy = None

    def _blame(self, error: Exception) -> None:
        self.cause = graver(self.cause, error)
        if not isinstance(error, AssistantError | OSError):
            log.error("opening the sound card failed", exc_info=error)
