"""A board and short rooms for the tests of the virtual room."""

from __future__ import annotations

import numpy as np

from assistant.audio.device import Layout
from assistant.audio.format import HOP
from assistant.board import Board
from assistant.room.device import VirtualRoom
from assistant.room.scene import Placement, Room

PAIR = Board("pair", "two microphones", ((-0.03, 0, 0), (0.03, 0, 0)), Layout(mics=(0, 1)))
LOOPED = Board(
    "looped", "loopback first", ((-0.03, 0, 0), (0.03, 0, 0)), Layout(mics=(1, 2), loopback=0)
)
DRY = Room(size_m=(5.0, 4.0, 2.6), rt60_s=0.0, noise_db=0.0)


def open_room(room: Room = DRY, board: Board = PAIR, duration=None, seed=1, **placement):
    """Open a virtual room with a few values of its placement changed."""
    return VirtualRoom(room, Placement(**placement), board, seed=seed, duration=duration)


def play(room: VirtualRoom, sound: np.ndarray) -> np.ndarray:
    """Exchange ``sound`` hop by hop; returns what was captured (channels, n)."""
    padded = np.pad(sound, (0, -len(sound) % HOP)).astype(np.float32)
    return np.concatenate([room.exchange(h).copy() for h in padded.reshape(-1, HOP)], axis=1)
