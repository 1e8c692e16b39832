"""ReSpeaker XVF3800 USB 4-Mic Array: a ring, a mute button, and channels the board cleaned.

Two channels: 0 for conferences, 1 for recognisers. The six-channel firmware adds 2 to 5, the raw
microphones in the corners of a 66 mm square.
"""

from __future__ import annotations

from dataclasses import replace

from assistant.hardware import _xvf3800

from assistant.audio.device import Layout
from assistant.board import Board, Found, Playback, Ring
from assistant.errors import AssistantError
from assistant.machine import SoundCard, System

USB = "2886:001a"
SILENT = (2, 0, 8)  # its six-channel build records zeros from the raw microphones
_HALF = 0.033

BOARD = Board(
    name="respeaker_xvf3800",
    title="ReSpeaker XVF3800 USB 4-Mic Array",
    own_card=True,
    mics=((0.0, 0.0, 0.0),),
    layout=Layout(mics=(1,)),
    processed=(0, 1),
    playback=Playback(
        channels=2, why="its own canceller subtracts only what its left output plays"
    ),
    ring=Ring(12),
    open_lights=_xvf3800.Xvf3800Lights,
    open_mute=_xvf3800.Xvf3800Mute,
    open_bearing=_xvf3800.Xvf3800Bearing,
)

RAW = replace(
    BOARD,
    mics=((-_HALF, -_HALF, 0.0), (_HALF, -_HALF, 0.0), (_HALF, _HALF, 0.0), (-_HALF, _HALF, 0.0)),
    layout=Layout(mics=(2, 3, 4, 5)),
)


def detect(system: System) -> Found | None:
    """Look for the array on USB and for its sound card."""
    card, device = system.card(USB), system.usb_device(*_xvf3800.ID)
    if card is None and device is None:
        return None
    if card is None:
        return Found(
            BOARD.name,
            f"USB {USB}",
            "the array is plugged in, but it is no sound card: some firmware does not come up "
            "again after a restart of the Pi",
            "press its reset button, or flash firmware 2.0.10 or newer",
        )
    firmware = f", {card.inputs} channels" if card.inputs else ""
    return Found(BOARD.name, f"USB {USB}, sound card {card.id}{firmware}")


def open_board(system: System | None = None) -> Board:
    """Return the board with the channels and limits of its firmware."""
    card = system.card(USB) if system is not None else None
    if card is None:
        return BOARD
    version = _version()
    board, limits = BOARD, _limits(card)
    if card.inputs >= 6 and version == SILENT:
        limits += (
            "firmware 2.0.8 records zeros from the raw microphones, so the cleaned channel is "
            "used; flash 2.1.0 (16 kHz, 6 channels)",
        )
    elif card.inputs >= 6:
        board = RAW
    return replace(board, card=card.name, limits=limits)


def _version() -> tuple[int, ...]:
    try:
        return _xvf3800.firmware()
    except (OSError, AssistantError):
        return ()  # the sound works without control; the lights will tell what is wrong


def _limits(card: SoundCard) -> tuple[str, ...]:
    if not card.rates or 16_000 in card.rates:
        return ()
    return (
        "this is a 48 kHz build, whose own echo canceller never settles with the delay it ships "
        "with; flash a 16 kHz build",
    )
