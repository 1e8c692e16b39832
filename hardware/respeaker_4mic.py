"""ReSpeaker 4-Mic Array HAT: microphones in the corners of a 57.5 mm square, no playback."""

from __future__ import annotations

from dataclasses import replace

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
    card = system.card(*CARDS)
    one = system.on_i2c(_hats.AC108) and not system.on_i2c(_hats.AC108_SECOND)
    if card is None and not one:
        return None
    how = f"sound card {card.id}" if card else "AC108 at I2C 0x3b"
    problem, remedy = _hats.no_tdm(system), _hats.NO_TDM_REMEDY
    if not problem and card is None:
        problem, remedy = _hats.no_card(system, "an AC108", OVERLAY)
    return Found(BOARD.name, how, problem, remedy if problem else "")


def open_board(system: System | None = None) -> Board:
    """Return the board, as it is in this computer. Raises BadInput on a Pi 5."""
    if system is None:
        return BOARD
    _hats.refuse(BOARD.name, system)
    card = system.card(*CARDS)
    return replace(BOARD, card=card.name if card else "", limits=_hats.ac108_limits(system))
