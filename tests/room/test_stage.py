"""People speak at their time, or when what they wait for happened for the nth time."""

import pytest

from assistant import messages as m
from assistant.audio.format import HOP, samples
from assistant.messages import Position
from assistant.room.record import Record
from assistant.room.scene import Person, Press, Say, Scene, Sound, When
from assistant.room.stage import Stage
from tests.room.rooms import open_room

ANA = Person("Ana", (3.0, 2.0, 1.5), "espeak:en-us+f3")
LATENCY = 640


class Play:
    """A stage whose clock is moved by hand."""

    def __init__(self, *entries):
        says = tuple(e for e in entries if isinstance(e, Say))
        sounds = tuple(e for e in entries if isinstance(e, Sound))
        presses = tuple(e for e in entries if isinstance(e, Press))
        scene = Scene("t", 60.0, people=(ANA,), says=says, sounds=sounds, presses=presses)
        self.room, self.record, self.pressed = open_room(), Record(latency=LATENCY), []
        self.stage = Stage(scene, self.room, self.record, self.pressed.append)

    def until(self, at):
        while self.room.position < at:
            self.stage.advance(self.room.position)
            self.room.position += HOP

    @property
    def onsets(self):
        """When each sound left its place."""
        return [s.onset - self.room.travel(ANA.position_m) for s in self.record.soundings]


def line(text="stop", **when):
    return Say("Ana", When(**when), text)


def started(turn, at, segment=0):
    return m.SegmentStarted(at, turn, segment)


def test_a_line_with_a_time_begins_at_its_sample():
    play = Play(line(at_s=1.2345))
    play.until(samples(1.2))
    assert play.record.soundings == []
    play.until(samples(1.3))
    assert play.onsets == [samples(1.2345)]
    (sounding,) = play.record.soundings
    assert (sounding.kind, sounding.who, sounding.text) == ("say", "Ana", "stop")
    assert 0.15 < (sounding.end - sounding.onset) / 16000 < 1.0


def test_a_line_waits_for_the_nth_wake():
    play = Play(line(after="wake", nth=2, offset_s=0.5))
    for at in (samples(1.0), samples(2.0)):
        play.until(at)
        play.stage.observe(m.WakeHeard(at, at, "w", 0.9), at)
    play.until(samples(4.0))
    assert play.onsets == [samples(2.5)]


def test_a_reply_begins_once_with_its_first_sound_in_the_air():
    play = Play(line(after="reply", nth=2, offset_s=0.5))
    at = samples(1.024)
    play.until(at)
    for turn, segment in ((1, 0), (1, 1), (1, 0), (2, 0)):  # a resumed segment starts again
        play.stage.observe(started(turn, at, segment), at)
    play.until(samples(3.0))
    assert play.onsets == [at - HOP + LATENCY + samples(0.5)]


@pytest.mark.parametrize(
    "ending",
    [
        lambda at: m.SpeechFinished(at, 1),
        lambda at: m.SpeechStopped(at, 1, Position(1, 0)),
        lambda at: m.WakeHeard(at, at, "w", 0.9, Position(1, 0)),
        lambda at: m.Pressed(at, "action", Position(1, 0)),
    ],
)
def test_a_reply_ends_however_it_ends(ending):
    play = Play(line(after="reply-end", offset_s=1.0))
    play.stage.observe(started(1, 256), 256)
    at = samples(2.0)
    play.until(at)
    play.stage.observe(ending(at), at)
    play.stage.observe(ending(at), at)
    play.until(samples(4.0))
    assert play.onsets == [samples(3.0)]


def test_a_wake_in_silence_ends_no_reply():
    play = Play(line(after="reply-end"))
    play.stage.observe(m.WakeHeard(256, 256, "w", 0.9), 256)
    play.until(samples(1.0))
    assert play.record.soundings == []


def test_ringing_a_sound_and_a_button():
    play = Play(
        Press(When(after="ring", offset_s=2.0)),
        Sound(When(at_s=0.5), (1.0, 1.0, 1.0), kind="noise:door"),
    )
    play.until(samples(1.0))
    play.stage.observe(m.Show("ringing"), samples(1.0))
    play.until(samples(4.0))
    assert play.pressed == ["action"]
    assert [(s.kind, s.who) for s in play.record.soundings] == [
        ("sound", "door"), ("press", "action"),
    ]  # fmt: skip
    assert abs(play.record.soundings[1].onset - samples(3.0)) <= HOP
