"""Downloads from a server that lies: the right bytes, or one sentence."""

from __future__ import annotations

from random import Random

import pytest

from assistant.errors import AssistantError
from assistant.models.download import Patience, download
from tests.models.server import LyingServer

DATA = Random(1).randbytes(300_000)


@pytest.fixture(scope="module")
def server():
    with LyingServer({"/m.zip": DATA}) as server:
        yield server


@pytest.fixture
def slept():
    return []


@pytest.fixture
def get(server, tmp_path, slept):
    part = tmp_path / "m.zip.part"

    def get(*faults: str, size: int | None = len(DATA), verifiable: bool = True, **waits) -> bytes:
        server.requests.clear()
        server.plan(faults)
        patience = Patience(**{"timeout_s": 0.1, "sleep": slept.append} | waits)
        url = server.url("/m.zip")
        download(url, part, size=size, verifiable=verifiable, patience=patience)
        return part.read_bytes()

    return get


def ranges(server) -> list[str | None]:
    return [headers.get("Range") for _, headers in server.requests]


@pytest.mark.parametrize("size", [len(DATA), None])
@pytest.mark.parametrize(
    "fault",
    ["fine", "cut", "stalls", "says nothing", "resets", "promises more", "other version", "500",
     "503", "429", "416", "204", "compressed", "nonsense", "redirect to nonsense"],
)  # fmt: skip
def test_a_passing_fault_costs_a_try(get, fault, size):
    assert get(fault, size=size) == DATA


@pytest.mark.parametrize(
    "fault", ["endless", "login page", "promises less", "wrong total", "length is no number"]
)
def test_a_known_size_sees_through_a_lie(get, fault):
    assert get("cut", fault) == DATA


def test_it_goes_on_where_it_was_cut(get, server):
    assert get("cut", "cut", "stalls") == DATA
    first, *rest = ranges(server)
    assert first is None and all(rest) and len(rest) == 3
    assert all(headers["If-Range"].startswith('"') for _, headers in server.requests[1:])


def test_it_starts_again_when_the_file_changed_or_the_server_ignores_the_range(get, server):
    assert get("other version") == DATA
    assert get("cut", "ignores Range", "wrong part") == DATA


def test_without_a_version_only_what_is_verified_afterwards_goes_on(get, server):
    assert get("no ETag") == DATA
    assert ranges(server)[1]
    assert server.requests[1][1].get("If-Range") is None


def test_a_part_of_another_address_or_without_version_and_digest_is_dropped(get, server, tmp_path):
    (tmp_path / "m.zip.part").write_bytes(b"something else")
    assert get(verifiable=False) == DATA
    assert ranges(server) == [None]


def test_a_complete_part_costs_no_request_where_the_size_is_known(get, server):
    get()
    get()
    assert server.requests == []
    get(size=None)
    assert ranges(server) == [f"bytes={len(DATA)}-"]


def test_it_waits_as_long_as_it_is_asked_to_and_longer_each_time(get, slept):
    get("503", "429", "500", "500")
    assert slept == [7.0, 3.0, 7.0, 15.0]
    slept.clear()
    with pytest.raises(AssistantError, match="answered 503"):
        get("503", "for ever", size=None, verifiable=False, longest_pause_s=5.0)
    assert slept == [5.0] * 5


def test_a_slow_server_is_as_good_as_none(get):
    ticks = iter(range(10_000))
    with pytest.raises(AssistantError, match="too slow"):
        get(clock=lambda: float(next(ticks)), slowest=1e12, all_tries=2)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("404", "answered 404"),
        ("403", "answered 403"),
        ("redirect loop", "redirects in a loop"),
        ("redirect to a file", "redirects to file:///etc/passwd"),
        ("redirect to ftp", "redirects to ftp:"),
        ("redirect to nothing", "answered 302"),
    ],
)
def test_what_will_not_change_is_said_at_once(get, server, fault, says):
    with pytest.raises(AssistantError, match=says):
        get(fault)
    assert len(server.requests) <= 12  # the loop's own hops


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("500", "answered 500"),
        ("says nothing", "does not answer"),
        ("nonsense", "m.zip: "),
        ("login page", "a web page"),
    ],
)
def test_what_does_not_pass_ends_in_a_sentence(get, fault, says):
    with pytest.raises(AssistantError, match=says) as refused:
        get(fault, "for ever", tries=3)
    assert "assistant models fetch --from" in str(refused.value)


def test_nobody_there_is_said(tmp_path, slept):
    with LyingServer({}) as gone:
        url = gone.url("/m.zip")
    patience = Patience(timeout_s=0.1, sleep=slept.append)
    with pytest.raises(AssistantError, match="connection refused"):
        download(url, tmp_path / "m.zip.part", patience=patience)
    assert slept == [7.0]  # it does not try for long where nobody answers
