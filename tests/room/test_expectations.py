"""Every kind of expectation holds where it should, and says what came instead where not."""

import pytest

from assistant.room.expectations import describe, verify

REPORT = {
    "lists": {"shopping": ["Milk", "eggs"]},
    "replies": [
        {"text": "You have milk and eggs.", "spoken": "You have milk", "ended": "interrupted"},
        {"text": "Added rice.", "spoken": "Added rice.", "ended": "resumed"},
    ],
    "utterances": [
        {"heard": "what's on my list", "reply_start_s": 2.0},
        {"heard": "", "reply_start_s": None},
    ],
    "interruptions": [
        {"kind": "wake", "onset_s": 1.0, "duck_s": 1.1, "stop_s": 1.3, "resumed_s": None},
        {"kind": "speech", "onset_s": 5.0, "duck_s": 5.2, "stop_s": None, "resumed_s": 6.0},
    ],
    "wakes": [{}],
    "false_wakes": 0,
    "false_ducks": 1,
    "false_stops": 0,
}

CASES = [
    ({"lists": {"shopping": ["milk", "eggs"]}}, True),
    ({"lists": {"shopping": ["eggs", "milk"]}}, False),
    ({"lists": {"hardware": []}}, True),
    ({"reply": 1, "ended": "interrupted"}, True),
    ({"reply": 2, "ended": "finished"}, False),
    ({"reply": 3, "ended": "finished"}, False),
    ({"reply": 1, "contains": "MILK"}, True),
    ({"reply": 1, "spoken": "eggs"}, False),
    ({"reply": 1, "silent_about": "eggs"}, True),
    ({"reply": 2, "silent_about": "rice"}, False),
    ({"utterance": 1, "heard": "list", "answered": True}, True),
    ({"utterance": 2, "answered": True}, False),
    ({"utterance": 2, "heard": "stop"}, False),
    ({"interruptions": {"wake": 1}}, True),
    ({"interruptions": {"wake": 2}}, False),
    ({"interruptions": {"speech": 1}}, False),
    ({"resumed": 1}, True),
    ({"resumed": 2}, False),
    ({"replies": 2}, True),
    ({"replies": 1}, False),
    ({"wakes": 1}, True),
    ({"false_wakes": 0}, True),
    ({"false_ducks": 0}, False),
    ({"false_ducks": 1}, True),
    ({"false_stops": 0}, True),
    ({"duck_ms": 210}, True),
    ({"duck_ms": 150}, False),
    ({"stop_ms": 310}, True),
]


@pytest.mark.parametrize(("expect", "holds"), CASES)
def test_an_expectation(expect, holds):
    (row,) = verify([expect], REPORT)
    assert row["ok"] is holds
    assert ("got" in row) is not holds
    assert row["what"] == describe(expect)
