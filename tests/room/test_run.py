"""The worker on the virtual clock: one server whose computing time passes in the scene."""

import queue
from dataclasses import dataclass, field

from assistant import messages as m
from assistant.audio.format import samples
from assistant.room.run import WorkerOnClock

COSTS = {"Respond": 0.1, "Captured": 0.5}


class Counting:
    """A worker that answers each Respond with a plan and two segments, and notes what it did."""

    def __init__(self):
        self.done = []

    def handle(self, command):
        self.done.append(command)
        if isinstance(command, m.Respond):
            yield m.ReplyPlanned(command.turn, ("a", "b"))
            yield m.NoReply(command.turn)


@dataclass
class Channels:
    """The two queues of a speaker."""

    worker: Counting = field(default_factory=Counting)
    inbox: queue.SimpleQueue = field(default_factory=queue.SimpleQueue)
    worker_queue: queue.SimpleQueue = field(default_factory=queue.SimpleQueue)

    def arrived(self):
        out = []
        while not self.inbox.empty():
            out.append(self.inbox.get())
        return out


def test_each_event_arrives_when_its_time_has_passed():
    speaker = Channels()
    server = WorkerOnClock(speaker, COSTS)
    speaker.worker_queue.put(m.Respond(1, "hello"))
    server.advance(0)
    assert speaker.arrived() == []
    server.advance(samples(0.099))
    assert speaker.arrived() == []
    server.advance(samples(0.1))
    assert [type(e) for e in speaker.arrived()] == [m.ReplyPlanned]
    server.advance(samples(0.2))
    assert [type(e) for e in speaker.arrived()] == [m.NoReply]


def test_commands_wait_for_the_one_before():
    speaker = Channels()
    server = WorkerOnClock(speaker, COSTS)
    speaker.worker_queue.put(m.Respond(1, "hello"))
    speaker.worker_queue.put(m.Respond(2, "there"))
    for at in range(0, samples(0.3), 256):
        server.advance(at)
        assert all(e.turn == 1 for e in speaker.arrived()) or at >= samples(0.29)
    server.advance(samples(1.0))
    assert [e.turn for e in speaker.arrived()] == [2, 2]


def test_idle_time_is_not_saved_up():
    speaker = Channels()
    server = WorkerOnClock(speaker, COSTS)
    server.advance(samples(5.0))
    speaker.worker_queue.put(m.Respond(1, "hello"))
    server.advance(samples(10.0))
    assert speaker.arrived() == []
    server.advance(samples(10.1))
    assert len(speaker.arrived()) == 1


def test_cancel_overtakes_what_is_waiting():
    speaker = Channels()
    server = WorkerOnClock(speaker, COSTS)
    for command in (m.Respond(1, "hello"), m.Respond(2, "there"), m.Cancel(2)):
        speaker.worker_queue.put(command)
    server.advance(0)
    assert [type(c) for c in speaker.worker.done] == [m.Cancel, m.Respond]


def test_measured_costs_are_what_steps_take():
    speaker = Channels()
    server = WorkerOnClock(speaker)
    speaker.worker_queue.put(m.Respond(1, "hello"))
    server.advance(0)
    server.advance(samples(5.0))
    assert len(speaker.arrived()) == 2
