"""The path is solved for after a start and a change, not without end while somebody talks."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio import path_learner
from assistant.audio.format import HOP
from assistant.audio.kalman import KalmanFilter
from assistant.audio.path_schedule import PathSchedule
from assistant.audio.reference import ReferenceHistory

TAPS = 2 * HOP
MINUTE = 60 * 16_000 // HOP


class Room:
    """A schedule with nothing to find, and what it asked the solver for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[int] = []
        monkeypatch.setattr(path_learner, "solve", self._solve)
        self.schedule = PathSchedule(1, TAPS, background=False)
        self._reference = ReferenceHistory(2, False, TAPS + 200 * HOP)
        self._path = KalmanFilter(1, 2, 0)
        self._hop = np.full((1, HOP), 0.1, np.float32)

    def _solve(self, recording) -> None:
        assert recording.reference.shape == (recording.mics.shape[1] + TAPS - 1,)
        self.asked.append(recording.mics.shape[1] // HOP)

    def play(self, count: int, sounds: bool = True, power: float = 0.01) -> list[int]:
        """Let ``count`` hops pass; return the sizes of the recordings solved, in hops."""
        self.asked.clear()
        for _ in range(count):
            self.schedule.hear(self._hop, power)
            self._reference.push(self._hop[0], 0.01)
            self.schedule.step(sounds, self._reference, self._path)
        return list(self.asked)


@pytest.fixture
def room(monkeypatch) -> Room:
    return Room(monkeypatch)


def test_after_a_start_ever_longer_sound_is_solved_and_then_no_more(room):
    sizes = room.play(300)
    assert sizes[0] == 16
    assert sizes == sorted(sizes)
    assert max(sizes) == 128
    assert room.play(MINUTE) == []


def test_silence_does_not_count(room):
    assert room.play(300, sounds=False) == []
    assert room.play(40)


def test_a_change_starts_over_with_what_came_after_it(room):
    room.play(300)
    room.schedule.changed()
    assert room.play(40)[0] == 16


def test_a_path_that_broke_starts_over_whatever_was_tried_in_vain(room):
    room.play(300)
    room.schedule.changed()
    room.play(70)
    room.schedule.changed()  # too soon
    assert min(room.play(20)) > 20
    room.schedule.fallen()
    assert room.play(30)[0] == 16
    room.schedule.fallen()  # too soon even for it
    assert min(room.play(20)) > 20


def test_a_suspicion_gets_five_tries(room):
    room.play(300)
    room.schedule.suspected(14)
    assert len(room.play(300)) == 5


def test_somebody_who_talks_for_ten_minutes_is_not_solved_for_all_the_time(room):
    room.play(300)
    tried = 0
    for _ in range(10 * MINUTE // 20):
        room.schedule.suspected(14)
        tried += len(room.play(20))
    assert tried < 80  # 5 each after 1, 2, 4 ... and then every 64 s


def test_a_jump_of_the_delay_makes_what_is_being_solved_out_of_date(room):
    room.play(22)
    room.schedule.restart()
    assert room.play(15) == []


def test_a_truer_reference_is_used_soon_with_what_was_heard_before(room):
    room.play(300)
    room.schedule.again()
    assert room.play(20)[0] == 128


def test_what_was_heard_before_a_pause_is_in_another_piece(room):
    room.play(300)
    room.schedule.pause()
    room.play(10)
    room.schedule.again()
    assert room.play(20)[0] < 30


def test_sound_far_louder_than_all_before_is_learnt_from_once(room):
    room.play(300)
    assert room.play(300, power=0.05) == []
    assert room.play(300, power=0.5)[0] == 128  # with what was heard before
    assert room.play(300, power=0.5) == []
    room.play(300)
    assert room.play(300, power=0.5) == []


def test_what_gets_loud_while_a_suspicion_is_tried_is_learnt_from_too(room):
    room.play(300)
    room.schedule.suspected(14)
    assert len(room.play(8)) == 1
    assert len(room.play(300, power=0.5)) > 20


def test_a_path_is_settled_when_its_last_solution_is_in(room):
    assert room.schedule.unsettled == 1.0
    room.play(200)
    assert room.schedule.unsettled < 1.0
    room.play(100)
    assert room.schedule.unsettled == 0.0
    room.schedule.changed()
    assert room.schedule.unsettled == 1.0
