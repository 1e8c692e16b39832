"""ReSpeaker USB Mic Array v2 (XVF3000), with the six-channel or the one-channel firmware.

Six channels: 0 is cleaned by the board, 1 to 4 are the raw microphones, 5 is what its jack plays.
"""

from __future__ import annotations

from dataclasses import replace

from assistant.hardware import _xvf3000

from assistant.audio.device import Layout
from assistant.board import Board, Found, Playback, Ring
from assistant.machine import System

USB = "2886:0018"
_RADIUS = 0.032

BOARD = Board(
    name="respeaker_usb_v2",
    title="ReSpeaker USB Mic Array v2 (XVF3000)",
    own_card=True,
    mics=((-_RADIUS, 0.0, 0.0), (0.0, -_RADIUS, 0.0), (_RADIUS, 0.0, 0.0), (0.0, _RADIUS, 0.0)),
    layout=Layout(mics=(1, 2, 3, 4), loopback=5),
    processed=(0,),
    playback=Playback(channels=2, why="it hears and subtracts only what its own jack plays"),
    ring=Ring(12),
    open_lights=_xvf3000.Xvf3000Lights,
    open_bearing=_xvf3000.Xvf3000Bearing,
)

ONE_CHANNEL = replace(
    BOARD,
    mics=((0.0, 0.0, 0.0),),
    layout=Layout(mics=(0,)),
    limits=(
        "the one-channel firmware gives no raw microphone: barge-in hears what the board left; "
        "flash 6_channels_firmware.bin for all of it",
    ),
)


def detect(system: System) -> Found | None:
    """Look for the array on USB and for its sound card."""
    card, device = system.card(USB), system.usb_device(*_xvf3000.ID)
    if card is None and device is None:
        return None
    if card is None:
        return Found(
            BOARD.name,
            f"USB {USB}",
            "the array is plugged in, but it is no sound card: it may be in its update mode",
            "pull its cable and plug it in again; a short cable and a strong supply help",
        )
    firmware = f", {card.inputs} channels" if card.inputs else ""
    return Found(BOARD.name, f"USB {USB}, sound card {card.id}{firmware}")


def open_board(system: System | None = None) -> Board:
    """Return the board with the channels of its firmware."""
    card = system.card(USB) if system is not None else None
    if card is None:
        return BOARD
    return replace(ONE_CHANNEL if card.inputs == 1 else BOARD, card=card.name)
