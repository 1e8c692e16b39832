"""A fake spidev with a chain of APA102 behind it that takes nothing but the real protocol."""

from __future__ import annotations

import errno
import types

from assistant.board import Colour


class ProtocolError(AssertionError):
    """The wire carried something the chips would not understand."""


class Chain:
    """``count`` APA102 LEDs, read from their data line as their datasheet says."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.frames = 0
        self.colours: list[Colour] = [(0.0, 0.0, 0.0)] * count
        self.raw: list[tuple[int, int, int, int]] = []  # brightness, blue, green, red

    def receive(self, data: bytes) -> None:
        if data[:4] != bytes(4):
            raise ProtocolError("no start frame of 32 zero bits")
        body, end = data[4 : 4 + 4 * self.count], data[4 + 4 * self.count :]
        if len(body) != 4 * self.count:
            raise ProtocolError(f"{len(body)} bytes for {self.count} LEDs")
        leds = [tuple(body[n : n + 4]) for n in range(0, len(body), 4)]
        if any(led[0] & 0xE0 != 0xE0 for led in leds):
            raise ProtocolError("an LED frame does not begin with 111")
        if 8 * len(end) < self.count / 2:
            raise ProtocolError("the end frame is too short: the last LEDs miss their clocks")
        if any(byte & 0xE0 == 0xE0 for byte in end[:4]) and end[:1] != b"\xff":
            raise ProtocolError("the end frame looks like an LED")
        self.raw = [(led[0] & 0x1F, *led[1:]) for led in leds]
        scale = 31 * 255
        self.colours = [(b * r / scale, b * g / scale, b * u / scale) for b, u, g, r in self.raw]
        self.frames += 1


def module(chain: Chain, *, present: bool = True) -> types.ModuleType:
    """Return a module like spidev, whose bus 0 has ``chain`` on it."""

    class SpiDev:
        def __init__(self) -> None:
            self._open = False
            self.mode, self.max_speed_hz = 0, 500_000

        def open(self, bus: int, device: int) -> None:
            if not present or bus != 0 or device not in (0, 1):
                raise FileNotFoundError(errno.ENOENT, "No such file or directory")
            self._open = True

        def writebytes2(self, data) -> None:
            if not self._open:
                raise OSError(errno.EBADF, "Bad file descriptor")
            if self.mode not in (0, 3) or not 100_000 <= self.max_speed_hz <= 15_000_000:
                raise ProtocolError("the LEDs cannot follow this clock")
            if chain.count == 0:
                raise OSError(errno.EIO, "Input/output error")
            chain.receive(bytes(data))

        def close(self) -> None:
            self._open = False

    made = types.ModuleType("spidev")
    made.SpiDev = SpiDev
    return made
