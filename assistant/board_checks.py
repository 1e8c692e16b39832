"""Tries a board's drivers: the contract of ``assistant.board``, on whatever is plugged in.

The tests run the same checks on simulated boards (tests/contract/test_board_drivers.py), and
``assistant doctor --hardware`` on the real one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from assistant.board import Bearing, Board, Button, Lights, Mute, find_board
from assistant.doctor import Finding
from assistant.errors import AssistantError, BadInput
from assistant.machine import System

FRAMES = 30  # of a second; slower lights are no fault, but said
WHITE = (1.0, 1.0, 1.0)
COLOURS = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.003, 0.001, 0.0))


@dataclass(frozen=True)
class Check:
    """One promise of a driver; ``run`` returns a remark, and raises when it is not kept."""

    part: str
    promise: str
    run: Callable[[], str]


class Broken(AssertionError):
    """Says which promise a driver broke."""


def checks(board: Board) -> Iterator[Check]:
    """Yield every check that fits the board's parts. Lights flash; mute ends as it was."""
    for part, opener, promises in (
        ("lights", board.open_lights, LIGHTS),
        ("mute switch", board.open_mute, MUTE),
        ("bearing", board.open_bearing, BEARING),
    ):
        for promise, function in promises if opener is not None else ():
            yield Check(part, promise, _bound(function, opener))
    if board.open_button is not None:
        for promise, function in BUTTON:
            yield Check("button", promise, _bound(function, board.open_button))


def _bound(function: Callable, opener: Callable) -> Callable[[], str]:
    return lambda: function(opener) or ""


def board_findings(name: str, system: System, device: str = "default") -> list[Finding]:
    """Return which board is used (``audio.board`` is ``name``), its limits, and who is refused."""
    try:
        board, found = find_board(name, system)
    except BadInput as error:
        return [Finding("board", "red", f"{error.where}: {error.problem}", error.remedy)]
    how = next((f" ({f.how})" for f in found if f.board == board.name), "")
    findings = [Finding("board", "green", board.title + how)]
    warning = board.sound_warning(device)
    limits = (*board.limits, *([warning] if warning else []))
    findings += [Finding("board", "yellow", limit) for limit in limits]
    colour = "red" if board.name == "default" else "yellow"
    for other in found:
        if not other.ready:
            hedged = colour if other.sure else "yellow"  # it may be something else altogether
            findings.append(Finding(other.board, hedged, other.problem, other.remedy))
    return findings


def examine_board(board: Board, more: Iterable[Check] = ()) -> list[Finding]:
    """Return a finding for every check of ``board``, and ``more`` checks; never raises."""
    findings = [Finding("board", "green", board.title)]
    findings += [Finding("board", "yellow", limit) for limit in board.limits]
    for check in (*checks(board), *more):
        try:
            remark = check.run()
        except Broken as error:
            findings.append(Finding(check.part, "red", f"{check.promise}: {error}", REPORT))
        except (OSError, AssistantError) as error:
            failed = Finding(check.part, "red", str(error), "see docs/troubleshooting.md")
            findings += [failed] if failed not in findings else []  # a card that is not there: once
            continue
        else:
            text = check.promise + (f" ({remark})" if remark else "")
            findings.append(Finding(check.part, "green", text))
    if len(findings) == 1 + len(board.limits):
        findings.append(Finding("board", "green", "has no lights, button or switch to try"))
    return findings


REPORT = "please report it with the output of assistant doctor"


def _expect(kept: bool, otherwise: str) -> None:
    if not kept:
        raise Broken(otherwise)


def _expect_refusal(call: Callable[[], object], kind: type[Exception], otherwise: str) -> None:
    try:
        call()
    except kind:
        return
    raise Broken(otherwise)


# --- lights ----------------------------------------------------------------------------------


def _shows_every_colour(open_lights: Callable[[], Lights]) -> str:
    lights = open_lights()
    try:
        began = time.perf_counter()
        for n in range(FRAMES):
            lights.show([COLOURS[(n + led) % len(COLOURS)] for led in range(lights.count)])
        took_s = time.perf_counter() - began
    finally:
        lights.close()
    return f"{1000 * took_s / FRAMES:.1f} ms a frame"


def _clips(open_lights: Callable[[], Lights]) -> None:
    lights = open_lights()
    try:
        lights.show([(2.0, -1.0, 0.5)] * lights.count)
    finally:
        lights.close()


def _refuses_a_wrong_count(open_lights: Callable[[], Lights]) -> None:
    lights = open_lights()
    try:
        for count in (0, lights.count - 1, lights.count + 1):
            wrong = [WHITE] * count
            _expect_refusal(lambda: lights.show(wrong), ValueError, f"{count} colours were taken")  # noqa: B023
    finally:
        lights.close()


def _lights_end(open_lights: Callable[[], Lights]) -> None:
    lights = open_lights()
    lights.show([WHITE] * lights.count)
    lights.close()
    lights.close()
    _expect_refusal(
        lambda: lights.show([(0.0, 0.5, 0.0)] * lights.count), OSError, "it shows after its end"
    )
    again = open_lights()
    again.show([WHITE] * again.count)
    again.close()


LIGHTS = (
    ("show every colour", _shows_every_colour),
    ("clip what is too bright", _clips),
    ("refuse a wrong number of colours", _refuses_a_wrong_count),
    ("can be closed twice and opened again", _lights_end),
)


# --- button ----------------------------------------------------------------------------------


def _button_is_up(open_button: Callable[..., Button]) -> str:
    button = open_button(lambda t_s, down: None)
    try:
        _expect(not button.down(), "it is down; let go of it, or look at its wiring")
        return "reports its edges" if button.edges else "is looked at 30 times a second"
    finally:
        button.close()


def _button_ends(open_button: Callable[..., Button]) -> None:
    for _ in range(2):
        button = open_button(lambda t_s, down: None)
        button.close()
        button.close()
        _expect_refusal(button.down, OSError, "it answers after its end")


BUTTON = (
    ("is up", _button_is_up),
    ("can be closed twice and opened again", _button_ends),
)


# --- mute and bearing ------------------------------------------------------------------------


def _mute_switches(open_mute: Callable[[], Mute]) -> None:
    mute = open_mute()
    try:
        before = mute.get()
        try:
            for on in (True, False, True, True, False):
                mute.set(on)
                _expect(mute.get() is on, f"it was set to {on} and is not")
        finally:
            mute.set(before)
    finally:
        mute.close()


def _mute_stays(open_mute: Callable[[], Mute]) -> None:
    mute = open_mute()
    before = mute.get()
    mute.set(True)
    mute.close()
    mute.close()
    _expect_refusal(mute.get, OSError, "it answers after its end")
    again = open_mute()
    stayed = again.get()
    again.set(before)
    again.close()
    _expect(stayed, "closing it switched the microphones on")


MUTE = (
    ("switches the microphones off and on", _mute_switches),
    ("stays off when the program ends", _mute_stays),
)


def _points(open_bearing: Callable[[], Bearing]) -> str:
    bearing = open_bearing()
    try:
        degrees = bearing.degrees()
        _expect(degrees is None or 0.0 <= degrees < 360.0, f"it points to {degrees} degrees")
        return "nobody spoke yet" if degrees is None else f"{degrees:.0f} degrees"
    finally:
        bearing.close()
        bearing.close()


BEARING = (("points somewhere", _points),)
