"""ReSpeaker 6-Mic Circular Array: six microphones on a 46.3 mm circle, and two loopback channels.

The card shifts its channels by a different amount at every start, so the loopback is looked for
(``assistant.audio.rotation``); the numbers here hold when nothing is shifted.
"""

from __future__ import annotations

from math import cos, pi, sin

from assistant.hardware import _hats
from assistant.hardware._apa102 import Apa102

from assistant.audio.device import Layout
from assistant.board import Board, Found, Playback, Ring
from assistant.machine import System

CARDS = ("seeed8micvoicec", "seeed-8mic-voicecard")
OVERLAY = "seeed-8mic-voicecard"
_RADIUS = 0.0463

BOARD = Board(
    name="respeaker_6mic",
    title="ReSpeaker 6-Mic Circular Array",
    own_card=True,
    mics=tuple(
        (round(_RADIUS * cos(pi / 3 * n), 5), round(_RADIUS * sin(pi / 3 * n), 5), 0.0)
        for n in range(6)
    ),
    layout=Layout(mics=(0, 1, 2, 3, 4, 5), loopback=6),
    rows=8,
    playback=Playback(
        channels=8,
        why="only its own jack is on the loopback channels; all eight outputs must be filled",
    ),
    rates=(16_000, 48_000),
    rotates=True,
    ring=Ring(12),
    open_lights=lambda: Apa102(12, power=_hats.LED_SUPPLY),
)


def detect(system: System) -> Found | None:
    """Look for two AC108 on I2C, or for the sound card."""
    return _hats.find_ac108(BOARD, system, CARDS, OVERLAY, pair=True)


def open_board(system: System | None = None) -> Board:
    """Return the board, as it is in this computer. Raises BadInput on a Pi 5."""
    return _hats.open_ac108(BOARD, system, CARDS)
