"""A web server that lies: each request meets the next fault of a plan, then all is well."""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random


class LyingServer:
    """Serves ``files`` (path to bytes) on a free port of this machine; a context manager."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.requests = dict(files), []
        self._plan: list[str] = []
        self._lock = threading.Lock()
        self.rng = Random(0)
        owner = self

        class Handler(_Handler):
            server_of = owner

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> LyingServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._http.server_port}{path}"

    def plan(self, faults: Iterable[str], seed: int = 0) -> None:
        """Let the next requests meet ``faults``; a last "for ever" repeats the one before it."""
        with self._lock:
            self._plan, self.rng = list(faults), Random(seed)

    def next_fault(self) -> str:
        with self._lock:
            if self._plan[1:2] == ["for ever"]:
                return self._plan[0]
            return self._plan.pop(0) if self._plan else "fine"


class _Handler(BaseHTTPRequestHandler):
    server_of: LyingServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.close_connection = True
        self.server_of.requests.append((self.path, dict(self.headers)))
        if self.path == "/loop":
            return self._redirect("/loop")
        data = self.server_of.files.get(self.path)
        if data is None:
            return self.send_error(404)
        fault = self.server_of.next_fault()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            FAULTS[fault](self, data, self.server_of.rng)
        return None

    # --- what a good server does, with each part open to lies ----------------------------------

    def answer(
        self, data: bytes, *, ranges=True, etag=None, length=None, send=1.0, total=None, shift=0,
        headers=(),
    ) -> None:  # fmt: skip
        """Answer with ``data``; ``send`` is the share really sent, ``length`` what is promised."""
        etag = etag if etag is not None else f'"{hashlib.md5(data).hexdigest()}"'
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and ranges else 0
        if start and self.headers.get("If-Range", etag) != etag:
            start = 0
        if start >= len(data) and start:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        body = data[start:]
        self.send_response(206 if start else 200)
        if start:
            end = f"{len(data) - 1}/{total or len(data)}"
            self.send_header("Content-Range", f"bytes {start + shift}-{end}")
        if length != "none":
            promised = len(body) if length is None else length
            self.send_header("Content-Length", str(promised))
        if etag:
            self.send_header("ETag", etag)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: int(send * len(body))])
        return None

    def wait_for_the_client_to_leave(self) -> None:
        self.wfile.flush()
        self.connection.recv(1)

    def _redirect(self, to: str) -> None:
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def status(self, code: int, *headers: tuple[str, str]) -> None:
        self.send_response(code)
        for name, value in (*headers, ("Content-Length", "5")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"sorry")


def _cut(h: _Handler, data: bytes, rng: Random) -> None:
    h.answer(data, send=rng.random())


def _stall(h: _Handler, data: bytes, rng: Random) -> None:
    h.answer(data, send=rng.random())
    h.wait_for_the_client_to_leave()


def _silent(h: _Handler, data: bytes, rng: Random) -> None:
    h.wait_for_the_client_to_leave()


def _reset(h: _Handler, data: bytes, rng: Random) -> None:
    h.answer(data, send=rng.random())
    h.wfile.flush()
    h.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _damaged(h: _Handler, data: bytes, rng: Random) -> None:
    at = rng.randrange(len(data))
    h.answer(data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :], etag="")


def _other_version(h: _Handler, data: bytes, rng: Random) -> None:
    other = rng.randbytes(len(data))
    h.answer(other, send=rng.random())


def _secret_change(h: _Handler, data: bytes, rng: Random) -> None:
    """Another file under the ETag of the right one, and only half of it."""
    etag = f'"{hashlib.md5(data).hexdigest()}"'
    h.answer(rng.randbytes(len(data)), etag=etag, send=rng.random())


def _endless(h: _Handler, data: bytes, rng: Random) -> None:
    h.answer(data, length="none", ranges=False)
    for _ in range(64):
        h.wfile.write(data)


def _page(h: _Handler, data: bytes, rng: Random) -> None:
    h.answer(b"<html>Log in, please</html>", etag="", headers=[("Content-Type", "text/html")])


def _nonsense(h: _Handler, data: bytes, rng: Random) -> None:
    h.wfile.write(rng.randbytes(rng.randrange(1, 200)))


FAULTS: dict[str, Callable[[_Handler, bytes, Random], object]] = {
    "fine": lambda h, d, r: h.answer(d),
    "no ETag": lambda h, d, r: h.answer(d, etag="", send=r.random()),
    "weak ETag": lambda h, d, r: h.answer(d, etag='W/"1"', send=r.random()),
    "ignores Range": lambda h, d, r: h.answer(d, ranges=False, send=r.random()),
    "cut": _cut,
    "stalls": _stall,
    "says nothing": _silent,
    "resets": _reset,
    "promises more": lambda h, d, r: h.answer(d, length=len(d) + r.randrange(1, 999)),
    "promises less": lambda h, d, r: h.answer(d, length=r.randrange(len(d))),
    "length is no number": lambda h, d, r: h.answer(d, length="banana"),
    "length is negative": lambda h, d, r: h.answer(d, length=-5),
    "wrong part": lambda h, d, r: h.answer(d, shift=r.randrange(1, 9)),
    "wrong total": lambda h, d, r: h.answer(d, total=len(d) + 1),
    "damaged": _damaged,
    "other version": _other_version,
    "secret change": _secret_change,
    "endless": _endless,
    "login page": _page,
    "compressed": lambda h, d, r: h.answer(d, headers=[("Content-Encoding", "gzip")]),
    "nonsense": _nonsense,
    "500": lambda h, d, r: h.status(500),
    "503": lambda h, d, r: h.status(503, ("Retry-After", "7")),
    "429": lambda h, d, r: h.status(429, ("Retry-After", "3")),
    "416": lambda h, d, r: h.status(416),
    "204": lambda h, d, r: h.send_response(204) or h.end_headers(),
    "404": lambda h, d, r: h.status(404),
    "403": lambda h, d, r: h.status(403),
    "redirect to itself": lambda h, d, r: h._redirect(h.path),
    "redirect loop": lambda h, d, r: h._redirect("/loop"),
    "redirect to a file": lambda h, d, r: h._redirect("file:///etc/passwd"),
    "redirect to ftp": lambda h, d, r: h._redirect("ftp://127.0.0.1/x"),
    "redirect to nonsense": lambda h, d, r: h._redirect("http://[::"),
    "redirect to nothing": lambda h, d, r: h.status(302),
}
FINAL = {"404", "403", "redirect loop", "redirect to a file", "redirect to ftp",
         "redirect to nothing"}  # fmt: skip
WRONG = {"damaged", "other version", "secret change", "promises less", "endless"}
