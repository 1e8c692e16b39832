"""A fake RPi.GPIO with its rules, and a hand that pushes buttons (with bounces)."""

from __future__ import annotations

import types
from collections.abc import Callable


class Header:
    """The pins. ``edges`` False is RPi.GPIO on kernels since 6.6, ``rp1`` RPi.GPIO on a Pi 5."""

    def __init__(self, *, edges: bool = True, rp1: bool = False) -> None:
        self.edges, self.rp1 = edges, rp1
        self.outside: dict[int, int] = {}  # levels driven from outside
        self.outputs: dict[int, int] = {}
        self._inputs: dict[int, int] = {}  # pin -> pull
        self._callbacks: dict[int, list[Callable[[int], None]]] = {}

    def drive(self, pin: int, level: int) -> None:
        """Change a pin from outside; the edge is reported as the library does."""
        before, self.outside[pin] = self.outside.get(pin, 1), level
        if before != level:
            for callback in list(self._callbacks.get(pin, ())):
                callback(pin)

    @property
    def used(self) -> set[int]:
        """Pins that somebody has set up and not given back."""
        return set(self._inputs) | set(self.outputs)

    def module(self) -> types.ModuleType:
        """Return a module like RPi.GPIO on these pins."""
        header, mode = self, []
        made = types.ModuleType("RPi.GPIO")
        made.BCM, made.BOARD, made.IN, made.OUT = 11, 10, 1, 0
        made.LOW, made.HIGH, made.PUD_OFF, made.PUD_DOWN, made.PUD_UP = 0, 1, 20, 21, 22
        made.RISING, made.FALLING, made.BOTH = 31, 32, 33

        def setmode(new: int) -> None:
            if mode and mode[0] != new:
                raise ValueError("A different mode has already been set!")
            mode[:] = [new]

        def setup(pin, direction, pull_up_down=made.PUD_OFF, initial=None) -> None:
            if not mode:
                raise RuntimeError("Please set pin numbering mode")
            if header.rp1:
                raise RuntimeError("Cannot determine SOC peripheral base address")
            if direction == made.OUT:
                assert pull_up_down == made.PUD_OFF and initial is not None
                header.outputs[pin] = initial
            else:
                assert initial is None
                header._inputs[pin] = pull_up_down

        def read(pin) -> int:
            if pin not in header._inputs:
                raise RuntimeError("You must setup() the GPIO channel first")
            floating = {made.PUD_UP: 1, made.PUD_DOWN: 0}.get(header._inputs[pin])
            level = header.outside.get(pin, floating)
            assert level is not None, "the pin floats: no pull-up was asked for"
            return level

        def add_event_detect(pin, edge, callback=None, bouncetime=None) -> None:
            if pin not in header._inputs:
                raise RuntimeError("You must setup() the GPIO channel as an input first")
            if not header.edges:
                raise RuntimeError("Failed to add edge detection")
            if pin in header._callbacks:
                raise RuntimeError("Conflicting edge detection already enabled")
            assert edge == made.BOTH and bouncetime is None, "the library would lose edges"
            header._callbacks[pin] = [callback]

        def remove_event_detect(pin) -> None:
            header._callbacks.pop(pin)

        def cleanup(pin) -> None:
            header._inputs.pop(pin, None)
            header.outputs.pop(pin, None)

        made.setwarnings = lambda value: None
        made.setmode, made.setup, made.input = setmode, setup, read
        made.add_event_detect, made.remove_event_detect = add_event_detect, remove_event_detect
        made.cleanup = cleanup
        return made
