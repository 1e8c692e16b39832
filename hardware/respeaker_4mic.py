"""ReSpeaker 4-Mic Array HAT: microphones in the corners of a 57.5 mm square, no playback."""

from assistant.audio.device import Layout
from assistant.board import Board

_HALF = 0.02875

BOARD = Board(
    name="respeaker_4mic",
    title="ReSpeaker 4-Mic Array HAT",
    mics=((-_HALF, -_HALF, 0.0), (_HALF, -_HALF, 0.0), (_HALF, _HALF, 0.0), (-_HALF, _HALF, 0.0)),
    layout=Layout(mics=(0, 1, 2, 3)),
)


def open_board() -> Board:
    """Return the board."""
    return BOARD
