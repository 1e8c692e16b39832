"""ReSpeaker 4-Mic Linear Array: four microphones in a row on the 6-Mic board's electronics.

Nothing on the bus tells it from the 6-Mic Circular Array, so it has to be named in
``audio.board``. Channels 4 and 5 are empty.
"""

from __future__ import annotations

from dataclasses import replace

from assistant.hardware import _hats, respeaker_6mic

from assistant.audio.device import Layout
from assistant.board import Board, Found, Ring
from assistant.machine import System

_STEP = 0.05  # between two microphones

BOARD = replace(
    respeaker_6mic.BOARD,
    name="respeaker_4mic_linear",
    title="ReSpeaker 4-Mic Linear Array",
    mics=tuple((round(_STEP * (n - 1.5), 4), 0.0, 0.0) for n in range(4)),
    layout=Layout(mics=(0, 1, 2, 3), loopback=6),
    ring=Ring(),  # one LED, which shows the supply
    open_lights=None,
)


def detect(system: System) -> Found | None:
    """Say that it may be this one wherever the 6-Mic board is found."""
    found = respeaker_6mic.detect(system)
    return found and replace(
        found, board=BOARD.name, how=f"{found.how}, as on the 6-Mic board", sure=False
    )


def open_board(system: System | None = None) -> Board:
    """Return the board, as it is in this computer. Raises BadInput on a Pi 5."""
    return _hats.open_ac108(BOARD, system, respeaker_6mic.CARDS)
