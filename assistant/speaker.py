"""What a handler may use: the store, the clock, the volume, and what was just being said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from assistant.messages import VolumeSet
from assistant.skill import Reply
from assistant.store import Store


@dataclass(frozen=True)
class Spoken:
    """A reply, and how far it came: ``segment`` was being said when it was interrupted.

    ``segment`` is ``None`` for a reply that was said to its end. ``early`` when the segment had
    only just begun, so that a person can hardly have meant it.
    """

    reply: Reply
    segment: int | None = None
    early: bool = False

    @property
    def item(self) -> object | None:
        """What "that one" means: the item being said, or the only one the reply named."""
        segments = self.reply.segments
        if self.segment is not None:
            before = segments[self.segment - 1].item if self.early and self.segment else None
            return before if before is not None else segments[self.segment].item
        items = self.items
        return items[0] if len(items) == 1 else None

    @property
    def items(self) -> tuple[object, ...]:
        """Everything the reply names, in order: "the second one" is the second of these."""
        return tuple(s.item for s in self.reply.segments if s.item is not None)


class Speaker:
    """Given to every handler as its first argument; worker thread only.

    ``store`` remembers, ``now()`` is the local time, ``volume`` is the loudspeaker's level from
    0 to 1 (setting it changes it at once), ``last`` is the reply before this utterance, and
    ``paused`` the latest reply that was cut off and can go on.
    """

    def __init__(
        self,
        store: Store,
        post: Callable[[object], None],
        now: Callable[[], datetime],
        volume: float = 0.7,
    ) -> None:
        self.store, self.now = store, now
        self.last: Spoken | None = None
        self.paused: Spoken | None = None
        self.about: tuple[str, ...] = ()  # what the loaded skills say about themselves
        self._post = post
        self._volume = float(store.get("speaker", "volume", volume))
        if self._volume != volume:
            post(VolumeSet(self._volume))

    @property
    def volume(self) -> float:
        """The loudspeaker's level, 0 to 1; kept over a restart."""
        return self._volume

    @volume.setter
    def volume(self, level: float) -> None:
        self._volume = min(1.0, max(0.0, level))
        self.store.set("speaker", "volume", self._volume)
        self._post(VolumeSet(self._volume))
