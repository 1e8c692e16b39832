"""ReSpeaker 2-Mics Pi HAT: two microphones 58 mm apart, no loopback channel."""

from assistant.audio.device import Layout
from assistant.board import Board

BOARD = Board(
    name="respeaker_2mic",
    title="ReSpeaker 2-Mics Pi HAT",
    mics=((-0.029, 0.0, 0.0), (0.029, 0.0, 0.0)),
    layout=Layout(mics=(0, 1)),
)


def open_board() -> Board:
    """Return the board."""
    return BOARD
