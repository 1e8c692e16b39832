"""What a push button means: press, double press, hold, very long hold. A pure state machine.

A press acts at the moment the button goes down, because "stop" must not wait for a second press
that may come. So a double press is a press and then a repeat, and holding it down is a press and
then a mute; both first presses only stop what would have stopped anyway.
"""

from __future__ import annotations

from enum import Enum

DEBOUNCE_S = 0.025  # the longest a good push button bounces
DOUBLE_S = 0.4  # from one release to the next press
HOLD_S = 0.8
VERY_LONG_S = 6.0


class Gesture(Enum):
    """What the owner did."""

    PRESS = "press"  # at the moment it goes down
    TAP = "tap"  # that press was a short one: it is up again
    DOUBLE = "double"
    HOLD = "hold"
    VERY_LONG = "very long"


class Gestures:
    """Makes gestures from the button's levels; one thread at a time.

    ``update`` takes edges and plain looks alike, in the order of their times. Bounces are left
    out: after a change the button cannot change again for DEBOUNCE_S. Whoever feeds it has to
    look at the button some times a second besides the edges, because holding makes no edge.
    """

    def __init__(self) -> None:
        self._down = self._seen = False  # what it is taken for, what was reported last
        self._changed = float("-inf")  # when that began
        self._released = float("-inf")  # the end of a press that may become a double one
        self._double = False  # whether this press is the second of two
        self._held = 0  # how many of HOLD and VERY_LONG this press has given already

    def update(self, t_s: float, down: bool) -> tuple[Gesture, ...]:
        """Return what a level seen at ``t_s`` (any steady clock, in seconds) completes."""
        settled = self._changed + DEBOUNCE_S
        late: tuple[Gesture, ...] = ()
        if self._seen != self._down and t_s >= settled:
            late = self._take(settled, self._seen)  # the last bounce was no bounce
        self._seen = down
        return late + self._take(t_s, down)

    def _take(self, t_s: float, down: bool) -> tuple[Gesture, ...]:
        before = self._holding(t_s)
        if down == self._down or t_s < self._changed + DEBOUNCE_S:
            return before
        self._down, self._changed = down, t_s
        if not down:
            single = not self._double and not self._held
            self._released = t_s if single else float("-inf")
            return (*before, Gesture.TAP) if single else before
        self._double = t_s - self._released <= DOUBLE_S
        self._held = 0
        return (*before, Gesture.DOUBLE if self._double else Gesture.PRESS)

    def _holding(self, t_s: float) -> tuple[Gesture, ...]:
        if not self._down:
            return ()
        due = []
        for number, (after_s, gesture) in enumerate(
            ((HOLD_S, Gesture.HOLD), (VERY_LONG_S, Gesture.VERY_LONG))
        ):
            if self._held == number and t_s - self._changed >= after_s:
                self._held += 1
                due.append(gesture)
        return tuple(due)
