"""Several views of the room: which are listened to, when, and what they say together."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP
from assistant.audio.wake_views import FILLED, IN_SILENCE, PHASES, Wakes

ROUND = 5  # hops between two scores of a view


def hops(count: int, views: int = 4) -> np.ndarray:
    return np.random.default_rng(1).normal(scale=0.01, size=(count, views, HOP)).astype("f4")


def scored(wakes: Wakes, sound: np.ndarray, playing: bool) -> list[bool]:
    return [wakes.process(views, views[0], views[0], playing) is not None for views in sound]


def test_no_hop_is_busy_twice():
    assert len({phase % ROUND for phase in PHASES}) == len(PHASES)


def test_in_silence_two_views_score_and_all_while_something_plays():
    wakes = Wakes("alexa", 4)
    assert sum(scored(wakes, hops(4 * ROUND), playing=False)[ROUND:]) == 3 * IN_SILENCE
    assert sum(scored(wakes, hops(4 * ROUND), playing=True)[ROUND:]) == 3 * 4


def test_a_view_that_was_not_listened_to_counts_only_once_it_knows_the_last_second():
    wakes = Wakes("alexa", 4)
    scored(wakes, hops(2 * ROUND), playing=False)
    for wake in wakes._wakes[2:]:
        wake.process = lambda hop: 0.9  # a view that is always sure
    best = [wakes.process(views, views[0], views[0], True) for views in hops(FILLED - 1)]
    assert max(b for b in best if b is not None) < 0.5
    later = [wakes.process(views, views[0], views[0], True) for views in hops(2 * ROUND)]
    assert max(b for b in later if b is not None) == 0.9


def test_with_one_microphone_there_are_still_two_moments():
    wakes = Wakes("alexa", 2)
    assert sum(scored(wakes, hops(4 * ROUND, 2), playing=True)[ROUND:]) == 3 * 2
