"""ReSpeaker 2-Mics Pi HAT, version 1 (WM8960): two microphones 58 mm apart, no loopback channel."""

from __future__ import annotations

from dataclasses import replace

from assistant.hardware import _hats
from assistant.hardware._apa102 import Apa102
from assistant.hardware._gpio import PushButton

from assistant.audio.device import Layout
from assistant.board import Board, Found, Playback, Ring
from assistant.machine import System

CARDS = ("seeed2micvoicec", "seeed-2mic-voicecard", "wm8960soundcard", "wm8960-soundcard")
OVERLAY = "wm8960-soundcard"  # in the kernel, unlike seeed-voicecard

BOARD = Board(
    name="respeaker_2mic",
    title="ReSpeaker 2-Mics Pi HAT v1",
    own_card=True,
    mics=((-0.029, 0.0, 0.0), (0.029, 0.0, 0.0)),
    layout=Layout(mics=(0, 1)),
    playback=Playback(
        channels=2,
        why="its microphones and its jack share one clock; another card's clock drifts away",
    ),
    rates=(16_000, 48_000),  # the codec's clock, 12.288 MHz, does not divide into 44.1 kHz
    ring=Ring(3),
    open_lights=lambda: Apa102(3),
    open_button=lambda changed: PushButton(_hats.BUTTON, changed),
)


def detect(system: System) -> Found | None:
    """Look for the WM8960 on I2C and for its sound card."""
    if system.on_i2c(_hats.AC108_SECOND) or system.on_i2c(_hats.AC108):
        return None  # 0x1a is the AC101 of a bigger board then
    chip, card = system.on_i2c(_hats.WM8960), system.card(*CARDS)
    if card is not None and not system.on_i2c(_hats.AIC3104):
        how = f"sound card {card.id}" + (", WM8960 at I2C 0x1a" if chip else "")
        return Found(BOARD.name, how)
    if not chip:
        return None
    problem, remedy = _hats.no_card(system, "a WM8960", OVERLAY)
    return Found(BOARD.name, "WM8960 at I2C 0x1a", problem, remedy, sure=False)


def open_board(system: System | None = None) -> Board:
    """Return the board, as it is in this computer."""
    if system is None:
        return BOARD
    card = system.card(*CARDS)
    limits = (*_hats.light_limits(system), *_hats.clock_limits(system))
    if system.has_rp1:
        limits += ("nobody is known to have tried version 1 of this HAT on a Pi 5",)
    return replace(BOARD, card=card.name if card else "", limits=limits)
