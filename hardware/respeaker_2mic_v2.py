"""ReSpeaker 2-Mics Pi HAT, version 2 (TLV320AIC3104): as version 1, with another codec."""

from __future__ import annotations

from dataclasses import replace

from assistant.hardware import _hats, respeaker_2mic

from assistant.board import Board, Found
from assistant.machine import System

CARDS = ("seeed2micvoicec",)
OVERLAY = "respeaker-2mic-v2"  # hardware/overlays; Raspberry Pi OS has none for this board

BOARD = replace(
    respeaker_2mic.BOARD,
    name="respeaker_2mic_v2",
    title="ReSpeaker 2-Mics Pi HAT v2",
    own_card=True,
    rates=(16_000, 48_000),  # from 24.576 MHz
)


def detect(system: System) -> Found | None:
    """Look for the codec on I2C and for the sound card of its overlay."""
    if not system.on_i2c(_hats.AIC3104):
        return None
    card = system.card(*CARDS)
    if card is not None:
        return Found(BOARD.name, f"sound card {card.id}, TLV320AIC3104 at I2C 0x18")
    # Accelerometers and thermometers answer at 0x18 too.
    problem, remedy = _hats.no_card(system, "something like a TLV320AIC3104", OVERLAY)
    return Found(BOARD.name, "a chip at I2C 0x18", problem, remedy, sure=False)


def open_board(system: System | None = None) -> Board:
    """Return the board, as it is in this computer."""
    if system is None:
        return BOARD
    card = system.card(*CARDS)
    limits = (*_hats.light_limits(system), *_hats.clock_limits(system))
    return replace(BOARD, card=card.name if card else "", limits=limits)
