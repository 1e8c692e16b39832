"""The XVF3800 of the ReSpeaker USB 4-Mic Array: LEDs, mute line, bearing, firmware version.

Vendor control transfers (XMOS XVF3800 user guide, control commands): wIndex is the resource,
wValue the command, 0x80 more to read. An answer begins with a status byte: 0 is done, 64 asks to
try again. Nothing here writes to the flash.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Sequence
from contextlib import suppress
from time import sleep

from assistant.hardware._usb import UsbControl

from assistant.board import Colour

ID = (0x2886, 0x001A)
COUNT = 12
READ = 0x80
DONE, AGAIN = 0, 64
TRIES, PAUSE_S = 100, 0.01

GPO = 20  # resource of pins and LEDs
GPO_READ, GPO_WRITE = 0, 1
LED_EFFECT, LED_BRIGHTNESS, LED_COLOUR, DOA_VALUE, LED_RING = 12, 13, 16, 18, 19
OFF, SINGLE, RING = 0, 3, 5  # effects
APPLICATION, VERSION = 48, 0
MUTE_PIN, MUTE_AT = 30, 1  # X0D30: its number in a write, its place in a read
SINCE_RING = (2, 0, 7)  # firmware that takes twelve colours


class Xvf3800:
    """One control connection. Raises OSError when the board is gone or refuses."""

    def __init__(self) -> None:
        self._usb = UsbControl(*ID)

    def write(self, resource: int, command: int, data: bytes) -> None:
        """Send ``data`` to a command."""
        self._usb.write(command, resource, data)

    def read(self, resource: int, command: int, length: int) -> bytes:
        """Return the ``length`` bytes a command answers, asking again while it is busy."""
        for attempt in range(TRIES):
            answer = self._usb.read(READ | command, resource, length + 1)
            if answer[0] == DONE:
                return answer[1:]
            if answer[0] != AGAIN:
                raise OSError(
                    errno.EIO, f"XVF3800: command {resource}/{command} failed, status {answer[0]}"
                )
            if attempt < TRIES - 1:
                sleep(PAUSE_S)
        raise OSError(errno.ETIMEDOUT, f"XVF3800: command {resource}/{command} stays busy")

    def version(self) -> tuple[int, ...]:
        """Return the firmware's version, (2, 0, 8)."""
        return tuple(self.read(APPLICATION, VERSION, 3))

    def close(self) -> None:
        """Let go of the board; safe to call twice, raises nothing."""
        self._usb.close()


def firmware() -> tuple[int, ...]:
    """Return the version of the board that is plugged in. Raises OSError, EngineMissing."""
    board = Xvf3800()
    try:
        return board.version()
    finally:
        board.close()


class Xvf3800Lights:
    """Shows colours on the ring; see ``assistant.board.Lights``.

    Firmware before 2.0.7 has one colour for all LEDs: they get the brightest of the frame.
    """

    count = COUNT

    def __init__(self) -> None:
        self._board = Xvf3800()
        self._shown = b""
        try:
            self._whole = self._board.version() >= SINCE_RING
            self._board.write(GPO, LED_BRIGHTNESS, b"\xff")
            self._board.write(GPO, LED_EFFECT, bytes((RING if self._whole else SINGLE,)))
        except OSError:
            self._board.close()
            raise

    def show(self, colours: Sequence[Colour]) -> None:
        """See ``Lights``. Nothing is sent while nothing changes."""
        if len(colours) != COUNT:
            raise ValueError(f"{len(colours)} colours for {COUNT} LEDs")
        if self._whole:
            command, data = LED_RING, struct.pack(f"<{COUNT}I", *map(_rgb, colours))
        else:
            command, data = LED_COLOUR, struct.pack("<I", _rgb(max(colours, key=sum)))
        if data != self._shown:
            self._board.write(GPO, command, data)
            self._shown = data

    def close(self) -> None:
        """See ``Lights``."""
        with suppress(OSError):  # it is gone, or closed already
            self._board.write(GPO, LED_EFFECT, bytes((OFF,)))
        self._board.close()


class Xvf3800Mute:
    """The line that cuts the microphones, and that the board's own button switches too.

    See ``assistant.board.Mute``.
    """

    def __init__(self) -> None:
        self._board = Xvf3800()

    def get(self) -> bool:
        """See ``Mute``."""
        return bool(self._board.read(GPO, GPO_READ, 5)[MUTE_AT])

    def set(self, on: bool) -> None:
        """See ``Mute``."""
        self._board.write(GPO, GPO_WRITE, bytes((MUTE_PIN, on)))

    def close(self) -> None:
        """See ``Mute``."""
        self._board.close()


class Xvf3800Bearing:
    """Tells where the last voice came from; see ``assistant.board.Bearing``."""

    def __init__(self) -> None:
        self._board = Xvf3800()

    def degrees(self) -> float | None:
        """See ``Bearing``."""
        angle, _speech = struct.unpack("<HH", self._board.read(GPO, DOA_VALUE, 4))
        return float(angle) if angle < 360 else None

    def close(self) -> None:
        """See ``Bearing``."""
        self._board.close()


def _rgb(colour: Colour) -> int:
    red, green, blue = (round(255 * min(max(c, 0.0), 1.0)) for c in colour)
    return red << 16 | green << 8 | blue
