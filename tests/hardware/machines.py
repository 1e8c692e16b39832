"""Computers as folders: what a Raspberry Pi shows of itself in /proc, /sys, /dev and /boot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assistant.machine import System
from tests.hardware.i2c import Bus

PI_4 = "Raspberry Pi 4 Model B Rev 1.5"
PI_5 = "Raspberry Pi 5 Model B Rev 1.0"
ZERO_2 = "Raspberry Pi Zero 2 W Rev 1.0"
OVERLAYS = "boot/firmware/overlays"


@dataclass(frozen=True)
class Card:
    """A sound card of a made-up machine."""

    id: str
    name: str
    usb: str = ""
    inputs: int = 0
    rates: str = "16000"


HDMI = Card("vc4hdmi0", "vc4-hdmi-0")
SEEED_2 = Card("seeed2micvoicec", "seeed2micvoicec")
SEEED_4 = Card("seeed4micvoicec", "seeed4micvoicec")
SEEED_8 = Card("seeed8micvoicec", "seeed8micvoicec")
USB_V2 = Card("ArrayUAC10", "ReSpeaker 4 Mic Array (UAC1.0)", "2886:0018", 6)
XVF3800 = Card("Array", "reSpeaker XVF3800 4-Mic Array", "2886:001a", 2)
LITE = Card("Lite", "ReSpeaker Lite", "2886:0019", 2)


def machine(
    root: Path,
    *,
    model: str = PI_4,
    kernel: str = "6.12.25+rpt-rpi-v8",
    cards: tuple[Card, ...] = (),
    usb: tuple[str, ...] = (),
    config: str = "",
    files: tuple[str, ...] = ("dev/spidev0.0",),
    i2c: Bus | None = None,
) -> System:
    """Return a computer with these things in it, made of files below ``root``."""

    def write(path: str, text: str) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)

    if model:
        write("proc/device-tree/model", model + "\0")
    write("proc/sys/kernel/osrelease", kernel + "\n")
    write("boot/firmware/config.txt", config)
    lines = []
    for number, card in enumerate(cards):
        driver = "USB-Audio" if card.usb else "simple-card"
        lines += [f"{number:2} [{card.id:15}]: {driver} - {card.name}", f"{'':22}{card.name}"]
        if card.usb:
            write(f"proc/asound/card{number}/usbid", card.usb + "\n")
            write(f"proc/asound/card{number}/stream0", _stream(card))
    write("proc/asound/cards", "\n".join(lines) + "\n" if lines else "--- no soundcards ---\n")
    for number, id_ in enumerate((*usb, *(card.usb for card in cards if card.usb))):
        vendor, product = id_.split(":")
        write(f"sys/bus/usb/devices/1-1.{number}/idVendor", vendor + "\n")
        write(f"sys/bus/usb/devices/1-1.{number}/idProduct", product + "\n")
        write(f"sys/bus/usb/devices/1-1.{number}/bcdDevice", "0200\n")
    for path in files:
        write(path, "")
    return System(root, i2c or Bus(present=False))


def _stream(card: Card) -> str:
    """What the kernel writes to stream0 of a USB card."""
    return (
        f"{card.name} at usb-0000:01:00.0-1.3, high speed : USB Audio\n\nPlayback:\n"
        "  Status: Stop\n  Interface 1\n    Altset 1\n    Format: S16_LE\n    Channels: 2\n"
        f"    Rates: {card.rates}\n\nCapture:\n  Status: Stop\n  Interface 2\n    Altset 1\n"
        f"    Format: S16_LE\n    Channels: {card.inputs}\n    Rates: {card.rates}\n"
    )
