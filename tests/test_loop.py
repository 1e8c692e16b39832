from __future__ import annotations

import numpy as np

from assistant import messages as m
from assistant.audio.format import samples
from assistant.loop import Channels, MainLoop
from assistant.speech.voice import Clip
from assistant.state import Mode
from assistant.status import Status


class Clock:
    at = 0


def started() -> tuple[MainLoop, Channels, Clock]:
    channels, clock = Channels(), Clock()
    return MainLoop(channels, lambda: clock.at), channels, clock


def drained(queue) -> list:
    found = []
    while not queue.empty():
        found.append(queue.get())
    return found


def test_commands_reach_the_thread_they_are_for():
    main, channels, _ = started()
    channels.inbox.put(m.WakeHeard(100, 50, "alexa", 0.9))
    main.pump()
    assert [type(c) for c in channels.audio] == [m.Listen]
    assert [type(c) for c in drained(channels.worker)] == [m.Recognise]
    assert channels.mood == "listening"


def test_a_cancelled_turn_is_marked_before_the_worker_reads_its_queue():
    main, channels, _ = started()
    for event in (m.WakeHeard(1, 0, "alexa", 0.9), m.Pressed(5)):
        main.handle(event)
    assert channels.cancelled == 1


def test_a_deadline_passes_by_the_sample_clock():
    main, channels, clock = started()
    main.handle(m.WakeHeard(1, 0, "alexa", 0.9))
    main.handle(m.SpeechEnded(1000, 1, 900))
    assert main.mode is Mode.THINKING
    assert main.patience_s(0.5) == 0.5
    clock.at = 1000 + main.rules.think - samples(0.1)
    assert 0.05 < main.patience_s(0.5) <= 0.1
    main.pump()
    assert main.mode is Mode.THINKING
    clock.at += samples(0.1)
    main.pump()
    assert main.mode is Mode.IDLE and channels.mood == "error"


def test_wait_returns_without_an_event():
    main, *_ = started()
    main.wait(0.0)
    assert main.mode is Mode.IDLE


def test_observers_and_the_status_see_everything():
    main, channels, clock = started()
    lines: list[str] = []
    main.observers.append(Status(lines.append).observe)
    clock.at = samples(2.0)
    clip = Clip(np.zeros(16, np.float32))
    for event in (
        m.WakeHeard(1, 0, "alexa", 0.93),
        m.SpeechEnded(1000, 1, 900),
        m.Heard(1, "what time is it", True),
        m.ReplyPlanned(1, ("It's noon.",)),
        m.SegmentReady(1, 0, clip, True),
        m.SpeechSuspected(2000, 1900),
        m.NothingHeard(3000, 2),
    ):
        main.handle(event)
    assert lines[0] == "    2.00 s  woken by alexa (0.93)"
    assert [line.split("  ")[-1] for line in lines[1:]] == [
        "heard: what time is it",
        "says: It's noon.",
        "ducked: somebody may be talking",
        "nobody spoke",
        "goes on",
    ]
