"""A fake I2C bus: chips that answer, chips a kernel driver has taken, and nothing anywhere else."""

from __future__ import annotations

import errno
from pathlib import Path


class Bus:
    """Opened as ``System`` opens a bus; counts what stays open."""

    def __init__(self, answering=(), claimed=(), *, present: bool = True) -> None:
        self.answering, self.claimed, self.present = set(answering), set(claimed), present
        self.opened = 0

    def __call__(self, path: Path) -> Bus:
        if not self.present or path.name != "i2c-1":
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        self.opened += 1
        self._chosen: int | None = None
        return self

    def choose(self, address: int) -> None:
        if not 0x08 <= address <= 0x77:
            raise OSError(errno.EINVAL, "Invalid argument")
        if address in self.claimed:
            raise OSError(errno.EBUSY, "Device or resource busy")
        self._chosen = address

    def read(self) -> int:
        assert self._chosen is not None, "read before a chip was chosen"
        if self._chosen not in self.answering:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        return 0

    def close(self) -> None:
        self.opened -= 1
