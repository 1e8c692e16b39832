"""Rotated channels are put right, by what the loopback channels return."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.device import DeviceHealth, DeviceLost
from assistant.audio.format import HOP
from assistant.audio.rotation import align, find_rotation, rotated
from assistant.board import load_board


class Ac108Card:
    """A card like the AC101/AC108 boards: eight channels that come rotated.

    The microphones hear the loudspeaker through the air, loud and short of echo, which is the
    hardest case, and a person who talks meanwhile.
    """

    def __init__(self, board, rotation: int, *, lag: int = 640, returns: bool = True, near=0.02):
        self.layout = board.layout
        rng = np.random.default_rng(rotation)
        count = board.channels
        self._air = np.zeros((count, 400))
        for mic in board.layout.mics:
            self._air[mic, 30 + 5 * mic] = 0.9
            self._air[mic, 60:] = rng.standard_normal(340) * np.exp(-np.arange(340) / 120) * 0.15
        self._rotation, self._lag, self._returns, self._near = rotation, lag, returns, near
        self._loopback, self._rng, self._played = board.layout.loopback, rng, np.zeros(0)

    def exchange(self, out: np.ndarray) -> np.ndarray:
        self._played = np.concatenate((self._played, out))
        past = np.pad(self._played, (self._lag + 400, 0))
        n = self._played.size
        rows = np.zeros((len(self._air), HOP), np.float32)
        for channel, air in enumerate(self._air):
            heard = past[n - HOP + 400 - 399 : n + 400]
            if air.any():
                rows[channel] = np.convolve(heard, air, "valid")
                rows[channel] += self._near * self._rng.standard_normal(HOP)
        if self._returns:
            delayed = past[n - HOP + 400 : n + 400]
            for channel in (self._loopback, self._loopback + 1):
                rows[channel] = delayed + 1e-5 * self._rng.standard_normal(HOP)
        return np.roll(rows, self._rotation, axis=0)

    def health(self) -> DeviceHealth:
        return DeviceHealth()

    def close(self) -> None:
        pass


@pytest.mark.parametrize("name", ["respeaker_6mic", "respeaker_4mic_linear"])
@pytest.mark.parametrize("rotation", range(8))
def test_every_rotation_is_found(name, rotation):
    board = load_board(name)
    layout = align(Ac108Card(board, rotation), board.layout)
    assert layout == rotated(board.layout, rotation, 8)
    assert layout.mics[0] == rotation and layout.loopback == (6 + rotation) % 8


@pytest.mark.parametrize("lag", [0, 256, 1777, 3900])
def test_the_cards_delay_does_not_matter(lag):
    board = load_board("respeaker_6mic")
    assert align(Ac108Card(board, 3, lag=lag), board.layout).loopback == 1


def test_somebody_talks_meanwhile():
    board = load_board("respeaker_6mic")
    assert align(Ac108Card(board, 5, near=0.3), board.layout).loopback == 3


def test_a_board_that_returns_nothing_is_an_error():
    board = load_board("respeaker_6mic")
    with pytest.raises(DeviceLost, match="does not return"):
        align(Ac108Card(board, 2, returns=False), board.layout)


def test_silence_and_noise_are_no_rotation():
    layout = load_board("respeaker_6mic").layout
    rng = np.random.default_rng(0)
    played = rng.standard_normal(8000).astype(np.float32)
    assert find_rotation(np.zeros((8, 8000), np.float32), played, layout) is None
    noise = rng.standard_normal((8, 8000)).astype(np.float32)
    assert find_rotation(noise, played, layout) is None
    assert find_rotation(noise, np.zeros(8000, np.float32), layout) is None


def test_the_owner_is_told():
    board, told = load_board("respeaker_6mic"), []
    align(Ac108Card(board, 4), board.layout, told.append)
    assert told == ["the sound card shifted its channels by 4"]
    align(Ac108Card(board, 0), board.layout, told.append)
    assert len(told) == 1
