"""Fetch one file over HTTP so that it can be interrupted at any byte and continued later.

What arrives is appended to a ``.part`` file; beside it, ``.part.json`` says which version of the
file that is. A continued download asks for the rest of exactly that version. Sources: RFC 9110
(range requests 14, If-Range 13.1.5, validators 8.8, Retry-After 10.2.3).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from assistant.errors import AssistantError
from assistant.models.disk import disk_errors, is_of_disk, write_json
from assistant.models.web import Redirected, length, opener, retry_after, validator

_BLOCK = 1 << 16
_CAP = 2 << 30  # bytes of a file whose size is not published
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_PASSING = {408, 425, 429, 500, 502, 503, 504}  # statuses that may be better in a moment
_NO_NETWORK = "check the network, or bring the file on a stick: assistant models fetch --from"


@dataclass(frozen=True)
class Patience:
    """How long a download waits, and how often it tries; times in seconds.

    ``tries`` counts attempts in a row that brought nothing new; ``slowest`` is in bytes a second,
    averaged over ``timeout_s``.
    """

    timeout_s: float = 20.0
    slowest: float = 200.0
    tries: int = 6
    all_tries: int = 60
    longest_pause_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


class _Fault(Exception):
    """A failed attempt that another one may repair; ``pause_s`` is what the server asked for.

    ``weight`` is how many tries it counts for.
    """

    def __init__(self, reason: str, pause_s: float = 0.0, weight: int = 1) -> None:
        self.pause_s, self.weight = pause_s, weight
        super().__init__(reason)


def download(
    url: str,
    part: Path,
    *,
    size: int | None = None,
    verifiable: bool = False,
    patience: Patience | None = None,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> None:
    """Fetch ``url`` into ``part``, continuing what is there; returns when it is complete.

    ``size`` is the published one, in bytes, ``verifiable`` whether the caller compares a digest
    afterwards (then a file without a version may be continued). ``progress(done, total)`` is
    called for every block. Raises ``AssistantError`` with one sentence; the part stays for the
    next time.
    """
    _Download(url, part, size, verifiable, patience or Patience(), progress).run()


def forget(part: Path) -> None:
    """Remove a part and what is known about it."""
    part.unlink(missing_ok=True)
    _about(part).unlink(missing_ok=True)


def _about(part: Path) -> Path:
    return part.with_name(part.name + ".json")


class _Download:
    def __init__(self, url, part, size, verifiable, patience, progress) -> None:
        self._url, self._part, self._verifiable = url, part, verifiable
        self._size, self._patience, self._progress = size, patience, progress
        self._opener = opener()
        self._version = self._recall()

    def run(self) -> None:
        barren = 0
        for _ in range(self._patience.all_tries):
            before = self._have()
            try:
                with disk_errors(self._part):
                    if self._attempt():
                        return
                    raise _Fault("the connection was cut")
            except _Fault as fault:
                last = fault
            barren = 0 if self._have() > before else barren + last.weight
            if barren >= self._patience.tries:
                break
            pause = max(last.pause_s, 2.0**barren - 1.0)
            self._patience.sleep(min(pause, self._patience.longest_pause_s))
        raise AssistantError(f"{self._name}: {last} (tried {self._url}); {_NO_NETWORK}")

    @property
    def _name(self) -> str:
        return self._part.name.removesuffix(".part")

    def _have(self) -> int:
        try:
            return self._part.stat().st_size
        except OSError:
            return 0

    def _recall(self) -> str:
        """Return the version of what is there; drop it when its rest cannot be asked for."""
        try:
            about = json.loads(_about(self._part).read_text("utf-8"))
            url, version = str(about["url"]), str(about["version"])
        except (OSError, ValueError, KeyError, TypeError):
            url, version = "", ""
        too_long = self._size is not None and self._have() > self._size
        if url != self._url or too_long or not (version or self._verifiable):
            forget(self._part)
            return ""
        return version

    def _attempt(self) -> bool:
        """Ask once; return whether the file is complete now."""
        have = self._have()
        if self._size is not None and have == self._size:
            return True
        headers = {"User-Agent": "pi-assistant", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if self._version:
                headers["If-Range"] = self._version
        try:
            request = urllib.request.Request(self._url, headers=headers)
            with self._opener.open(request, timeout=self._patience.timeout_s) as answer:
                return self._receive(answer, have)
        except urllib.error.HTTPError as error:
            with contextlib.closing(error):
                return self._refused(error, have)
        except urllib.error.URLError as error:
            self._give_up(error.reason)
        except (http.client.HTTPException, ValueError) as error:
            raise _Fault(_said(error)) from None
        except OSError as error:
            if is_of_disk(error):
                raise
            raise _Fault(_said(error)) from None

    def _give_up(self, reason: object) -> NoReturn:
        if isinstance(reason, Redirected):
            raise AssistantError(f"{self._name}: {reason}; {_NO_NETWORK}")
        raise _Fault(_said(reason), weight=3) from None  # no connection at all: mostly no network

    def _refused(self, error: urllib.error.HTTPError, have: int) -> bool:
        if error.code == 416:
            total = (error.headers.get("Content-Range") or "").rpartition("/")[2]
            if have and self._size is None and total == str(have):
                return True
            self._restart()
            raise _Fault("the server does not have the rest of the file")
        reason = f"the server answered {error.code} {error.reason}".rstrip()
        if error.code in _PASSING:
            raise _Fault(reason, retry_after(error.headers.get("Retry-After")))
        raise AssistantError(f"{self._name}: {reason} ({self._url}); {_NO_NETWORK}")

    def _receive(self, answer, have: int) -> bool:
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise _Fault("the server sends it compressed")
        version = validator(answer.headers)
        if answer.status == 206:
            total = self._rest(answer, have, version)
        elif answer.status == 200:
            if have:
                self._restart()
            have, total = 0, length(answer.headers)
        else:
            raise _Fault(f"the server answered {answer.status}")
        if self._size is not None and total not in (None, self._size):
            self._restart()
            kind = answer.headers.get_content_type()
            page = ", a web page (is there a login?)" if kind == "text/html" else ""
            raise _Fault(f"the server's file has {total} bytes{page}, not {self._size}")
        self._remember(version)
        self._store(answer, have, total if total is not None else self._size)
        return self._have() == (self._size or total) or (total is None and self._size is None)

    def _rest(self, answer, have: int, version: str) -> int | None:
        """Check that a partial answer is the rest of our version; return the file's length."""
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        changed = bool(self._version and version and version != self._version)
        if not found or int(found[1]) != have or changed:
            self._restart()
            raise _Fault(
                "the file changed meanwhile" if changed else "the server sent another part"
            )
        return None if found[3] == "*" else int(found[3])

    def _store(self, answer, have: int, total: int | None) -> None:
        limit = self._size or total or _CAP
        with self._part.open("ab") as out:
            for block in self._blocks(answer):
                have += len(block)
                if have > limit:
                    out.truncate(0)
                    raise _Fault("the server sends more than the file has")
                out.write(block)
                self._progress(have, total)
            out.flush()
            os.fsync(out.fileno())

    def _blocks(self, answer: BinaryIO):
        clock, span = self._patience.clock, self._patience.timeout_s
        since, got = clock(), 0
        while block := answer.read1(_BLOCK):
            yield block
            got += len(block)
            if clock() - since > span:
                if got < self._patience.slowest * span:
                    raise _Fault("the server is too slow")
                since, got = clock(), 0

    def _remember(self, version: str) -> None:
        if not _about(self._part).exists() or version != self._version:
            self._version = version
            write_json(_about(self._part), {"url": self._url, "version": version})

    def _restart(self) -> None:
        forget(self._part)
        self._version = ""


def _said(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "the server does not answer"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection was cut"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return " ".join(str(error).split())[:200] or type(error).__name__
