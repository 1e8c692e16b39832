"""Turns what the speaker does into colours: moods that fade into each other, mute, brightness."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from assistant.board import Colour, Ring
from assistant.errors import BadInput
from assistant.lights.moods import DARK, GAMMA, ROW, WAKING_S, frame, toward

FADE_S = 0.18
VOLUME_S = 1.6  # the volume shows for so long
MUTE_LIGHT = 0.05  # the red light never gets dimmer than this, or it would lie
_AWAKE = ("listening", "held", "waking")


@dataclass(frozen=True)
class Scene:
    """What there is to show at one moment."""

    mood: str = "idle"
    direction_deg: float | None = None
    muted: bool = False
    volume: float | None = None  # the level, once somebody changed it


@dataclass(frozen=True)
class Brightness:
    """How bright the lights may be, 0 to 1 of their linear light, and when less than that."""

    limit: float = 0.5
    quiet: tuple[time, time] | None = None
    quiet_limit: float = 0.1

    def at(self, now: time) -> float:
        """Return the limit at a time of day; quiet hours may span midnight."""
        if self.quiet is None:
            return self.limit
        begin, end = self.quiet
        inside = begin <= now < end if begin <= end else now >= begin or now < end
        return min(self.limit, self.quiet_limit) if inside else self.limit


def quiet_hours(text: str) -> tuple[time, time] | None:
    """Return "22:00-07:00" as two times, "" as None. Raises BadInput."""
    if not text.strip():
        return None
    try:
        begin, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        raise BadInput(
            "lights.quiet", f'"{text}" is not a pair of times', 'write it like "22:00-07:00"'
        ) from None
    return begin, end


class Painter:
    """Remembers which mood began when. Lights thread only; ``now_s`` is any steady clock."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._scene = Scene()
        self._mood, self._since = "idle", 0.0
        self._faded_from: tuple[Colour, ...] = (DARK,) * ring.count
        self._last = self._faded_from
        self._changed = -FADE_S
        self._volume_at: float | None = None

    def paint(self, scene: Scene, now_s: float, limit: float = 1.0) -> tuple[Colour, ...]:
        """Return the colours for this moment, none brighter than ``limit``."""
        self._turn(scene, now_s)
        colours = self._look(scene, now_s)
        share = min(max((now_s - self._changed) / FADE_S, 0.0), 1.0)
        if share < 1.0:
            pairs = zip(self._faded_from, colours, strict=True)
            colours = tuple(_blend(a, b, share) for a, b in pairs)
        self._last = colours
        if scene.muted:
            return _muted(colours, limit, whole=self._mood == "muted")
        return tuple(_scaled(colour, limit) for colour in colours)

    def _turn(self, scene: Scene, now_s: float) -> None:
        before, self._scene = self._scene, scene
        if scene.volume != before.volume and before.volume is not None:
            self._volume_at, self._changed, self._faded_from = now_s, now_s, self._last
        shown = scene.mood
        if shown in ("idle", "muted"):  # the flag is what the audio thread does: it decides
            shown = "muted" if scene.muted else "idle"
        if shown == self._mood or (shown == "listening" and self._mood == "waking"):
            if self._mood == "waking" and now_s - self._since >= WAKING_S:
                self._mood, self._since = "listening", now_s
            return
        if shown == "listening" and self._mood not in _AWAKE:
            shown = "waking"
        self._mood, self._since = shown, now_s
        if shown != "waking":  # waking grows out of the dark by itself, and at once
            self._changed, self._faded_from = now_s, self._last

    def _look(self, scene: Scene, now_s: float) -> tuple[Colour, ...]:
        if self._volume_at is not None:
            if now_s - self._volume_at < VOLUME_S:
                since = now_s - self._volume_at
                return frame("volume", since, self._ring.count, level=scene.volume)
            self._volume_at = None
            self._changed, self._faded_from = now_s, self._last
        place = toward(self._ring, scene.direction_deg)
        return frame(self._mood, now_s - self._since, self._ring.count, toward=place)


def _muted(colours: tuple[Colour, ...], limit: float, whole: bool) -> tuple[Colour, ...]:
    """Lay the red light over what is shown: the middle of a row, every third LED of a ring."""
    count = len(colours)
    red = _scaled(frame("muted", 0.0, 1)[0], max(limit, MUTE_LIGHT))
    marked = {count // 2} if count < ROW else set(range(0, count, 3))
    return tuple(
        red if whole or n in marked else _scaled(colour, limit) for n, colour in enumerate(colours)
    )


def _scaled(colour: Colour, by: float) -> Colour:
    return (colour[0] * by, colour[1] * by, colour[2] * by)


def _blend(a: Colour, b: Colour, share: float) -> Colour:
    """Go from ``a`` to ``b`` evenly as the eye sees it: evenly in light is a flash first."""
    keep = 1.0 - share
    red, green, blue = (
        (x ** (1 / GAMMA) * keep + y ** (1 / GAMMA) * share) ** GAMMA
        for x, y in zip(a, b, strict=True)
    )
    return (red, green, blue)
