"""Several views of the room: which are listened to, when, and what they say together."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.format import HOP
from assistant.audio.wake_views import FILLED, IN_SILENCE, Wakes
from assistant.room.people import speak

ROUND = 5  # hops between two scores of a view


def hops(count: int, views: int = 4) -> np.ndarray:
    return np.random.default_rng(1).normal(scale=0.01, size=(count, views, HOP)).astype("f4")


def best_scores(wakes: Wakes, sound: np.ndarray, playing: bool) -> list[float | None]:
    return [wakes.process(views, views[0], views[0], playing) for views in sound]


@pytest.mark.parametrize(("playing", "listening"), [(False, IN_SILENCE), (True, 4)])
def test_in_silence_two_views_are_listened_to_and_all_while_something_plays(playing, listening):
    word = 0.3 * speak("en-us+f3", "hey jarvis")
    word = word[: len(word) // HOP * HOP].reshape(-1, HOP)
    for view in range(4):
        wakes = Wakes("hey_jarvis", 4)
        best_scores(wakes, hops(30 * ROUND), playing)
        sound = 0.01 * hops(len(word))
        sound[:, view] += word
        heard = [score for score in best_scores(wakes, sound, playing) if score is not None]
        assert (max(heard) > 0.5) == (view < listening)


@pytest.mark.parametrize("playing", [False, True])
def test_scores_come_twice_a_round(playing):
    wakes = Wakes("alexa", 4)
    came = [score is not None for score in best_scores(wakes, hops(4 * ROUND), playing)]
    assert came[ROUND:] == [False, False, True, False, True] * 3


def test_a_view_that_was_not_listened_to_counts_only_once_it_knows_the_last_second():
    wakes = Wakes("alexa", 4)
    best_scores(wakes, hops(2 * ROUND), playing=False)
    for pair in wakes._pairs:
        process = pair.process
        pair.process = lambda views, process=process: _second_is_sure(process(views))
    best = best_scores(wakes, hops(FILLED - 1), playing=True)
    assert max(b for b in best if b is not None) < 0.5
    later = best_scores(wakes, hops((FILLED + 1) * ROUND), playing=True)
    assert max(b for b in later if b is not None) == 0.9


def _second_is_sure(scores: list[float] | None) -> list[float] | None:
    return None if scores is None else [scores[0], *[0.9] * (len(scores) - 1)]


def test_with_one_microphone_there_are_still_two_moments():
    wakes = Wakes("alexa", 2)
    came = [score is not None for score in best_scores(wakes, hops(4 * ROUND, 2), playing=True)]
    assert came[ROUND:] == [False, False, True, False, True] * 3
