"""A local socket through which the command line talks to the running speaker.

One request a line, one answer a line, both JSON objects: ``{"do": "status"}``,
``{"do": "say", "text": "…"}``, ``{"do": "stop"}``, ``{"do": "mute", "on": true}``. Who may use it
is decided by the file's owner and group; there is no network port. A client cannot hurt the
speaker: how long a line, a connection and the queue of clients may get is bounded.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from assistant.errors import AssistantError

log = logging.getLogger(__name__)

NAME = "control"
MAX_LINE = 4096  # bytes of one request
MAX_CLIENTS = 8
MAX_REQUESTS = 100  # of one client; then it may connect again
PATIENCE_S = 10.0  # a client that takes longer is sent away
PAUSE_S = 0.01  # between two rounds: a flood gets no more of the interpreter than this

Act = Callable[[dict], dict]


def folders(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return where the socket may be, best first: the service's folder, then the user's own."""
    found = []
    if environ.get("RUNTIME_DIRECTORY"):
        found.append(Path(environ["RUNTIME_DIRECTORY"]))
    else:
        found.append(Path("/run/assistant"))
    if environ.get("XDG_RUNTIME_DIR"):
        found.append(Path(environ["XDG_RUNTIME_DIR"]) / "assistant")
    return found


class _Client:
    """One connection: what it sent so far, and what it is still to get."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self.connection, self.until = connection, until
        self.received = bytearray()
        self.answer = b""
        self.requests = 0
        self.last = False  # after this answer it goes


class ControlServer:
    """Serves the socket ``path`` in a thread of its own until closed.

    ``act`` gets each request and returns the answer; an AssistantError becomes an answer with
    ``ok`` false. It runs on the control thread and must not wait. Raises OSError when the socket
    cannot be made, or another speaker answers on it.
    """

    def __init__(self, path: Path, act: Act, clock: Callable[[], float] = time.monotonic) -> None:
        self.path, self._act, self._clock = path, act, clock
        self._listener = _listen(path)
        self._selector = selectors.DefaultSelector()
        self._clients: dict[int, _Client] = {}
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send every client away and remove the socket; safe to call twice."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._wake.send(b"x")
        self._thread.join(timeout=5.0)
        for client in list(self._clients.values()):
            self._drop(client)
        for part in (self._listener, self._wake, self._woken, self._selector):
            part.close()
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                self._round()
            except Exception:  # the socket is a convenience; the speaker goes on without it
                log.exception("the control socket failed")
                return
            self._stopping.wait(PAUSE_S)

    def _round(self) -> None:
        waits = [client.until - self._clock() for client in self._clients.values()]
        ready = self._selector.select(max(0.0, min(waits)) if waits else None)
        for key, events in ready:
            if key.fileobj is self._listener:
                self._accept()
            elif key.data is not None:
                self._attend(key.data, events)
        for client in list(self._clients.values()):
            if self._clock() >= client.until:
                self._drop(client)

    def _accept(self) -> None:
        for _ in range(MAX_CLIENTS):
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # nobody is left, or there are no file descriptors left
            self._welcome(connection)

    def _welcome(self, connection: socket.socket) -> None:
        if len(self._clients) >= MAX_CLIENTS:  # whoever is here longest makes room
            self._drop(next(iter(self._clients.values())))
        connection.setblocking(False)
        client = _Client(connection, self._clock() + PATIENCE_S)
        self._clients[connection.fileno()] = client
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _attend(self, client: _Client, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                client.answer = client.answer[client.connection.send(client.answer) :]
            elif piece := client.connection.recv(MAX_LINE):
                client.received += piece
            else:
                self._drop(client)
                return
        except BlockingIOError:
            return
        except OSError:
            self._drop(client)
            return
        if not client.answer and not client.last:
            self._take_line(client)
        if client.last and not client.answer:
            self._drop(client)
            return
        # While an answer waits nothing is read: who does not listen is not listened to.
        interest = selectors.EVENT_WRITE if client.answer else selectors.EVENT_READ
        self._selector.modify(client.connection, interest, client)

    def _take_line(self, client: _Client) -> None:
        """Do the next request, if a whole one is there."""
        end = client.received.find(b"\n")
        if end > MAX_LINE or (end < 0 and len(client.received) > MAX_LINE):
            client.answer, client.last = _line(_refusal(f"a line is over {MAX_LINE} bytes")), True
        elif end >= 0:
            line = bytes(client.received[:end])
            del client.received[: end + 1]
            client.requests += 1
            client.answer = _line(self._answer(line))
            client.last = client.requests >= MAX_REQUESTS

    def _answer(self, line: bytes) -> dict:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return _refusal("this is not JSON")
        if not isinstance(request, dict):
            return _refusal("this is not a JSON object")
        try:
            return {"ok": True, **self._act(request)}
        except AssistantError as error:
            return _refusal(str(error))
        except Exception:
            log.exception("a request on the control socket failed")
            return _refusal("the speaker failed on this")

    def _drop(self, client: _Client) -> None:
        self._clients.pop(client.connection.fileno(), None)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(client.connection)
        client.connection.close()


def ask(path: Path, request: dict, timeout_s: float = 5.0) -> dict:
    """Send ``request`` to the speaker at ``path`` and return its answer.

    Raises OSError when nobody answers there, ValueError for an answer that is none.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        # Not settimeout: with that a full queue of clients is an error instead of a wait.
        limit = struct.pack("ll", int(timeout_s), int(timeout_s % 1 * 1e6))
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            connection.setsockopt(socket.SOL_SOCKET, option, limit)
        connection.connect(str(path))
        connection.sendall(_line(request))
        with connection.makefile("rb") as answers:
            answer = json.loads(answers.readline())
    if not isinstance(answer, dict):
        raise ValueError("the answer is no JSON object")
    return answer


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        if path.exists():
            with contextlib.suppress(ConnectionRefusedError):
                listener.connect(str(path))
                raise OSError(f"another speaker answers on {path}")
            path.unlink()  # of a speaker that was killed
        before = os.umask(0o117)  # owner and group only, from the first moment on
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(MAX_CLIENTS)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _line(content: dict) -> bytes:
    return json.dumps(content).encode() + b"\n"


def _refusal(problem: str) -> dict:
    return {"ok": False, "problem": problem}
