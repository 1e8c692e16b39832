"""Gets the virtual room's sound card back, by the room's clock."""

from __future__ import annotations

from assistant.audio.device import Device, DeviceLost
from assistant.audio.format import samples
from assistant.audio.reopen import FIRST_S, LONGEST_S, graver
from assistant.errors import BadInput
from assistant.messages import Cause
from assistant.room.device import VirtualRoom


class RoomRevival:
    """Tries as often as ``audio.reopen`` does, in scene time; see ``Revival`` there."""

    def __init__(self, room: VirtualRoom) -> None:
        self._room = room
        self.cause = Cause.SILENT
        self._due, self._pause_s = 0, FIRST_S

    def begin(self, device: Device) -> None:
        """See ``Revival``."""
        self.cause = Cause.SILENT
        self._due, self._pause_s = self._room.position, FIRST_S

    def wait(self) -> VirtualRoom | None:
        """Let one hop pass in the room; return it once its card could be opened."""
        self._room.pass_hop()
        if self._room.position < self._due:
            return None
        try:
            self._room.reopen()
        except (BadInput, DeviceLost) as error:
            self.cause = graver(self.cause, error)
            self._due = self._room.position + samples(self._pause_s)
            self._pause_s = min(2 * self._pause_s, LONGEST_S)
            return None
        return self._room

    def close(self) -> None:
        """Nothing to release: the room is the device."""
