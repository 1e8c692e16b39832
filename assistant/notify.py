"""Tells systemd how the speaker is doing: ready, alive, what it is at, on its way out.

The protocol is one datagram of ``NAME=value`` lines to the Unix socket in ``$NOTIFY_SOCKET``
(sd_notify(3), https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html).
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping

LISTENING = "Listening for its name"


class Notifier:
    """Sends notifications; without ``$NOTIFY_SOCKET`` it does nothing. Main thread only.

    A service manager that does not read is never waited for: the datagram is dropped.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # abstract namespace
            self._address = "\0" + self._address[1:]
        self._socket: socket.socket | None = None
        if self._address[:1] in ("/", "\0"):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def send(self, **fields: str | int) -> None:
        """Send fields, ``send(READY=1, STATUS="listening")``; failures are not reported."""
        if self._socket is None:
            return
        text = "\n".join(f"{name}={str(value).splitlines()[0]}" for name, value in fields.items())
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError:
            return  # a manager that went away is not our trouble

    def close(self) -> None:
        """Release the socket; safe to call twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def watchdog_interval_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """Return how often systemd wants a sign of life, in seconds, or None when it does not.

    Half of ``$WATCHDOG_USEC``, as sd_watchdog_enabled(3) advises; a value for another process
    (``$WATCHDOG_PID``) counts as none.
    """
    pid = environ.get("WATCHDOG_PID", str(os.getpid()))
    usec = environ.get("WATCHDOG_USEC", "")
    if not usec.isdecimal() or not int(usec) or pid != str(os.getpid()):
        return None
    return int(usec) / 2e6


class Pulse:
    """Feeds the watchdog while the audio thread's hops move, and only then. Main thread only.

    The first hop is what makes the service ready. ``hops`` returns the hops handled so far.
    """

    def __init__(
        self,
        notifier: Notifier,
        hops: Callable[[], int],
        interval_s: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notifier, self._hops, self._clock = notifier, hops, clock
        self._interval_s = interval_s
        self._seen = hops()
        self._fed_at = clock()
        self.ready = False

    def beat(self) -> None:
        """Look at the hops; call it at least twice per interval."""
        hops = self._hops()
        if hops == self._seen:
            return
        if not self.ready:
            self.ready = True
            self._notifier.send(READY=1, STATUS=LISTENING)
        now = self._clock()
        if self._interval_s is None or now - self._fed_at < self._interval_s / 2:
            return  # self._seen stays: hops since the last feed count for the next one
        self._seen, self._fed_at = hops, now
        self._notifier.send(WATCHDOG=1)
