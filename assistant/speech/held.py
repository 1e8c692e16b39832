"""Clips held ready, so that what is said again comes at once and sounds the same."""

from __future__ import annotations

from collections import OrderedDict

from assistant.speech.voice import Clip


class Held:
    """The clips of the texts spoken last, ``limit`` bytes of samples at most. One thread."""

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        self._clips: OrderedDict[str, Clip] = OrderedDict()

    def get(self, text: str) -> Clip | None:
        """Return the clip of ``text`` if it is held; it then counts as the one used last."""
        if text in self._clips:
            self._clips.move_to_end(text)
        return self._clips.get(text)

    def put(self, text: str, clip: Clip) -> None:
        """Hold a clip, and let go of those used longest ago; one over the limit is not held."""
        self.drop(text)
        if clip.samples.nbytes > self.limit:
            return
        self._clips[text] = clip
        self.size += clip.samples.nbytes
        while self.size > self.limit:
            self.drop(next(iter(self._clips)))

    def drop(self, text: str) -> None:
        """Let go of the clip of ``text``, if it is held."""
        clip = self._clips.pop(text, None)
        self.size -= clip.samples.nbytes if clip else 0

    def clear(self) -> None:
        """Let go of everything."""
        self._clips.clear()
        self.size = 0
