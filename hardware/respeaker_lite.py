"""ReSpeaker Lite (XU316): channel 0 is cleaned by the board, channel 1 is one raw microphone."""

from __future__ import annotations

from dataclasses import replace

from assistant.audio.device import Layout
from assistant.board import Board, Found, Playback
from assistant.machine import System

USB = "2886:0019"

BOARD = Board(
    name="respeaker_lite",
    title="ReSpeaker Lite",
    own_card=True,
    mics=((0.0, 0.0, 0.0),),
    layout=Layout(mics=(0,)),
    processed=(0,),
    rows=2,
    playback=Playback(channels=2, why="it subtracts only what its own output plays"),
    limits=(
        "its LED and its mute button cannot be reached over USB: the light is the board's own, and "
        "the button cuts the microphones without the speaker knowing",
    ),
)


def detect(system: System) -> Found | None:
    """Look for the board on USB and for its sound card."""
    card = system.card(USB)
    if card is not None:
        return Found(BOARD.name, f"USB {USB}, sound card {card.id}")
    if system.usb_device(0x2886, 0x0019) is None:
        return None
    return Found(
        BOARD.name,
        f"USB {USB}",
        "the board is plugged in, but it is no sound card: it may have the I2S firmware",
        "flash the USB firmware, or press its reset button",
    )


def open_board(system: System | None = None) -> Board:
    """Return the board, as it is in this computer."""
    card = system.card(USB) if system is not None else None
    return replace(BOARD, card=card.name) if card else BOARD
