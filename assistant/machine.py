"""What this computer is and what is plugged into it: model, kernel, sound cards, USB, I2C.

Everything is read from files below ``root`` and asked on the I2C bus, so a folder and a simulated
bus stand in for any Raspberry Pi.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

I2C_SLAVE = 0x0703  # <linux/i2c-dev.h>
CONFIG = ("boot/firmware/config.txt", "boot/config.txt")
CLAIMED = (errno.EBUSY,)  # a driver of the kernel talks to that chip: it is there


@dataclass(frozen=True)
class SoundCard:
    """One ALSA card: ``id`` and ``name`` stay the same over a reboot, ``number`` does not."""

    number: int
    id: str
    name: str
    usb: str = ""  # "2886:0018", or "" for a card that is not on USB
    inputs: int = 0  # most capture channels; 0 when the kernel does not say
    rates: tuple[int, ...] = ()  # of a USB card's capture, Hz


@dataclass(frozen=True)
class UsbDevice:
    """One USB device; ``version`` is its bcdDevice, "0210" for 2.10."""

    vendor: int
    product: int
    version: str = ""
    name: str = ""


class I2cPort(Protocol):
    """An open /dev/i2c-N: choose a chip, then read from it."""

    def choose(self, address: int) -> None:
        """Talk to the chip at ``address`` from now on; OSError EBUSY when a driver has it."""
        ...

    def read(self) -> int:
        """Return one byte of that chip; OSError when none answers."""
        ...

    def close(self) -> None:
        """Release the bus."""
        ...


class LinuxI2c:
    """The kernel's I2C bus at ``path``; see <linux/i2c-dev.h>."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR)

    def choose(self, address: int) -> None:
        """See ``I2cPort``."""
        fcntl.ioctl(self._file, I2C_SLAVE, address)

    def read(self) -> int:
        """See ``I2cPort``."""
        return os.read(self._file, 1)[0]

    def close(self) -> None:
        """See ``I2cPort``."""
        os.close(self._file)


class System:
    """Answers what a board's ``detect`` asks. Reads afresh each time; any thread, never audio."""

    def __init__(
        self, root: Path | str = "/", open_i2c: Callable[[Path], I2cPort] = LinuxI2c
    ) -> None:
        self.root = Path(root)
        self._open_i2c = open_i2c

    def read(self, path: str) -> str:
        """Return the text of a file below the root, without NULs and blank ends; "" if none."""
        try:
            return (self.root / path).read_text(errors="replace").strip("\0\n ")
        except OSError:
            return ""

    def exists(self, path: str) -> bool:
        """Return whether there is such a file below the root."""
        return (self.root / path).exists()

    # --- the computer ------------------------------------------------------------------------

    @property
    def model(self) -> str:
        """Return the Raspberry Pi's model, or "" on another computer."""
        model = self.read("proc/device-tree/model")
        return model if "Raspberry Pi" in model else ""

    @property
    def has_rp1(self) -> bool:
        """Return whether I2S and GPIO are in the RP1 chip: Pi 5, 500 and Compute Module 5."""
        return bool(re.search(r"Raspberry Pi (5|Compute Module 5)", self.model))

    @property
    def kernel(self) -> tuple[int, int]:
        """Return the kernel's major and minor number, (0, 0) when unknown."""
        found = re.match(r"(\d+)\.(\d+)", self.read("proc/sys/kernel/osrelease"))
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def config(self) -> tuple[str, ...]:
        """Return the lines of the Pi's config.txt that are in force, without comments."""
        text = next((t for t in map(self.read, CONFIG) if t), "")
        lines = (line.partition("#")[0].replace(" ", "") for line in text.splitlines())
        return tuple(line for line in lines if line)

    # --- sound cards -------------------------------------------------------------------------

    def cards(self) -> tuple[SoundCard, ...]:
        """Return the ALSA cards in the order of their numbers."""
        found = re.findall(
            r"^ *(\d+) \[(.*?) *\]: .*? - (.*)$", self.read_raw("proc/asound/cards"), re.MULTILINE
        )
        return tuple(self._card(int(number), id_, name) for number, id_, name in found)

    def _card(self, number: int, id_: str, name: str) -> SoundCard:
        stream = self.read(f"proc/asound/card{number}/stream0")
        capture = stream.partition("Capture:")[2]
        inputs = [int(n) for n in re.findall(r"Channels: (\d+)", capture)]
        rates = re.findall(r"Rates: ([\d, ]+)", capture)
        each = sorted({int(n) for line in rates for n in re.findall(r"\d+", line)})
        usb = self.read(f"proc/asound/card{number}/usbid").lower()
        return SoundCard(number, id_, name.strip(), usb, max(inputs, default=0), tuple(each))

    def card(self, *ids: str) -> SoundCard | None:
        """Return the first card with one of these ids, USB ids ("2886:0018") or names, or None."""
        wanted = {word.lower() for word in ids}
        for card in self.cards():
            if wanted & {card.id.lower(), card.name.lower(), card.usb}:
                return card
        return None

    def read_raw(self, path: str) -> str:
        """Return the text of a file below the root as it is; "" if there is none."""
        try:
            return (self.root / path).read_text(errors="replace")
        except OSError:
            return ""

    # --- USB and I2C -------------------------------------------------------------------------

    def usb(self) -> tuple[UsbDevice, ...]:
        """Return the USB devices that are plugged in."""
        found = []
        for vendor in sorted(self.root.glob("sys/bus/usb/devices/*/idVendor")):
            folder = vendor.parent.relative_to(self.root)
            numbers = [self.read(f"{folder}/{name}") for name in ("idVendor", "idProduct")]
            if all(re.fullmatch("[0-9a-fA-F]{4}", number) for number in numbers):
                version, name = self.read(f"{folder}/bcdDevice"), self.read(f"{folder}/product")
                found.append(UsbDevice(int(numbers[0], 16), int(numbers[1], 16), version, name))
        return tuple(found)

    def usb_device(self, vendor: int, product: int) -> UsbDevice | None:
        """Return the device with these numbers, or None."""
        same = (d for d in self.usb() if (d.vendor, d.product) == (vendor, product))
        return next(same, None)

    def on_i2c(self, address: int, bus: int = 1) -> bool:
        """Return whether a chip answers at ``address`` (0x08 to 0x77) of a bus.

        A chip that a kernel driver has taken counts, and so does one bound in sysfs where the bus
        itself may not be opened. Nothing is written to the chip.
        """
        if self.exists(f"sys/bus/i2c/devices/{bus}-{address:04x}/driver"):
            return True
        try:
            port = self._open_i2c(self.root / f"dev/i2c-{bus}")
        except OSError:
            return False
        try:
            port.choose(address)
            port.read()
            return True
        except OSError as error:
            return error.errno in CLAIMED
        finally:
            port.close()
