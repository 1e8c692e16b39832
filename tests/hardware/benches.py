"""Boards on simulated buses: the shipped drivers, with what is below them faked."""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass, field

from assistant.board import Board, load_board
from tests.hardware import gpio, spi

PI_HATS = ("respeaker_2mic", "respeaker_2mic_v2", "respeaker_4mic", "respeaker_6mic")
BOARDS = (*PI_HATS, "respeaker_usb_v2", "respeaker_xvf3800", "virtual")


@dataclass
class Bench:
    """A board, and what is behind its drivers."""

    board: Board
    chain: spi.Chain | None = None
    header: gpio.Header | None = None
    usb: object = None
    device: object = None
    naps: list[float] = field(default_factory=list)

    @property
    def colours(self) -> list[tuple[float, float, float]]:
        """The light a person would see, linear, 0 to 1."""
        if self.chain is not None:
            return self.chain.colours
        shown = self.device.lit if hasattr(self.device, "lit") else self.device.colours
        return [tuple(c / 255 for c in colour) for colour in shown]


def put_on_bench(name: str, monkeypatch, **options) -> Bench:
    """Return the board ``name`` with simulated hardware; ``options`` go to the simulators."""
    board = load_board(name)
    if name in PI_HATS:
        chain = spi.Chain(board.ring.count)
        header = gpio.Header(**options)
        use_pins(monkeypatch, header)
        monkeypatch.setitem(sys.modules, "spidev", spi.module(chain))
        return Bench(board, chain, header)
    if name in ("respeaker_usb_v2", "respeaker_xvf3800"):
        return _on_usb(board, monkeypatch, **options)
    return Bench(board)


def use_pins(monkeypatch, header: gpio.Header) -> None:
    """Let ``import RPi.GPIO`` find these pins."""
    package, module = types.ModuleType("RPi"), header.module()
    package.GPIO = module
    monkeypatch.setitem(sys.modules, "RPi", package)
    monkeypatch.setitem(sys.modules, "RPi.GPIO", module)


def _on_usb(board: Board, monkeypatch, **options) -> Bench:
    from tests.hardware import usb_bus

    kind = usb_bus.Xvf3000 if board.name == "respeaker_usb_v2" else usb_bus.Xvf3800
    device = kind(**options)
    bus = usb_bus.Bus(device)
    import usb.backend.libusb1

    monkeypatch.setattr(usb.backend.libusb1, "get_backend", lambda *_, **__: bus)
    bench = Bench(board, usb=bus, device=device)
    from assistant.hardware import _xvf3800

    monkeypatch.setattr(_xvf3800, "sleep", bench.naps.append)
    return bench
