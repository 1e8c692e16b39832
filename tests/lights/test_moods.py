"""The moods: calm, bounded, telling, and pointing where the talker is."""

from __future__ import annotations

from itertools import combinations

import pytest

from assistant.board import Ring, load_board
from assistant.lights.moods import DARK, MOODS, WAKING_S, frame, toward

TOLD = set("waking listening thinking speaking held ringing muted error updating volume".split())
COUNTS = (3, 12)


def film(mood: str, count: int, seconds: float = 10.0, hz: float = 60.0, **more):
    return [frame(mood, n / hz, count, **more) for n in range(int(seconds * hz))]


def eye(colour) -> tuple[float, ...]:
    return tuple(c ** (1 / 2.2) for c in colour)


def test_every_mood_has_a_look():
    assert set(MOODS) == TOLD


@pytest.mark.parametrize("count", [1, 2, 3, 4, 12, 16])
@pytest.mark.parametrize("mood", MOODS)
def test_light_is_always_light(mood, count):
    for place in (None, 0.0, 0.37, 1.0):
        for colours in film(mood, count, 5.0, 20.0, toward=place, level=0.4):
            assert len(colours) == count
            assert all(0.0 <= c <= 1.0 for colour in colours for c in colour)
            assert any(c > 0.001 for colour in colours for c in colour)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("mood", sorted(TOLD - {"waking"}))
def test_nothing_blinks(mood, count):
    """No LED changes by more than a tenth of its range, as the eye sees it, in a 30th second."""
    frames = film(mood, count, 12.0, 30.0, toward=0.2, level=0.5)
    for before, after in zip(frames, frames[1:], strict=False):
        for a, b in zip(before, after, strict=True):
            assert max(abs(x - y) for x, y in zip(eye(a), eye(b), strict=True)) < 0.1


@pytest.mark.parametrize("count", COUNTS)
def test_moods_are_told_apart(count):
    """At some moment two moods differ by far more than brightness: in colour or in shape."""
    films = {mood: film(mood, count, 4.0, 10.0, level=0.5) for mood in sorted(TOLD - {"waking"})}
    for one, other in combinations(films, 2):
        apart = max(
            sum(abs(x - y) for a, b in zip(f, g, strict=True)
                for x, y in zip(eye(a), eye(b), strict=True)) / count
            for f, g in zip(films[one], films[other], strict=True)
        )  # fmt: skip
        assert apart > 0.25, (one, other)


def test_mute_is_red_and_still():
    for count in COUNTS:
        frames = film("muted", count)
        assert len(set(frames)) == 1
        assert all(r > 20 * g and r > 20 * b for r, g, b in frames[0])
        for mood in TOLD - {"muted"}:
            for colours in film(mood, count, 4.0, 10.0, level=0.5):
                assert not all(r > 20 * g and r > 20 * b for r, g, b in colours), mood


def test_idle_and_what_is_not_known_is_dark():
    assert frame("idle", 3.0, 3) == (DARK,) * 3 == frame("juggling", 0.0, 3)


@pytest.mark.parametrize("mood", ["listening", "held"])
def test_the_ring_points_at_the_talker(mood):
    for led in range(12):
        colours = frame(mood, 2.0, 12, toward=led / 12)
        assert max(range(12), key=lambda n: sum(colours[n])) == led
        assert sum(colours[(led + 6) % 12]) < 0.4 * sum(colours[led])


@pytest.mark.parametrize(("degrees", "brightest"), [(-90, 0), (270, 0), (90, 2), (0, 1), (180, 1)])
def test_a_row_points_left_or_right(degrees, brightest):
    colours = frame("listening", 2.0, 3, toward=toward(Ring(3), degrees))
    assert max(range(3), key=lambda n: sum(colours[n])) == brightest


def test_a_direction_becomes_a_place_on_the_ring():
    assert toward(Ring(12), 90) == 0.25 and toward(Ring(12, clockwise=False), 90) == 0.75
    assert toward(Ring(12, first_deg=30), 30) == 0.0
    assert toward(Ring(12), None) is None and toward(Ring(0), 90) is None
    board = load_board("respeaker_4mic")
    assert 0 <= toward(board.ring, 359.9) < 1


@pytest.mark.parametrize("count", COUNTS)
def test_the_volume_grows_with_the_level(count):
    lights = [sum(map(sum, frame("volume", 0.5, count, level=n / 20))) for n in range(21)]
    assert lights == sorted(lights) and lights[-1] > 3 * lights[0]


@pytest.mark.parametrize("count", COUNTS)
def test_waking_blooms_into_listening(count):
    light = [sum(map(sum, f)) for f in film("waking", count, WAKING_S, 60.0, toward=0.5)]
    assert light[0] < light[len(light) // 3]
    end = frame("waking", WAKING_S, count, toward=0.5)
    for a, b in zip(end, frame("listening", 0.0, count, toward=0.5), strict=True):
        assert a == pytest.approx(b)
