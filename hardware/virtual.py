"""A board without hardware: for the virtual room, and lights drawn in the terminal."""

from __future__ import annotations

from assistant.hardware._terminal import TerminalLights

from assistant.audio.device import Layout
from assistant.board import Board, Found, Ring
from assistant.machine import System

BOARD = Board(
    name="virtual",
    title="virtual board",
    mics=((-0.029, 0.0, 0.0), (0.029, 0.0, 0.0)),
    layout=Layout(mics=(0, 1), loopback=2),
    ring=Ring(12),
    open_lights=lambda: TerminalLights(12),
)


def detect(system: System) -> Found | None:
    """Never: it has to be asked for."""
    return None


def open_board(system: System | None = None) -> Board:
    """Return the board."""
    return BOARD
