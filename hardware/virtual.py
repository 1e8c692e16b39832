"""A board that exists only in the virtual room: two microphones and its own loopback channel."""

from assistant.audio.device import Layout
from assistant.board import Board

BOARD = Board(
    name="virtual",
    title="virtual board",
    mics=((-0.029, 0.0, 0.0), (0.029, 0.0, 0.0)),
    layout=Layout(mics=(0, 1), loopback=2),
)


def open_board() -> Board:
    """Return the board."""
    return BOARD
