"""Clock, volume and talk."""

from __future__ import annotations

from datetime import datetime

import pytest

from assistant.messages import VolumeSet
from assistant.plugins import attach
from tests.talking import Talk, shipped

attach("skills")
shipped()
from assistant.skills import clock  # noqa: E402


@pytest.fixture
def talk(tmp_path):
    talk = Talk(tmp_path / "assistant.db")
    yield talk
    talk.store.close()


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("00:00", "midnight"),
        ("12:00", "noon"),
        ("16:00", "four o'clock"),
        ("16:05", "five past four"),
        ("16:15", "quarter past four"),
        ("16:30", "half past four"),
        ("16:35", "four thirty five"),
        ("16:40", "twenty to five"),
        ("16:45", "quarter to five"),
        ("23:45", "quarter to midnight"),
        ("00:30", "half past midnight"),
        ("12:00", "noon"),
        ("12:10", "ten past twelve"),
        ("12:30", "twelve thirty"),
        ("12:40", "twenty to one"),
        ("11:50", "ten to noon"),
        ("16:07", "four oh seven"),
        ("00:12", "twelve twelve"),
        ("13:59", "one fifty nine"),
    ],
)
def test_the_time_as_people_say_it(time, said):
    assert clock.say_time(datetime.strptime(time, "%H:%M")) == said


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("what time is it", "It's half past four."),
        ("what's the date today", "It's Monday, the twenty third of November."),
        ("what day is it", "It's Monday."),
        ("what day is it tomorrow", "Tomorrow is Tuesday."),
        ("what year is it", "It's twenty twenty six."),
        ("which month is it", "It's November."),
    ],
)
def test_the_clock(talk, said, reply):
    assert talk.say(said) == reply


@pytest.mark.parametrize(
    ("said", "reply", "level"),
    [
        ("volume up", "Volume eighty percent.", 0.8),
        ("turn it down", "Volume sixty percent.", 0.6),
        ("turn up the volume", "Volume eighty percent.", 0.8),
        ("louder please", "Volume eighty percent.", 0.8),
        ("set the volume to 25%", "Volume twenty five percent.", 0.25),
        ("volume thirty", "Volume thirty percent.", 0.3),
        ("set volume to zero", "Volume zero percent.", 0.0),
        ("volume a hundred", "Volume one hundred percent.", 1.0),
        ("full volume", "Volume one hundred percent.", 1.0),
    ],
)
def test_the_volume(talk, said, reply, level):
    assert talk.say(said) == reply
    assert talk.posted == [VolumeSet(level)]
    assert talk.say("what is the volume") == f"The volume is at {reply[7:-1].lower()}."


def test_the_volume_has_ends(talk):
    for _ in range(3):
        talk.say("louder")
    assert talk.say("louder") == "This is as loud as I can."
    for _ in range(9):
        talk.say("quieter")
    assert talk.say("quieter").startswith("This is as quiet as I go.")
    assert talk.dialogue.speaker.volume == 0.1


def test_the_volume_of_before_is_set_at_start(talk, tmp_path):
    talk.say("volume thirty percent")
    again = Talk(talk.path)
    assert again.posted == [VolumeSet(0.3)]


@pytest.mark.parametrize("said", ["mute", "unmute", "mute the microphone"])
def test_muting_is_never_done_by_voice(talk, said):
    assert "button" in talk.say(said)
    assert talk.posted == []


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("hello", "Hello."),
        ("hey computer", "Hello."),
        ("good morning", "Good morning."),
        ("thank you very much", "You're welcome."),
        ("how are you", "I'm fine, thank you."),
        ("redo", "There is nothing to redo."),
    ],
)
def test_courtesies(talk, said, reply):
    assert talk.say(said) == reply


def test_help_names_what_can_be_said(talk):
    talk.say("what can you do")
    for segment in talk.reply.segments[1:]:
        for sentence in segment.text.split(", "):
            said = sentence.removeprefix("or ")
            match = talk.dialogue.assess(said)
            assert match.command or match.stop, said
