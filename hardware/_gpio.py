"""Header pins through the RPi.GPIO interface, whichever of the two packages provides it.

RPi.GPIO itself cannot work on a Pi 5, and cannot report edges on kernels since 6.6; rpi-lgpio
offers the same interface through the kernel. They install the same module, so both at once is a
broken installation. Where edges are refused, the pin is asked instead: a button is never dead.
"""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable

from assistant.errors import EngineMissing

PACKAGES = ("RPi.GPIO", "rpi-lgpio")


def load():
    """Return the RPi.GPIO module, numbering pins as the chip does (BCM).

    Raises EngineMissing with neither or both packages installed, and where the installed one
    cannot work.
    """
    installed = [name for name in PACKAGES if _installed(name)]
    if len(installed) > 1:
        raise EngineMissing(
            "RPi.GPIO and rpi-lgpio are both installed and overwrite each other; remove both with "
            "pip uninstall RPi.GPIO rpi-lgpio, then run ./install.sh setup"
        )
    try:
        import RPi.GPIO as GPIO
    except (ImportError, RuntimeError) as error:
        raise EngineMissing(
            f"the pins of the Raspberry Pi cannot be reached ({error}); install rpi-lgpio in "
            "place of RPi.GPIO with ./install.sh setup"
        ) from None
    GPIO.setwarnings(False)
    GPIO.setmode(GPIO.BCM)
    return GPIO


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


class PushButton:
    """A button from a pin to ground; see ``assistant.board.Button``.

    ``changed(t_s, down)`` is called at every edge with ``time.monotonic()``, on the library's
    thread; it must only hand the news on. Bounces are passed on too (``assistant.button`` knows
    them): a library that filters them also loses short presses.
    """

    def __init__(self, pin: int, changed: Callable[[float, bool], None]) -> None:
        self._gpio, self._pin, self._changed = load(), pin, changed
        self._open = True
        try:
            self._gpio.setup(pin, self._gpio.IN, pull_up_down=self._gpio.PUD_UP)
        except RuntimeError as error:  # not on a Pi, or "Cannot determine SOC peripheral base"
            self._open = False
            raise OSError(f"GPIO{pin} cannot be used: {error}") from None
        self.edges = True
        try:
            self._gpio.add_event_detect(pin, self._gpio.BOTH, callback=self._edge)
        except RuntimeError:  # RPi.GPIO on kernels since 6.6: "Failed to add edge detection"
            self.edges = False

    def _edge(self, _pin: int) -> None:
        now = time.monotonic()
        if self._open:
            self._changed(now, self.down())

    def down(self) -> bool:
        """See ``Button``."""
        if not self._open:
            raise OSError(f"GPIO{self._pin} was closed")
        return not self._gpio.input(self._pin)

    def close(self) -> None:
        """See ``Button``."""
        if self._open:
            self._open = False
            if self.edges:
                self._gpio.remove_event_detect(self._pin)
            self._gpio.cleanup(self._pin)


class Output:
    """A pin that feeds something. Raises OSError when it cannot be driven."""

    def __init__(self, pin: int, high: bool) -> None:
        self._gpio, self._pin, self._open = load(), pin, True
        try:
            level = self._gpio.HIGH if high else self._gpio.LOW
            self._gpio.setup(pin, self._gpio.OUT, initial=level)
        except RuntimeError as error:
            self._open = False
            raise OSError(f"GPIO{pin} cannot be driven: {error}") from None

    def close(self) -> None:
        """Let go of the pin; safe to call twice."""
        if self._open:
            self._open = False
            self._gpio.cleanup(self._pin)
