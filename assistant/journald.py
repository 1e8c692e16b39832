"""Writes the log to systemd's journal with fields, so that `journalctl TURN=7` finds one turn.

The native protocol: one datagram of ``NAME=value`` lines, where a value with a line break is
written as its name, its length in 64 bits and its bytes
(https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
"""

from __future__ import annotations

import logging
import os
import socket
import struct
from collections.abc import Mapping

SOCKET = "/run/systemd/journal/socket"
MAX_BYTES = 64_000  # what fits a datagram with the default buffers
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


class JournalHandler(logging.Handler):
    """Sends records to the journal; an ``extra={"fields": {...}}`` adds fields of its own.

    Never waits: a record the journal does not take at once is dropped. Any thread but audio.
    """

    def __init__(self, path: str = SOCKET) -> None:
        super().__init__()
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        try:
            self._socket.sendto(encode(fields_of(record, self.format(record))), self._path)
        except OSError:
            return
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()
        super().close()


def fields_of(record: logging.LogRecord, text: str) -> dict[str, object]:
    """Return the journal's fields for a record whose message is ``text``."""
    priority = next((p for level, p in _PRIORITIES if record.levelno >= level), 7)
    return {
        "MESSAGE": text,
        "PRIORITY": priority,
        "SYSLOG_IDENTIFIER": "assistant",
        "LOGGER": record.name,
        "THREAD_NAME": record.threadName,
        "CODE_FILE": record.pathname,
        "CODE_LINE": record.lineno,
        "CODE_FUNC": record.funcName,
        **getattr(record, "fields", {}),
    }


def encode(fields: Mapping[str, object]) -> bytes:
    """Return the datagram for ``fields``; a very long value is cut."""
    parts = []
    for name, value in fields.items():
        data = str(value).encode(errors="replace")[: MAX_BYTES // 2]
        if b"\n" in data:
            parts.append(name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n")
        else:
            parts.append(name.encode() + b"=" + data + b"\n")
    return b"".join(parts)


def under_journal(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether systemd connected this process to its journal."""
    return bool(environ.get("JOURNAL_STREAM")) and os.path.exists(SOCKET)
