"""Any sound card with one microphone: the fallback when no board is recognised."""

from __future__ import annotations

from assistant.audio.device import Layout
from assistant.board import Board, Found
from assistant.machine import System

BOARD = Board(
    name="default",
    title="default sound card",
    mics=((0.0, 0.0, 0.0),),
    layout=Layout(mics=(0,)),
)


def detect(system: System) -> Found | None:
    """Never: it is what remains when no board is found."""
    return None


def open_board(system: System | None = None) -> Board:
    """Return the board."""
    return BOARD
