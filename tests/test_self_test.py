"""What doctor tries out, on made-up computers and on this one."""

from __future__ import annotations

import importlib.metadata
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from assistant import self_test
from assistant import sound_card as cards
from assistant.audio.device import DeviceHealth, DeviceLost
from assistant.board import load_board
from assistant.self_test import THROTTLED
from assistant.settings import Settings, with_overrides
from tests.hardware.machines import PI_4, PI_5, machine

BUTTON = load_board("respeaker_2mic")
PLAIN = load_board("default")
PINS = ("dev/gpiochip0",)


@pytest.fixture
def packages(monkeypatch):
    """Return a function that says which GPIO packages are installed."""

    def install(*names: str) -> None:
        def version(name: str) -> str:
            if name not in names:
                raise importlib.metadata.PackageNotFoundError(name)
            return "1.0"

        monkeypatch.setattr(self_test.importlib.metadata, "version", version)

    return install


@pytest.mark.parametrize(
    ("installed", "model", "kernel", "files", "board", "colour", "says"),
    [
        (("rpi-lgpio",), PI_4, "6.12", PINS, BUTTON, "green", "rpi-lgpio 1.0"),
        (("rpi-lgpio",), PI_5, "6.12", PINS, BUTTON, "green", "rpi-lgpio 1.0"),
        ((), PI_4, "6.12", PINS, BUTTON, "red", "neither"),
        ((), PI_4, "6.12", PINS, PLAIN, "yellow", "neither"),
        (("RPi.GPIO", "rpi-lgpio"), PI_4, "6.12", PINS, PLAIN, "red", "overwrite"),
        (("RPi.GPIO",), PI_5, "6.12", PINS, BUTTON, "red", "cannot work on a Raspberry Pi 5"),
        (("RPi.GPIO",), PI_4, "6.6.31", PINS, BUTTON, "yellow", "no edges"),
        (("RPi.GPIO",), PI_4, "6.1.21", PINS, BUTTON, "green", "RPi.GPIO"),
        (("rpi-lgpio",), PI_4, "6.12", (), BUTTON, "red", "may not be opened"),
        ((), "", "6.12", (), BUTTON, "green", "no header"),
    ],
)
def test_the_pins(tmp_path, packages, installed, model, kernel, files, board, colour, says):
    packages(*installed)
    system = machine(tmp_path, model=model, kernel=kernel, files=files)
    finding = self_test.gpio(system, board)
    assert finding.colour == colour and says in finding.text
    assert bool(finding.remedy) is (colour != "green")


@pytest.mark.parametrize(
    ("bits", "colour"), [("0x0", "green"), ("0x50005", "red"), ("0x50000", "yellow"),
                         ("40000", "yellow")],
)  # fmt: skip
def test_the_supply(tmp_path, bits, colour):
    system = machine(tmp_path)
    path = tmp_path / THROTTLED
    path.parent.mkdir(parents=True)
    path.write_text(bits + "\n")
    (finding,) = self_test.supply(system)
    assert finding.colour == colour


def test_no_supply_to_ask_is_no_line(tmp_path):
    assert list(self_test.supply(machine(tmp_path, model=""))) == []


def test_the_canceller_and_the_speed_are_tried_as_in_the_speaker():
    interval, before = sys.getswitchinterval(), set(threading.enumerate())
    echo, speed = self_test.echo_and_speed(Settings(), load_board("respeaker_2mic"), busy=False)
    assert echo.colour == "green" and "dB cancelled" in echo.text
    assert "2 microphones" in speed.text
    assert sys.getswitchinterval() == interval and set(threading.enumerate()) <= before


def test_a_canceller_that_cancels_nothing_is_red():
    settings = with_overrides(Settings(), {"echo.enabled": False})
    echo, _ = self_test.echo_and_speed(settings, PLAIN, busy=False)
    assert echo.colour == "red" and echo.remedy


@pytest.mark.parametrize(
    ("half", "late", "pi", "colour"),
    [(3.0, 0.0, "", "green"), (3.0, 0.1, "", "yellow"), (9.0, 0.0, PI_4, "yellow"),
     (15.0, 0.0, PI_4, "red"), (15.0, 0.0, "", "yellow")],
)  # fmt: skip
def test_slow_computers(monkeypatch, half, late, pi, colour):
    monkeypatch.setattr(self_test, "pi_model", lambda: pi)
    wall = np.full(400, half)
    wall[40 : 40 + round(400 * late)] = 40.0
    finding = self_test._speed(np.stack([wall, np.full(400, half)], axis=1), 2)
    assert finding.colour == colour and bool(finding.remedy) is (colour != "green")


def test_the_priority_is_tried_and_given_back():
    import os

    before = os.sched_getscheduler(0)
    finding = self_test.priority()
    assert finding.colour in ("green", "yellow") and os.sched_getscheduler(0) == before
    assert bool(finding.remedy) is (finding.colour == "yellow")


class Card:
    """A card that is only opened and asked."""

    rate = 48_000

    def __init__(self, latency: int) -> None:
        self.latency, self.closed = latency, False

    def health(self) -> DeviceHealth:
        return DeviceHealth(output_latency=self.latency)

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("latency", "colour"), [(512, "green"), (8000, "yellow")])
def test_the_latency_of_the_card(monkeypatch, latency, colour):
    card = Card(latency)
    monkeypatch.setattr(cards, "open_device", lambda settings, board: card)
    finding = self_test.latency(Settings(), PLAIN, None)
    assert finding.colour == colour and "48000 Hz" in finding.text and card.closed


def test_a_card_that_cannot_be_opened_is_not_measured(monkeypatch):
    def refuse(settings, board):
        raise DeviceLost("busy")

    monkeypatch.setattr(cards, "open_device", refuse)
    assert self_test.latency(Settings(), PLAIN, None).text == "not measured: busy"


def test_a_running_speaker_is_asked_instead():
    sound = {"latency_ms": 32.0, "late_hops": 3, "dry": 1, "outages": 2, "trouble": ""}
    finding = self_test.latency(Settings(), PLAIN, {"sound": sound})
    assert finding.colour == "green" and "3 hops late" in finding.text
    away = self_test.latency(Settings(), PLAIN, {"sound": sound | {"trouble": "unplugged"}})
    assert (away.colour, away.text) == ("red", "unplugged") and away.remedy
    assert self_test.latency(Settings(), PLAIN, {}).colour == "yellow"


def test_calibration_is_asked_for_where_it_helps():
    assert self_test.calibration(Settings(), PLAIN).remedy == "assistant calibrate"
    measured = replace(Settings(), echo=replace(Settings().echo, delay_ms=55.3))
    assert self_test.calibration(measured, PLAIN).text == "delay of 55.3 ms measured"
    assert self_test.calibration(Settings(), load_board("respeaker_6mic")).colour == "green"
