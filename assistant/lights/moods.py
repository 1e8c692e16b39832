"""What the lights look like: each mood is a pure function of time.

Colours are computed as the eye sees them (0 to 1) and handed out as linear light, which is what
LEDs take. Everything is slow and soft: nothing blinks, and no mood changes faster than one person
breathes, except the half second in which it wakes.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, exp, pi, radians, sin

from assistant.board import Colour, Ring

GAMMA = 2.2  # from what the eye sees to linear light
ROW = 6  # fewer LEDs than this are a row, not a ring
WAKING_S = 0.5
DARK: Colour = (0.0, 0.0, 0.0)

ICE, DEEP = (0.45, 0.85, 1.0), (0.08, 0.30, 0.75)
VIOLET, TEAL = (0.62, 0.42, 1.0), (0.12, 0.85, 0.66)
GOLD, AMBER = (1.0, 0.80, 0.32), (1.0, 0.52, 0.06)
RED, GREEN, WHITE = (1.0, 0.06, 0.05), (0.30, 0.92, 0.42), (1.0, 0.93, 0.82)


def frame(
    mood: str,
    t_s: float,
    count: int,
    *,
    toward: float | None = None,
    level: float | None = None,
) -> tuple[Colour, ...]:
    """Return the colours of ``count`` LEDs ``t_s`` seconds into a mood, linear light 0 to 1.

    ``toward`` is where the talker is, 0 to 1: around a ring from its first LED, or along a row.
    ``level`` is what "volume" shows, 0 to 1. A mood that has no light of its own is dark.
    """
    look = LOOKS.get(mood)
    if look is None:
        return (DARK,) * count
    lamp = Lamp(count, max(t_s, 0.0), toward, level)
    return tuple(_linear(look(lamp, place)) for place in lamp.places())


def toward(ring: Ring, direction_deg: float | None) -> float | None:
    """Return a direction as ``frame`` wants it, for these LEDs."""
    if direction_deg is None or not ring.count:
        return None
    if ring.count < ROW:
        return 0.5 + 0.5 * sin(radians(direction_deg))
    turns = (direction_deg - ring.first_deg) / 360.0
    return (turns if ring.clockwise else -turns) % 1.0


class Lamp:
    """One moment of a mood, as the looks below see it."""

    def __init__(self, count: int, t_s: float, toward: float | None, level: float | None) -> None:
        self.count, self.t = count, t_s
        self.row = count < ROW
        self.toward, self.level = toward, level

    def places(self) -> list[float]:
        """Return where the LEDs are, 0 to 1."""
        if self.row:
            return [n / max(self.count - 1, 1) for n in range(self.count)]
        return [n / self.count for n in range(self.count)]

    def glow(self, place: float, centre: float, width: float) -> float:
        """Return 1 at ``centre``, falling softly to 0 around it."""
        off = abs(place - centre)
        if not self.row:
            off = min(off, 1.0 - off)
        return exp(-((off / width) ** 2))

    def breath(self, period_s: float, low: float, high: float = 1.0) -> float:
        """Return a slow rise and fall that begins at the low end."""
        return low + (high - low) * (0.5 - 0.5 * cos(2 * pi * self.t / period_s))

    def sweep(self, period_s: float) -> float:
        """Return a place that travels: around a ring, to and fro along a row."""
        turn = self.t / period_s
        return 0.5 - 0.5 * cos(2 * pi * turn) if self.row else turn % 1.0


def _waking(lamp: Lamp, place: float) -> Colour:
    grown = min(lamp.t / WAKING_S, 1.0)
    grown = 1.0 - (1.0 - grown) ** 3
    centre = lamp.toward if lamp.toward is not None else (0.5 if lamp.row else 0.0)
    bloom = max(lamp.glow(place, centre, 0.08 + 0.6 * grown), 0.15)
    return _mix(_dim(ICE, bloom), _listening(Lamp(lamp.count, 0.0, lamp.toward, None), place),
                grown**2)  # fmt: skip


def _listening(lamp: Lamp, place: float) -> Colour:
    if lamp.toward is None:
        return _dim(_mix(DEEP, ICE, 0.5), lamp.breath(4.0, 0.62, 0.72))
    near = lamp.glow(place, lamp.toward, 0.30 if lamp.row else 0.13)
    return _mix(_dim(DEEP, lamp.breath(4.0, 0.45, 0.55)), ICE, near)


def _thinking(lamp: Lamp, place: float) -> Colour:
    at = lamp.sweep(2.4)
    light = lamp.glow(place, at, 0.28 if lamp.row else 0.14)
    if not lamp.row:
        light = max(light, lamp.glow(place, (at + 0.5) % 1.0, 0.14))
    return _mix(_dim(VIOLET, 0.22), _mix(VIOLET, WHITE, 0.25), light)


def _speaking(lamp: Lamp, place: float) -> Colour:
    swell = 0.62 + 0.14 * sin(2 * pi * 0.45 * lamp.t) + 0.06 * sin(2 * pi * 1.1 * lamp.t)
    drift = 0.10 * cos(2 * pi * (place - 0.12 * lamp.t))
    return _dim(TEAL, swell + drift)


def _held(lamp: Lamp, place: float) -> Colour:
    if lamp.toward is None:
        return _dim(_mix(TEAL, ICE, 0.6), 0.38)
    near = lamp.glow(place, lamp.toward, 0.30 if lamp.row else 0.13)
    return _mix(_dim(TEAL, 0.25), _dim(ICE, 0.75), near)


def _ringing(lamp: Lamp, place: float) -> Colour:
    swell = lamp.breath(1.6, 0.22) ** 1.5
    return _dim(_mix(AMBER, GOLD, swell), 0.25 + 0.75 * swell)


def _muted(lamp: Lamp, place: float) -> Colour:
    return _dim(RED, 0.62)


def _error(lamp: Lamp, place: float) -> Colour:
    return _dim(AMBER, lamp.breath(2.0, 0.25, 0.85) if lamp.t < 8.0 else 0.25)


def _updating(lamp: Lamp, place: float) -> Colour:
    head = lamp.sweep(3.6)
    if lamp.row:
        return _mix(_dim(GREEN, 0.15), GREEN, lamp.glow(place, head, 0.30))
    behind = (head - place) % 1.0
    tail, front = exp(-behind / 0.22), exp(-(((1.0 - behind) / 0.10) ** 2))
    return _dim(GREEN, 0.12 + 0.88 * max(tail, front))


def _volume(lamp: Lamp, place: float) -> Colour:
    level = min(max(lamp.level or 0.0, 0.0), 1.0)
    index = place * (lamp.count - 1 if lamp.row else lamp.count)
    lit = min(max(level * lamp.count - index, 0.0), 1.0)
    return _mix(_dim(WHITE, 0.10), _dim(WHITE, 0.85), lit)


LOOKS: dict[str, Callable[[Lamp, float], Colour]] = {
    "waking": _waking,
    "listening": _listening,
    "thinking": _thinking,
    "speaking": _speaking,
    "held": _held,
    "ringing": _ringing,
    "muted": _muted,
    "error": _error,
    "updating": _updating,
    "volume": _volume,
}
MOODS = tuple(LOOKS)


def _dim(colour: Colour, by: float) -> Colour:
    return (colour[0] * by, colour[1] * by, colour[2] * by)


def _mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return ``a`` with ``share`` (0 to 1) of ``b``."""
    keep = 1.0 - share
    return (a[0] * keep + b[0] * share, a[1] * keep + b[1] * share, a[2] * keep + b[2] * share)


def _linear(colour: Colour) -> Colour:
    red, green, blue = (min(max(c, 0.0), 1.0) ** GAMMA for c in colour)
    return (red, green, blue)
