"""The XVF3000 of the ReSpeaker USB Mic Array v2: its ring of twelve LEDs and its bearing.

Vendor control transfers. The ring listens at wIndex 0x1C, the command is wValue. A parameter of
the signal processor is read with its id as wIndex and 0x80 (0x40 more for integers) plus its
number as wValue; the answer is two 32-bit integers, of which an integer parameter is the first.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress

from assistant.hardware._usb import UsbControl

from assistant.board import Colour

ID = (0x2886, 0x0018)
COUNT = 12
RING = 0x1C
MONO, CUSTOM, BRIGHTNESS, CENTRE = 0x01, 0x06, 0x20, 0x22
FULL = 0x1F
READ, INTEGER = 0x80, 0x40
DOA_ANGLE = (21, 0)  # parameter id, number: 0 to 359


class Xvf3000Lights:
    """Shows colours on the ring; see ``assistant.board.Lights``."""

    count = COUNT

    def __init__(self) -> None:
        self._usb = UsbControl(*ID)
        self._shown = b""
        try:
            self._usb.write(BRIGHTNESS, RING, bytes((FULL,)))
            self._usb.write(CENTRE, RING, b"\0")  # ours is the only light that says "listening"
        except OSError:
            self._usb.close()
            raise

    def show(self, colours: Sequence[Colour]) -> None:
        """See ``Lights``. Nothing is sent while nothing changes."""
        if len(colours) != COUNT:
            raise ValueError(f"{len(colours)} colours for {COUNT} LEDs")
        data = b"".join(bytes((*map(_byte, colour), 0)) for colour in colours)
        if data != self._shown:
            self._usb.write(CUSTOM, RING, data)
            self._shown = data

    def close(self) -> None:
        """See ``Lights``."""
        with suppress(OSError):  # it is gone, or closed already
            self._usb.write(MONO, RING, bytes(4))
        self._usb.close()


class Xvf3000Bearing:
    """Tells where the last voice came from; see ``assistant.board.Bearing``."""

    def __init__(self) -> None:
        self._usb = UsbControl(*ID)

    def degrees(self) -> float | None:
        """See ``Bearing``."""
        number, offset = DOA_ANGLE
        answer = self._usb.read(READ | INTEGER | offset, number, 8)
        angle, _ = struct.unpack("<ii", answer)
        return float(angle) if 0 <= angle < 360 else None

    def close(self) -> None:
        """See ``Bearing``."""
        self._usb.close()


def _byte(light: float) -> int:
    return round(255 * min(max(light, 0.0), 1.0))
