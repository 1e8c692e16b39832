"""Opens the sound card of the settings, and finds it again when it was gone.

A card is known by what stays the same: its name, its ALSA id, or its USB id ("2886:0018"). Its
number is another after a restart or in another socket.
"""

from __future__ import annotations

from assistant.audio.device import Device, DeviceLost
from assistant.audio.pyaudio_device import PyAudioDevice
from assistant.audio.reopen import Missing, Reopener
from assistant.audio.rotation import align
from assistant.board import Board, find_board, load_board
from assistant.errors import AssistantError, BadInput
from assistant.machine import System
from assistant.settings import Settings


class OtherBoard(AssistantError):
    """Says that another microphone board is there now: the speaker has to be built around it."""


def open_device(
    settings: Settings, board: Board | None = None, system: System | None = None
) -> Device:
    """Open the sound card of the settings, or else its board's, with the board's channels.

    Raises BadInput where there is none, and DeviceLost where it cannot be used.
    """
    system = system or System()
    board = board or find_board(settings.audio.board, system)[0]
    name = card_name(settings.audio.device, board, system)
    device = PyAudioDevice(
        name,
        channels=board.channels,
        mics=board.layout.mics,
        loopback=board.layout.loopback,
        playback_channels=board.playback.channels,
        playback=name if board.playback.own else "default",
        rates=board.rates,
    )
    if board.rotates:
        try:
            device.layout = align(device, board.layout, print)
        except BaseException:
            device.close()
            raise
    return device


def card_name(asked: str, board: Board, system: System) -> str:
    """Return the name PortAudio lists a card by; ``asked`` is ``audio.device``.

    Raises BadInput for a board whose card is not there: no other is opened in its place.
    """
    if asked == "default":
        if board.own_card and not board.card:
            problem = f"the sound card of the {board.title} is not there"
            raise BadInput("audio.board", problem, "plug it in, or run ./install.sh for its driver")
        return board.card or asked
    card = system.card(asked)
    return card.name if card is not None else asked


def open_or_wait(settings: Settings, board: Board, patient: bool) -> Device:
    """Open the card, or, where it is missing and we are ``patient``, what stands in for it.

    Raises what ``open_device`` does where we are not.
    """
    try:
        return open_device(settings, board)
    except (BadInput, DeviceLost) as error:
        if not patient:
            raise
        return Missing(board.layout, str(error))


class Finder:
    """Opens the card of ``board`` again, whatever its number is now; the reopener's thread."""

    def __init__(self, settings: Settings, board: Board, system: System | None = None) -> None:
        self._settings, self._board = settings, board
        self._system = system or System()

    def __call__(self) -> Device:
        """Return the open card. Raises BadInput, DeviceLost, and OtherBoard."""
        before, chosen = self._board, self._settings.audio
        now = find_board(chosen.board, self._system)[0]
        if now.name not in (before.name, "default"):
            raise OtherBoard(f"another board was plugged in: {now.title}")
        board = load_board(before.name, self._system)
        if len(board.mics) != len(before.mics):
            raise OtherBoard(f"{board.title} has {len(board.mics)} microphones now")
        return open_device(self._settings, board, self._system)


def reopener(settings: Settings, board: Board) -> Reopener:
    """Return what finds the card of ``board`` again while the speaker runs."""
    return Reopener(Finder(settings, board), restart=OtherBoard)
