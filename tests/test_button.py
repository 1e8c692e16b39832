"""No press is lost and none is invented, however the contacts bounce."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.button import DOUBLE_S, HOLD_S, VERY_LONG_S, Gesture, Gestures

TICK_S = 1 / 30
PRESS, TAP, DOUBLE = Gesture.PRESS, Gesture.TAP, Gesture.DOUBLE
HOLD, LONG = Gesture.HOLD, Gesture.VERY_LONG
MARGIN_S = 0.05  # an edge may be noticed one look late

Timeline = list[tuple[float, float]]  # (seconds up, then seconds down)


def expected(timeline: Timeline) -> list[Gesture]:
    """What a person means by these presses."""
    out, may_double = [], False
    for up_s, down_s in timeline:
        double = may_double and up_s <= DOUBLE_S
        out.append(DOUBLE if double else PRESS)
        out += [HOLD] * (down_s >= HOLD_S) + [LONG] * (down_s >= VERY_LONG_S)
        may_double = not double and down_s < HOLD_S
        out += [TAP] * may_double
    return out


def edges(timeline: Timeline, rng: random.Random, bounce_s: float) -> list[tuple[float, bool]]:
    """The levels a driver reports: every edge, with bounces after each."""
    out, now = [], 0.0
    for up_s, down_s in timeline:
        for wait_s, level in ((up_s, True), (down_s, False)):
            now += wait_s
            bounces = sorted(now + rng.uniform(0, bounce_s) for _ in range(2 * rng.randrange(6)))
            out += [(now, level), *((t, level == bool(n % 2)) for n, t in enumerate(bounces))]
    return out


def played(timeline: Timeline, seed: int, *, bounce_s=0.02, with_edges=True) -> list[Gesture]:
    """What the machine makes of it, looking 30 times a second besides."""
    rng = random.Random(seed)
    seen = edges(timeline, rng, bounce_s)
    phase = rng.uniform(0, TICK_S)
    end = seen[-1][0] + 1.0 if seen else 1.0
    looks = [phase + n * TICK_S for n in range(int(end / TICK_S))]
    moments = [(t, level) for t, level in seen] if with_edges else []
    level, waiting = False, list(seen)
    for t in looks:
        while waiting and waiting[0][0] <= t:
            level = waiting.pop(0)[1]
        moments.append((t, level))
    machine, out = Gestures(), []
    for t, down in sorted(moments):
        out += machine.update(t, down)
    return out


def clear_of(limits: tuple[float, ...], low: float, high: float):
    """Durations that no person could argue about: not just around a limit."""
    times = st.floats(low, high)
    return times.filter(lambda s: all(abs(s - limit) > MARGIN_S for limit in limits))


TIMELINES = st.lists(
    st.tuples(
        clear_of((DOUBLE_S,), 0.06, 1.5),
        clear_of((HOLD_S, VERY_LONG_S), 0.06, 7.0) | st.floats(0.06, 0.3),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@given(TIMELINES, st.integers(0, 2**32))
def test_every_press_counts_once(timeline, seed):
    assert played(timeline, seed) == expected(timeline)


@settings(max_examples=40)
@given(TIMELINES, st.integers(0, 2**32))
def test_without_edges_looking_is_enough(timeline, seed):
    assert played(timeline, seed, with_edges=False) == expected(timeline)


def test_a_thousand_random_edges():
    """One long life of a bad button: 1,000 real edges, some 6,000 with the bounces."""
    rng = random.Random(20)
    timeline = [
        (rng.uniform(0.06, 1.2), rng.choice((0.06, 0.1, 0.2, 1.2, 6.5))) for _ in range(500)
    ]
    timeline = [(up if abs(up - DOUBLE_S) > MARGIN_S else 0.2, down) for up, down in timeline]
    assert len(edges(timeline, random.Random(1), 0.02)) > 5000
    assert played(timeline, 1) == expected(timeline)


def test_the_quickest_tap_is_one_press():
    machine, got = Gestures(), []
    for t, down in ((1.0, True), (1.03, False), (2.0, True), (2.01, False)):
        got += machine.update(t, down)
    assert got == [PRESS, TAP, PRESS]
    assert machine.update(3.0, True) == (TAP, PRESS), "a tap within the bounces has ended by now"


def test_a_press_acts_when_it_goes_down_and_not_later():
    assert Gestures().update(5.0, True) == (PRESS,)


def test_holding_is_noticed_while_it_is_held():
    machine = Gestures()
    machine.update(0.0, True)
    assert machine.update(HOLD_S - 0.01, True) == ()
    assert machine.update(HOLD_S, True) == (HOLD,)
    assert machine.update(HOLD_S + 1, True) == ()
    assert machine.update(VERY_LONG_S, True) == (LONG,)
    assert machine.update(60.0, True) == ()


def test_a_hold_nobody_looked_at_still_counts():
    machine = Gestures()
    machine.update(0.0, True)
    assert machine.update(7.0, False) == (HOLD, LONG)


def test_after_a_hold_no_double():
    machine = Gestures()
    for t, down in ((0.0, True), (1.0, False)):
        machine.update(t, down)
    assert machine.update(1.2, True) == (PRESS,)


def test_three_quick_presses_are_a_double_and_a_press():
    machine, got = Gestures(), []
    for n in range(3):
        got += machine.update(n * 0.3, True) + machine.update(n * 0.3 + 0.1, False)
    assert got == [PRESS, TAP, DOUBLE, PRESS, TAP]
