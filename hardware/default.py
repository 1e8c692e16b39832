"""Any sound card with one microphone: the fallback when no board is recognised."""

from assistant.audio.device import Layout
from assistant.board import Board

BOARD = Board(
    name="default",
    title="default sound card",
    mics=((0.0, 0.0, 0.0),),
    layout=Layout(mics=(0,)),
)


def open_board() -> Board:
    """Return the board."""
    return BOARD
