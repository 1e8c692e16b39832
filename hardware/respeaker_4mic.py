"""ReSpeaker 4-Mic Array HAT: microphones in the corners of a 57.5 mm square, no playback."""

from __future__ import annotations

from assistant.hardware import _hats
from assistant.hardware._apa102 import Apa102

from assistant.audio.device import Layout
from assistant.board import Board, Found, Playback, Ring
from assistant.machine import System

CARDS = ("seeed4micvoicec", "seeed-4mic-voicecard")
OVERLAY = "seeed-4mic-voicecard"
_HALF = 0.02875

BOARD = Board(
    name="respeaker_4mic",
    title="ReSpeaker 4-Mic Array HAT",
    own_card=True,
    mics=((-_HALF, -_HALF, 0.0), (_HALF, -_HALF, 0.0), (_HALF, _HALF, 0.0), (-_HALF, _HALF, 0.0)),
    layout=Layout(mics=(0, 1, 2, 3)),
    playback=Playback(
        own=False,
        why="the board has no output: the Pi's own or a USB one plays, and their clocks drift",
    ),
    ring=Ring(12, first_deg=-60.0),  # LEDs 1, 4, 7 and 10 are at the microphones
    open_lights=lambda: Apa102(12, power=_hats.LED_SUPPLY),
)


def detect(system: System) -> Found | None:
    """Look for one AC108 on I2C, or for the sound card."""
    return _hats.find_ac108(BOARD, system, CARDS, OVERLAY, pair=False)


def open_board(system: System | None = None) -> Board:
    """Return the board, as it is in this computer. Raises BadInput on a Pi 5."""
    return _hats.open_ac108(BOARD, system, CARDS)
