"""Moods fade, the volume shows for a moment, and the red light cannot lie."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.board import Ring
from assistant.errors import BadInput
from assistant.lights.moods import DARK, MOODS, frame
from assistant.lights.painter import MUTE_LIGHT, Brightness, Painter, Scene, quiet_hours

RED = frame("muted", 0.0, 1)[0]
HZ = 30.0


def paint(scenes, count: int = 12, limit: float = 1.0) -> list:
    """Paint a list of (scene, seconds) 30 times a second."""
    painter, out, now = Painter(Ring(count)), [], 0.0
    for scene, seconds in scenes:
        for _ in range(round(seconds * HZ)):
            out.append(painter.paint(scene, now, limit))
            now += 1 / HZ
    return out


def close(one, other) -> bool:
    return all(abs(x - y) < 1e-6 for a, b in zip(one, other, strict=True)
               for x, y in zip(a, b, strict=True))  # fmt: skip


def is_red(colour) -> bool:
    return colour[0] > 20 * max(colour[1:]) and colour[0] >= RED[0] * MUTE_LIGHT * 0.999


def test_it_wakes_before_it_listens():
    frames = paint([(Scene(), 1.0), (Scene("listening"), 2.0)])
    assert frames[29] == (DARK,) * 12
    waking = frames[30:44]
    assert [close(f, frame("waking", n / HZ, 12)) for n, f in enumerate(waking)] == [True] * 14
    assert any(close(frames[-1], frame("listening", n / HZ, 12)) for n in range(90))


def test_held_and_listening_need_no_waking():
    frames = paint([(Scene("speaking"), 1.0), (Scene("held"), 1.0), (Scene("listening"), 0.5)], 3)
    light = [sum(map(sum, f)) for f in frames]
    assert min(light[60:]) > 0.5 * min(light[45:60]), "it went dark in between"


@given(st.lists(st.sampled_from(["idle", *sorted(set(MOODS) - {"waking", "volume"})]), min_size=2,
                max_size=6), st.sampled_from([3, 12]))  # fmt: skip
def test_no_change_of_mood_is_a_flash(moods, count):
    frames = paint([(Scene(mood), 0.7) for mood in moods if mood != "listening"], count)
    for before, after in zip(frames, frames[1:], strict=False):
        for a, b in zip(before, after, strict=True):
            jump = max(abs(x ** (1 / 2.2) - y ** (1 / 2.2)) for x, y in zip(a, b, strict=True))
            assert jump < 0.3


@given(st.lists(st.tuples(st.sampled_from(["idle", "muted", *MOODS]), st.booleans(),
                          st.sampled_from([None, 0.2, 0.9])), min_size=1, max_size=8),
       st.sampled_from([3, 12]), st.floats(0.02, 1.0))  # fmt: skip
def test_the_red_light_is_there_exactly_while_it_is_muted(states, count, limit):
    painter, now = Painter(Ring(count)), 0.0
    for mood, muted, volume in states:
        for _ in range(8):
            colours = painter.paint(Scene(mood, None, muted, volume), now, limit)
            now += 1 / HZ
            if muted:
                assert sum(map(is_red, colours)) >= 1, (mood, limit)
        if not muted:
            assert not all(map(is_red, colours))


def test_muted_by_word_alone_is_not_shown():
    """Main may wish to be muted; while the audio thread still listens the light stays off."""
    assert paint([(Scene("muted", muted=False), 1.0)])[-1] == (DARK,) * 12
    assert all(map(is_red, paint([(Scene("idle", muted=True), 1.0)])[-1]))


def test_a_reply_while_muted_shows_both():
    colours = paint([(Scene("speaking", muted=True), 1.0)])[-1]
    assert sum(map(is_red, colours)) == 4
    assert sum(map(is_red, paint([(Scene("speaking", muted=True), 1.0)], 3)[-1])) == 1


def test_a_changed_volume_shows_and_goes():
    frames = paint([(Scene("idle", volume=0.5), 1.0), (Scene("idle", volume=0.8), 3.0)])
    assert frames[29] == (DARK,) * 12
    assert sum(map(sum, frames[50])) > 1 and frames[-1] == (DARK,) * 12


def test_the_volume_at_the_start_is_no_news():
    frames = paint([(Scene("idle"), 0.5), (Scene("idle", volume=0.5), 1.0)])
    assert all(f == (DARK,) * 12 for f in frames)


@given(st.floats(0.02, 1.0), st.sampled_from(MOODS))
def test_no_light_is_brighter_than_the_limit(limit, mood):
    for colours in paint([(Scene(mood, volume=1.0), 1.0)], 12, limit):
        assert max(max(c) for c in colours) <= limit + 1e-9


@pytest.mark.parametrize(
    ("hours", "now", "quiet"),
    [("22:00-07:00", time(23), True), ("22:00-07:00", time(6, 59), True),
     ("22:00-07:00", time(7), False), ("22:00-07:00", time(12), False),
     ("13:00 - 15:00", time(14), True), ("13:00-15:00", time(15), False), ("", time(3), False)],
)  # fmt: skip
def test_quiet_hours(hours, now, quiet):
    brightness = Brightness(0.5, quiet_hours(hours), 0.1)
    assert brightness.at(now) == (0.1 if quiet else 0.5)


@pytest.mark.parametrize("text", ["late", "22-7-3", "22:00", "25:00-07:00", "22:00-07:00-08:00"])
def test_hours_that_are_none_are_refused(text):
    with pytest.raises(BadInput, match="22:00-07:00"):
        quiet_hours(text)


def test_quiet_never_means_brighter():
    assert Brightness(0.05, quiet_hours("22:00-07:00"), 0.1).at(time(23)) == 0.05
