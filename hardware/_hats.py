"""What the boards on the Pi's header share: chips on I2C, and what keeps them from working."""

from __future__ import annotations

from dataclasses import replace

from assistant.board import Board, Found
from assistant.errors import BadInput
from assistant.machine import System

WM8960 = AC101 = 0x1A
AIC3104 = 0x18
AC108, AC108_SECOND = 0x3B, 0x35

BUTTON = 17  # GPIO of the button on both 2-Mics HATs
LED_SUPPLY = 5  # GPIO that feeds the ring of the AC108 boards

_VOICECARD = ("seeed-2mic-voicecard", "seeed-4mic-voicecard", "seeed-8mic-voicecard")


def light_limits(system: System) -> tuple[str, ...]:
    """Return why the LEDs on SPI will stay dark, if they will."""
    if system.exists("dev/spidev0.0") or system.exists("dev/spidev0.1"):
        return ()
    return ("the lights stay dark: SPI is off; add dtparam=spi=on to config.txt and restart",)


def clock_limits(system: System) -> tuple[str, ...]:
    """Return the word-clock pin's trouble on a Zero 2 W, whose GPIO19 may stay an input."""
    if "Zero 2" not in system.model or "gpio=19=a0" in system.config():
        return ()
    return (
        "the sound may be silent on a Zero 2 W: GPIO19 (the word clock) can be left an input; add "
        "gpio=19=a0 to config.txt and restart",
    )


def overlay(system: System, *names: str) -> str:
    """Return the first of these overlays that config.txt loads, or ""."""
    loaded = {line.partition("=")[2].partition(",")[0] for line in system.config()
              if line.startswith("dtoverlay=")}  # fmt: skip
    return next((name for name in names if name in loaded), "")


def no_card(system: System, chip: str, fitting: str) -> tuple[str, str]:
    """Return problem and remedy where the chip answers and no sound card came of it.

    ``fitting`` is the overlay this board needs.
    """
    problem = f"{chip} answers on I2C, but no driver made a sound card of it"
    built = overlay(system, *_VOICECARD)
    if built and built != fitting:
        version = ".".join(map(str, system.kernel))
        return (
            f"{problem}: {built} needs the module seeed-voicecard, which is not built for kernel "
            f"{version}",
            f"replace dtoverlay={built} by dtoverlay={fitting} in config.txt and restart",
        )
    if overlay(system, fitting):
        return (
            f"{problem} although {fitting} is loaded",
            "restart; if it stays so, look for the codec's name in dmesg",
        )
    if not any(
        system.exists(f"{boot}/overlays/{fitting}.dtbo") for boot in ("boot/firmware", "boot")
    ):
        return (
            f"{problem}: the overlay {fitting} is not on this system",
            "run ./install.sh, which adds it, and restart",
        )
    return problem, f"add dtoverlay={fitting} to config.txt and restart"


def no_tdm(system: System) -> str:
    """Return why an AC108 board cannot record on this computer, or ""."""
    if not system.has_rp1:
        return ""
    return (
        f"cannot record on a {system.model}: its I2S carries two channels a line, and the AC108 "
        "sends all of them on one (TDM)"
    )


NO_TDM_REMEDY = "use it on a Pi 4 or older; a Pi 5 takes the 2-Mics HAT or any USB board"


def find_ac108(
    board: Board, system: System, cards: tuple[str, ...], overlay: str, *, pair: bool
) -> Found | None:
    """Look for the board with one AC108, or a ``pair`` of them, on I2C, or for its sound card."""
    card, second = system.card(*cards), system.on_i2c(AC108_SECOND)
    if card is None and not (system.on_i2c(AC108) and second is pair):
        return None
    chips = "AC108 at I2C 0x35 and 0x3b" if pair else "AC108 at I2C 0x3b"
    how = f"sound card {card.id}" if card else chips
    problem, remedy = no_tdm(system), NO_TDM_REMEDY
    if not problem and card is None:
        problem, remedy = no_card(system, "a pair of AC108" if pair else "an AC108", overlay)
    return Found(board.name, how, problem, remedy if problem else "")


def open_ac108(board: Board, system: System | None, cards: tuple[str, ...]) -> Board:
    """Return ``board`` as it is in this computer. Raises BadInput where it cannot work."""
    if system is None:
        return board
    if reason := no_tdm(system):
        raise BadInput(f'board "{board.name}"', reason, NO_TDM_REMEDY)
    limits = light_limits(system) if board.open_lights is not None else ()
    if "Raspberry Pi 4" in system.model:
        limits += ("a Pi 4 packs two 16-bit samples into a word: expect 12 to 16 useful bits",)
    card = system.card(*cards)
    return replace(board, card=card.name if card else "", limits=limits)
