"""One engine in a process of its own, asked over pipes: one request, one answer.

Engines that hold the GIL while they compute, or keep state between calls that cannot be reset,
live in a child. A frame is ``<BI`` (operation, payload length) and the payload; the answer's
operation is 0 (fine) or 1 (the payload is an error as JSON). The child is started as a new
interpreter, never forked from this threaded process, and ends by itself when its input closes.
"""

from __future__ import annotations

import contextlib
import json
import select
import struct
import subprocess
import sys
import time
from pathlib import Path

from assistant.errors import AssistantError

HEADER = struct.Struct("<BI")
OK = 0


class ChildDied(AssistantError):
    """Says that the engine's process is gone or does not answer."""


class ChildError(AssistantError):
    """Carries an error the engine reported; ``fields`` is what the child said about it."""

    def __init__(self, fields: dict) -> None:
        self.fields = fields
        super().__init__(str(fields.get("error", "unknown error")))


class Child:
    """Starts ``script`` in a new interpreter and asks it; one thread at a time."""

    def __init__(self, script: Path, *, flags: tuple[str, ...] = ("-P",)) -> None:
        self._name = script.stem
        self._process = subprocess.Popen(
            [sys.executable, *flags, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # Ctrl-C in the terminal is for the parent alone
        )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def ask(self, operation: int, payload: bytes = b"", timeout_s: float = 20.0) -> bytes:
        """Send one request and return the payload of its answer.

        Raises ``ChildError`` when the engine reports an error and ``ChildDied`` when the process
        ended or did not answer within ``timeout_s``; it is killed then.
        """
        deadline = time.monotonic() + timeout_s
        try:
            self._write(HEADER.pack(operation, len(payload)) + payload)
            status, length = HEADER.unpack(self._read(HEADER.size, deadline))
            answer = self._read(length, deadline)
        except (OSError, EOFError, ValueError) as e:
            self.close()
            raise ChildDied(f"{self._name}: the engine's process ended unexpectedly") from e
        if status != OK:
            raise ChildError(json.loads(answer))
        return answer

    def close(self) -> None:
        """End the child; safe to call twice."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._process.stdin.write(view) :]

    def _read(self, length: int, deadline: float) -> bytes:
        parts = []
        while length:
            left = max(deadline - time.monotonic(), 0.0)
            if not select.select([self._process.stdout], [], [], left)[0]:
                raise EOFError("no answer in time")
            part = self._process.stdout.read(length)
            if not part:
                raise EOFError("end of file")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)
