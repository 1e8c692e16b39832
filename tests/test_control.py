"""The control socket and its worst clients, over real sockets."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant import control
from assistant.control import MAX_CLIENTS, MAX_LINE, MAX_REQUESTS, ControlServer, ask
from assistant.errors import BadInput


def act(request: dict) -> dict:
    match request.get("do"):
        case "echo":
            return {"text": request.get("text", "")}
        case "refuse":
            raise BadInput("text", "is too loud", "whisper")
        case "break":
            raise RuntimeError("a bug")
    raise BadInput("do", "is unknown", "")


@pytest.fixture
def server(tmp_path):
    server = ControlServer(tmp_path / "run" / "control", act)
    yield server
    server.close()


@pytest.fixture
def client(server):
    """Connect; every connection is closed at the end."""
    opened = []

    def connect() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(5.0)
        connection.connect(str(server.path))
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


def all_of(connection: socket.socket) -> bytes:
    """Read until the server hangs up."""
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def works(server: ControlServer) -> bool:
    return ask(server.path, {"do": "echo", "text": "still here"}) == {
        "ok": True,
        "text": "still here",
    }


def test_requests_are_answered(server):
    assert works(server)
    assert ask(server.path, {"do": "refuse"}) == {
        "ok": False,
        "problem": "text: is too loud; whisper",
    }
    assert ask(server.path, {"do": "break"})["problem"] == "the speaker failed on this"
    assert works(server)


def test_only_owner_and_group_may_use_it(server):
    mode = os.stat(server.path).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660
    assert stat.S_IMODE(os.stat(server.path.parent).st_mode) == 0o750


def test_several_requests_on_one_connection(client):
    connection = client()
    connection.sendall(b'{"do": "echo", "text": "a"}\n{"do": "echo", "text": "b"}\n{"do"')
    connection.sendall(b': "echo", "text": "c"}\n')
    with connection.makefile("rb") as answers:
        texts = [json.loads(answers.readline())["text"] for _ in range(3)]
    assert texts == ["a", "b", "c"]


@pytest.mark.parametrize(
    "line",
    [b"", b"hello", b"[]", b"1e999", b"null", b"{", b"\xff\xfe", b"[" * 4000, b'{"do": 3}', b"{}"],
)
def test_nonsense_is_refused_in_one_line(server, client, line):
    connection = client()
    connection.sendall(line + b"\n")
    with connection.makefile("rb") as answers:
        answer = json.loads(answers.readline())
    assert answer["ok"] is False and answer["problem"]
    assert works(server)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=300))
def test_any_bytes_are_survived(server, data):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5.0)
        connection.connect(str(server.path))
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        for line in all_of(connection).splitlines():
            assert json.loads(line)["ok"] is False
    assert works(server)


def test_a_line_without_end_is_cut_off(server, client):
    connection = client()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(1000):
            connection.sendall(b"x" * MAX_LINE)
    assert works(server)
    connection = client()
    connection.sendall(b"x" * (MAX_LINE + 1))
    assert b"over 4096 bytes" in all_of(connection)


def test_a_flood_is_stopped_and_others_are_served(server, client):
    connection = client()
    sender = threading.Thread(target=_flood, args=(connection,))
    sender.start()
    assert works(server)
    answers = all_of(connection).count(b"\n")
    sender.join()
    assert answers <= MAX_REQUESTS
    assert works(server)


def _flood(connection: socket.socket) -> None:
    try:
        for _ in range(2000):
            connection.sendall(b'{"do": "echo", "text": "%b"}\n' % (b"x" * 100))
    except OSError:
        pass


def test_a_client_that_does_not_read_is_not_waited_for(server, client):
    deaf = client()
    deaf.settimeout(0.2)
    with pytest.raises((TimeoutError, BrokenPipeError, ConnectionResetError)):
        while True:
            deaf.sendall(b'{"do": "echo", "text": "%b"}\n' % (b"x" * 4000))
    assert works(server)


def test_slow_clients_are_sent_away_and_make_room(tmp_path):
    now = [0.0]
    server = ControlServer(tmp_path / "control", act, lambda: now[0])
    slow = []
    try:
        for _ in range(MAX_CLIENTS):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(5.0)
            connection.connect(str(server.path))
            connection.sendall(b'{"do": ')
            slow.append(connection)
        assert works(server)  # full: the one who waited longest made room
        assert all_of(slow[0]) == b""
        now[0] = control.PATIENCE_S + 0.1
        slow[1].sendall(b" ")  # the clock of a test does not wake a select
        for connection in slow:
            assert all_of(connection) == b""
        assert works(server)
    finally:
        for connection in slow:
            connection.close()
        server.close()


def test_clients_that_vanish_leave_nothing(server):
    before = len(os.listdir("/proc/self/fd"))
    for number in range(200):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(server.path))
            connection.sendall(b'{"do": "echo"}\n' if number % 2 else b'{"do"')
    assert works(server)
    deadline = time.monotonic() + 5.0
    while len(os.listdir("/proc/self/fd")) > before + 1 and time.monotonic() < deadline:
        assert works(server)
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # the one that just hung up


def test_a_dead_speakers_socket_is_replaced_and_a_live_ones_is_not(tmp_path):
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    server = ControlServer(path, act)
    assert works(server)
    with pytest.raises(OSError, match="another speaker"):
        ControlServer(path, act)
    assert works(server)
    server.close()
    server.close()
    assert not path.exists()
    with pytest.raises(OSError):
        ask(path, {"do": "echo"})
