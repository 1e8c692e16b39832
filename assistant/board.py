"""What the core knows about a microphone board, and how it finds the one that is plugged in.

A board is one file in ``hardware/``: ``detect(system)`` says whether it is here, and
``open_board(system)`` describes it. docs/boards.md shows how to write one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from assistant.audio.device import Layout
from assistant.errors import BadInput, did_you_mean
from assistant.machine import System

_log = logging.getLogger(__name__)

OWNER = Path("/etc/assistant/hardware")  # the owner's board files; they override shipped ones

Point = tuple[float, float, float]
Colour = tuple[float, float, float]  # red, green, blue: linear light, 0 to 1


class Lights(Protocol):
    """A row or ring of colour LEDs. Lights thread only. Raises OSError when it is gone."""

    count: int

    def show(self, colours: Sequence[Colour]) -> None:
        """Show exactly ``count`` colours, linear light from 0 to 1 (clipped)."""
        ...

    def close(self) -> None:
        """Put the LEDs out and release them; safe to call twice, raises nothing."""
        ...


class Button(Protocol):
    """One push button. Edges come to the callback given when it was opened, from any thread."""

    edges: bool  # False: only ``down`` tells, so it must be asked 30 times a second

    def down(self) -> bool:
        """Return whether it is held down now. Raises OSError when it is gone."""
        ...

    def close(self) -> None:
        """Release it; safe to call twice, raises nothing."""
        ...


class Mute(Protocol):
    """The board's own switch before its microphones. Raises OSError when it is gone."""

    def get(self) -> bool:
        """Return whether the microphones are off at the board."""
        ...

    def set(self, on: bool) -> None:
        """Switch the microphones off (``on``) or on at the board."""
        ...

    def close(self) -> None:
        """Release it and leave the microphones as they are; raises nothing."""
        ...


class Bearing(Protocol):
    """A board that knows where a voice comes from. Raises OSError when it is gone."""

    def degrees(self) -> float | None:
        """Return where the last voice came from, 0 to 360, or None."""
        ...

    def close(self) -> None:
        """Release it; raises nothing."""
        ...


@dataclass(frozen=True)
class Ring:
    """Where the LEDs are: ``count`` of them, the first at ``first_deg``.

    Angles are those of the board's direction finder; ``clockwise`` says which way they grow from
    one LED to the next. Fewer than six LEDs are a row, in which direction means left or right.
    """

    count: int = 0
    first_deg: float = 0.0
    clockwise: bool = True


@dataclass(frozen=True)
class Playback:
    """Where the sound has to go. ``why`` is a sentence for whoever asks for another place."""

    own: bool = True  # out of the board itself; False: it has no output
    channels: int = 1  # all of them get the same sound
    why: str = ""


@dataclass(frozen=True)
class Found:
    """What ``detect`` saw of a board.

    ``how`` is the evidence. ``problem`` is why it cannot be used as things are, "" when it can,
    and ``remedy`` what to do then. ``sure`` is False when other hardware looks the same.
    """

    board: str
    how: str
    problem: str = ""
    remedy: str = ""
    sure: bool = True

    @property
    def ready(self) -> bool:
        """Whether the board can be opened now."""
        return not self.problem


@dataclass(frozen=True)
class Board:
    """One microphone board, described by its file in ``hardware/``.

    ``mics`` are the microphones' positions in metres around the board's middle, x to the right, y
    away from the viewer, z up. ``layout`` says which captured channels they are, and whether the
    board returns what it plays. ``processed`` are channels the board cleaned itself; where a
    board gives no raw microphone, one of them stands in ``layout``. ``rows`` is how many channels
    the card is asked for, ``card`` is its stable name ("" takes the one of the settings; or, with
    ``own_card``, for a board that is a card itself, says that it is not there), ``rates`` are the
    only sample rates that work (() is any). ``rotates``: the card shifts its channels at every
    start (``assistant.audio.rotation`` finds by how much).

    The openers make a driver, or are None where the board has no such thing; they raise OSError
    or ``AssistantError``. ``limits`` are sentences about what does not work as it should.
    """

    name: str
    title: str
    mics: tuple[Point, ...]
    layout: Layout
    processed: tuple[int, ...] = ()
    rows: int = 0
    card: str = ""
    own_card: bool = False
    playback: Playback = Playback()
    rates: tuple[int, ...] = ()
    rotates: bool = False
    ring: Ring = Ring()
    open_lights: Callable[[], Lights] | None = None
    open_button: Callable[[Callable[[float, bool], None]], Button] | None = None
    open_mute: Callable[[], Mute] | None = None
    open_bearing: Callable[[], Bearing] | None = None
    limits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.mics) != len(self.layout.mics):
            raise ValueError(f"{self.name}: {len(self.mics)} positions for {self.layout}")

    @property
    def channels(self) -> int:
        """How many channels the board captures, at least."""
        used = max((*self.layout.mics, self.layout.loopback or 0, *self.processed)) + 1
        return max(used, self.rows)

    @property
    def reference(self) -> str:
        """What the echo canceller subtracts: "loopback" (a captured channel) or "mixer"."""
        return "mixer" if self.layout.loopback is None else "loopback"

    def sound_warning(self, device: str) -> str:
        """Return what is wrong with playing on ``device`` (``audio.device``), "" for nothing."""
        elsewhere = device != "default" and device.lower() not in self.card.lower()
        if not self.playback.why or (self.playback.own and not (self.card and elsewhere)):
            return ""
        return f"the sound does not come out of the board: {self.playback.why}"

    def positions(self, centre: Point) -> np.ndarray:
        """Return the microphones' positions (M, 3) in metres when the board is at ``centre``."""
        return np.asarray(centre, float) + np.asarray(self.mics, float)


def load_board(name: str, system: System | None = None) -> Board:
    """Return the board that ``hardware/<name>.py`` (or the owner's file) describes.

    Without a ``system`` it is the board as it comes out of its box; with one, as it is here
    (firmware, card, limits). Raises BadInput for a name without a file, and for a board that
    cannot work in this computer.
    """
    return _module(name).open_board(system)


def detect_boards(system: System) -> list[Found]:
    """Return every board that is here, the ready and the certain first. Never raises."""
    found = []
    for name in _files():
        try:
            seen = _module(name).detect(system)
        except Exception:  # an owner's board file must not keep the speaker from starting
            _log.exception("the board file %s failed to look for its board", name)
            continue
        found += [seen] if seen is not None else []
    return sorted(found, key=lambda f: (not f.ready, not f.sure))


def find_board(name: str, system: System) -> tuple[Board, list[Found]]:
    """Return the board to use and everything that was seen; ``name`` may be "auto".

    "auto" is the first board that is ready, else the default sound card. Raises BadInput.
    """
    if name != "auto":
        return load_board(name, system), []
    found = detect_boards(system)
    ready = next((f.board for f in found if f.ready), "default")
    return load_board(ready, system), found


def board_names() -> list[str]:
    """Return the names of all board files."""
    return list(_files())


def _files() -> dict:
    from assistant.plugins import attach, files

    return files(attach("hardware", OWNER))


def _module(name: str):
    from assistant.plugins import load_file

    found = _files()
    if name not in found:
        raise BadInput(f'board "{name}"', "is unknown", did_you_mean(name, found))
    return load_file(f"assistant.hardware.{name}", found[name][0])
