"""What the core knows about a microphone board: a name, where its microphones are, its channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.audio.device import Layout
from assistant.errors import BadInput, did_you_mean

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Board:
    """One microphone board, described by its file in ``hardware/``.

    ``mics`` are the microphones' positions in metres around the board's middle, x to the right, y
    away from the viewer, z up. ``layout`` says which captured channels they are, and whether the
    board returns what it plays.
    """

    name: str
    title: str
    mics: tuple[Point, ...]
    layout: Layout

    def __post_init__(self) -> None:
        if len(self.mics) != len(self.layout.mics):
            raise ValueError(f"{self.name}: {len(self.mics)} positions for {self.layout}")

    @property
    def channels(self) -> int:
        """How many channels the board captures, at least."""
        return max((*self.layout.mics, self.layout.loopback or 0)) + 1

    def positions(self, centre: Point) -> np.ndarray:
        """Return the microphones' positions (M, 3) in metres when the board is at ``centre``."""
        return np.asarray(centre, float) + np.asarray(self.mics, float)


def load_board(name: str) -> Board:
    """Return the board that ``hardware/<name>.py`` (or the owner's file) describes.

    Raises BadInput for a name without a file.
    """
    from assistant.plugins import attach, files, load_file

    found = files(attach("hardware"))
    if name not in found:
        raise BadInput(f'board "{name}"', "is unknown", did_you_mean(name, found))
    return load_file(f"assistant.hardware.{name}", found[name][0]).open_board()
