"""Lights drawn in the upper right corner of a terminal, for the virtual board."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from assistant.board import Colour

GAMMA = 2.2  # terminals take colours as the eye sees them


class TerminalLights:
    """Shows colours as dots; nothing where the output is no terminal. See ``board.Lights``."""

    def __init__(self, count: int, out: TextIO | None = None) -> None:
        self.count = count
        self._out = sys.stderr if out is None else out
        self._open, self._shown = True, ""

    def show(self, colours: Sequence[Colour]) -> None:
        """See ``Lights``."""
        if not self._open:
            raise OSError("the lights were closed")
        if len(colours) != self.count:
            raise ValueError(f"{len(colours)} colours for {self.count} LEDs")
        dots = "".join(f"\x1b[38;2;{';'.join(map(str, map(_byte, c)))}m\u25cf" for c in colours)
        self._draw(dots)

    def close(self) -> None:
        """See ``Lights``."""
        if self._open:
            self._draw(" " * self.count)
            self._open = False

    def _draw(self, dots: str) -> None:
        if dots == self._shown or not self._out.isatty():
            return
        self._shown = dots
        # Save the cursor, go to the far right of line 1, step back, draw, restore.
        self._out.write(f"\x1b7\x1b[1;999H\x1b[{self.count}D{dots}\x1b[0m\x1b8")
        self._out.flush()


def _byte(light: float) -> int:
    return round(255 * min(max(light, 0.0), 1.0) ** (1 / GAMMA))
