"""APA102 colour LEDs on the Pi's SPI bus: three on a 2-Mics HAT, twelve on the ring boards.

The wire (APA102C datasheet): a start frame of 32 zero bits; per LED 111, five bits of brightness,
then blue, green and red; at the end at least half a clock per LED, so that the last one gets its
bits. The 32 zero bits more are for SK9822 chips, which are sold as APA102 and latch on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path

from assistant.board import Colour
from assistant.errors import EngineMissing

SPEED_HZ = 8_000_000
SPI_REMEDY = "add dtparam=spi=on to config.txt and restart"
LEVELS = 31  # of the brightness field


class Apa102:
    """Shows colours on ``count`` LEDs; see ``assistant.board.Lights``.

    The LEDs have no chip select, so either of the bus's two devices reaches them. ``power`` is
    the GPIO (BCM number) that feeds them, or None. Raises OSError when SPI is off, EngineMissing
    without the package spidev.
    """

    def __init__(self, count: int, power: int | None = None) -> None:
        try:
            import spidev
        except ImportError as error:
            raise EngineMissing(
                f"package spidev cannot be loaded ({error}); run ./install.sh setup"
            ) from None
        self.count = count
        self._supply = self._spi = None
        if power is not None:
            from assistant.hardware._gpio import Output

            self._supply = Output(power, high=True)
        spi = spidev.SpiDev()
        try:
            spi.open(0, 0 if Path("/dev/spidev0.0").exists() else 1)
        except OSError as error:
            self.close()
            raise OSError(error.errno, f"SPI cannot be opened ({error}); {SPI_REMEDY}") from None
        spi.mode = 0
        spi.max_speed_hz = SPEED_HZ
        self._spi = spi

    def show(self, colours: Sequence[Colour]) -> None:
        """See ``Lights``."""
        if self._spi is None:
            raise OSError("the lights were closed")
        if len(colours) != self.count:
            raise ValueError(f"{len(colours)} colours for {self.count} LEDs")
        self._spi.writebytes2(frame(colours))

    def close(self) -> None:
        """See ``Lights``."""
        spi, self._spi = self._spi, None
        if spi is not None:
            with suppress(OSError):  # it is gone, and so is its light
                spi.writebytes2(frame([(0.0, 0.0, 0.0)] * self.count))
            spi.close()
        supply, self._supply = self._supply, None
        if supply is not None:
            supply.close()


def frame(colours: Sequence[Colour]) -> bytes:
    """Return what goes over the wire to show ``colours``."""
    return bytes(4) + b"".join(map(encode, colours)) + bytes(4 + ceil(len(colours) / 16))


def encode(colour: Colour) -> bytes:
    """Return the four bytes of one LED for a colour in linear light, 0 to 1.

    The brightness field takes the brightest channel as far down as it goes, so that the other
    eight bits stay fine where light is dim.
    """
    red, green, blue = (min(max(c, 0.0), 1.0) for c in colour)
    peak = max(red, green, blue)
    level = ceil(peak * LEVELS)
    scale = 255 * LEVELS / level if level else 0.0
    return bytes((0xE0 | level, *(min(255, round(c * scale)) for c in (blue, green, red))))
