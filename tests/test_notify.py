"""What systemd is told, over a real datagram socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from assistant.notify import Notifier, Pulse, watchdog_interval_s


@pytest.fixture
def manager(tmp_path):
    """Be systemd: a socket that receives, and its address."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.setblocking(False)
        yield receiver


def received(manager: socket.socket) -> list[str]:
    messages = []
    while True:
        try:
            messages.append(manager.recv(4096).decode())
        except BlockingIOError:
            return messages


def notifier(manager: socket.socket) -> Notifier:
    return Notifier({"NOTIFY_SOCKET": manager.getsockname()})


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_fields_arrive_as_lines(manager):
    told = notifier(manager)
    told.send(READY=1, STATUS="listening\nSTOPPING=1")  # a line break must not smuggle a field in
    assert received(manager) == ["READY=1\nSTATUS=listening"]
    told.close()
    told.close()
    told.send(READY=1)
    assert received(manager) == []


def test_an_abstract_socket_is_reached():
    name = f"assistant-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + name)
        receiver.settimeout(2.0)
        Notifier({"NOTIFY_SOCKET": "@" + name}).send(STOPPING=1)
        assert receiver.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("address", [None, "", "vsock:2:1", "/nowhere/at/all"])
def test_nobody_to_tell_is_no_trouble(address):
    told = Notifier({} if address is None else {"NOTIFY_SOCKET": address})
    told.send(READY=1)
    told.close()


def test_a_manager_that_does_not_read_is_not_waited_for(manager):
    told = notifier(manager)
    for _ in range(10_000):
        told.send(WATCHDOG=1)
    assert 0 < len(received(manager)) < 10_000


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [
        ("10000000", None, 5.0),
        ("10000000", 0, 5.0),
        ("10000000", 1, None),
        ("0", None, None),
        ("", None, None),
        ("-5", None, None),
        ("soon", None, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_it_asks(usec, pid, expected):
    """``pid`` is how far the number in the environment is from this process's."""
    other = {} if pid is None else {"WATCHDOG_PID": str(os.getpid() + pid)}
    environ = {"WATCHDOG_USEC": usec} | other
    assert watchdog_interval_s(environ) == expected
    assert watchdog_interval_s({}) is None


def test_ready_means_that_a_hop_was_handled(manager):
    hops, clock = [0], Clock()
    pulse = Pulse(notifier(manager), lambda: hops[0], 5.0, clock)
    pulse.beat()
    clock.now_s += 60.0
    pulse.beat()
    assert received(manager) == []
    hops[0] = 1
    pulse.beat()
    assert received(manager) == ["READY=1\nSTATUS=Listening for its name", "WATCHDOG=1"]


def test_hops_that_stand_still_starve_the_watchdog(manager):
    hops, clock = [1], Clock()
    pulse = Pulse(notifier(manager), lambda: hops[0], 5.0, clock)
    for _ in range(100):
        hops[0] += 31
        clock.now_s += 0.5
        pulse.beat()
    fed = received(manager)
    assert fed.count("READY=1\nSTATUS=Listening for its name") == 1
    assert 10 <= fed.count("WATCHDOG=1") <= 20
    clock.now_s += 0.5
    pulse.beat()
    received(manager)
    for _ in range(100):
        clock.now_s += 0.5
        pulse.beat()
    assert received(manager) == []
    hops[0] += 1
    pulse.beat()
    assert received(manager) == ["WATCHDOG=1"]


def test_without_a_watchdog_only_ready_is_said(manager):
    hops = [0]
    pulse = Pulse(notifier(manager), lambda: hops[0], None, Clock())
    for _ in range(10):
        hops[0] += 1
        pulse.beat()
    assert len(received(manager)) == 1


def test_the_socket_is_not_inherited(manager, tmp_path):
    told = notifier(manager)
    assert told._socket is not None and not told._socket.get_inheritable()
    assert Path(manager.getsockname()).parent == tmp_path
