"""What the journal gets: real records over a real datagram socket, decoded as journald does."""

from __future__ import annotations

import logging
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.journald import JournalHandler, encode


def decode(data: bytes) -> dict[str, str]:
    """Read a datagram by the rules of the native protocol."""
    fields, at = {}, 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, equals, value = data[at:end].partition(b"=")
        at = end + 1
        if not equals:
            (length,) = struct.unpack_from("<Q", data, at)
            value = data[at + 8 : at + 8 + length]
            assert data[at + 8 + length : at + 9 + length] == b"\n"
            at += 9 + length
        fields[name.decode()] = value.decode(errors="replace")
    return fields


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True), st.text()))
def test_every_field_arrives_as_it_was(fields):
    wanted = {k: v.encode(errors="replace").decode() for k, v in fields.items()}
    assert decode(encode(fields)) == wanted


@pytest.fixture
def journal(tmp_path):
    path = str(tmp_path / "journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(path)
        receiver.setblocking(False)
        yield receiver


@pytest.fixture
def logger(journal):
    handler = JournalHandler(journal.getsockname())
    logger = logging.getLogger("tests.journald")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)
    handler.close()


def test_a_record_carries_its_turn(journal, logger):
    logger.warning("woken by %s", "jarvis", extra={"fields": {"TURN": "7", "EVENT": "WakeHeard"}})
    fields = decode(journal.recv(65536))
    assert fields["MESSAGE"] == "woken by jarvis" and fields["PRIORITY"] == "4"
    assert fields["TURN"] == "7" and fields["EVENT"] == "WakeHeard"
    assert fields["THREAD_NAME"] == "MainThread" and fields["CODE_FUNC"].startswith("test_a_record")


def test_a_traceback_is_one_entry(journal, logger):
    try:
        raise ValueError("no sound")
    except ValueError:
        logger.exception("it failed")
    message = decode(journal.recv(65536))["MESSAGE"]
    assert message.startswith("it failed\nTraceback") and message.endswith("ValueError: no sound")


def test_a_full_or_missing_journal_costs_nothing(journal, logger):
    for _ in range(2000):
        logger.info("x" * 1000)
    logger.info("y" * 1_000_000)
    journal.close()
    logger.info("gone")
