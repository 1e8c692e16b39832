"""The report from records whose truth is known."""

import json

import pytest

from assistant import messages as m
from assistant.audio.format import samples
from assistant.messages import Position
from assistant.room.record import Sounding, as_json, write_files
from assistant.room.report import make_report
from tests.room import stories
from tests.room.stories import at, record, reply, say

AIR = stories.LATENCY / 16000


def report_of(messages, soundings=(), **sound):
    return make_report(record(messages, soundings, **sound), stories.CONTEXT)


def heard(turn, text, when, **flags):
    return (at(when), m.Heard(turn, text, True, **flags))


def test_it_has_every_key_of_the_format():
    report = report_of([])
    assert list(report) == [
        "title", "duration_s", "engines", "utterances", "replies", "interruptions", "wakes",
        "false_wakes", "false_ducks", "false_stops", "echo", "outages", "hops", "memory", "lists",
        "expectations",
    ]  # fmt: skip
    assert json.loads(json.dumps(report)) == report


def test_an_exchange_is_one_utterance_and_one_finished_reply():
    lines = [say("Ana", "hey jarvis, what time is it", 1.0, 2.8)]
    messages = [
        (at(1.8), m.WakeHeard(at(1.8), at(1.7), "hey_jarvis", 0.91)),
        (at(1.8), m.Recognise(1, at(1.7))),
        (at(3.2), m.SpeechEnded(at(3.2), 1, at(2.8))),
        heard(1, "what time is it", 3.25),
        *reply(1, ["It's nine."], 3.5),
        (at(4.6), m.SpeechFinished(at(4.6), 1)),
    ]
    report = report_of(messages, lines, loud=[(3.54, 4.54)])
    (utterance,), (answer,) = report["utterances"], report["replies"]
    assert utterance["heard"] == "what time is it" and utterance["onset_s"] == 1.0
    assert utterance["endpoint_s"] == pytest.approx(3.2, abs=0.016)
    assert utterance["reply_start_s"] == answer["start_s"]
    assert answer["start_s"] == pytest.approx(3.5 + AIR, abs=0.02)
    assert (answer["ended"], answer["spoken"], answer["item"]) == ("finished", "It's nine.", None)
    (wake,) = report["wakes"]
    assert wake["true"] and wake["score"] == 0.91 and report["false_wakes"] == 0


def test_a_wake_nobody_said_is_false():
    wake = (at(5.0), m.WakeHeard(at(5.0), at(4.9), "hey_jarvis", 0.6))
    assert report_of([wake])["false_wakes"] == 1
    other = [say("Ana", "what time is it", 4.0, 5.0)]
    assert report_of([wake], other)["false_wakes"] == 1
    recording = [say("Ana", "", 4.0, 4.9, recorded=True)]
    assert report_of([wake], recording)["false_wakes"] == 0
    labelled = [say("Ana", "order a coffee", 4.0, 4.9, recorded=True)]
    assert report_of([wake], labelled)["false_wakes"] == 1
    long_ago = [say("Ana", "hey jarvis", 1.0, 2.0)]
    assert report_of([wake], long_ago)["false_wakes"] == 1


def interrupted_list():
    texts = ["You have two things:", "green apples,", "and bread."]
    lines = [say("Ana", "hey jarvis, add rice", 3.3, 4.6)]
    cut = Position(1, 1, 0, samples(0.2))
    messages = [
        *reply(1, texts, 2.0),
        (at(4.0), m.WakeHeard(at(4.0), at(4.0), "hey_jarvis", 0.9, cut)),
        (at(4.0), m.Recognise(2, at(4.0))),
        (at(5.0), m.SpeechEnded(at(5.0), 2, at(4.6))),
        heard(2, "add rice", 5.05),
    ]
    return messages, lines


def test_a_wake_word_interruption_knows_onset_silence_and_the_item():
    messages, lines = interrupted_list()
    report = report_of(messages, lines, loud=[(2.04, 4.1)])
    (row,) = report["interruptions"]
    assert row["kind"] == "wake" and row["onset_s"] == 3.3 and row["resumed_s"] is None
    assert row["duck_s"] == pytest.approx(4.1, abs=0.05)
    assert row["stop_s"] == pytest.approx(4.1, abs=0.05)
    (answer,) = report["replies"]
    assert answer["ended"] == "interrupted" and answer["item"] == "green apples,"
    assert answer["spoken"] == "You have two things: green"
    assert report["false_stops"] == 0


def test_a_duck_before_the_stop_is_measured_by_itself():
    messages, lines = interrupted_list()
    suspected = m.SpeechSuspected(at(3.5), samples(3.4), Position(1, 1, 0, 10))
    messages.append((at(3.5), suspected))
    report = report_of(messages, lines, loud=[(2.04, 3.6)], ducked=[(3.6, 4.1)])
    (row,) = report["interruptions"]
    assert row["duck_s"] == pytest.approx(3.6, abs=0.05)
    assert row["stop_s"] == pytest.approx(4.1, abs=0.05)


@pytest.mark.parametrize(("stop", "kind"), [(True, "stop"), (False, "speech")])
def test_stop_phrase_and_plain_speech_are_told_apart(stop, kind):
    lines = [say("Ben", "stop", 3.0, 3.4)]
    where = Position(1, 0, 1, 100)
    messages = [
        *reply(1, ["You have milk."], 2.0, seconds_each=3.0),
        (at(3.1), m.SpeechSuspected(at(3.1), samples(3.0), where)),
        (at(3.1), m.Recognise(2, at(2.7), over_speech=1)),
        heard(2, "stop", 3.5, stop=stop, command=True),
        (at(3.55), m.SpeechStopped(at(3.55), 1, where)),
    ]
    report = report_of(messages, lines, loud=[(2.04, 3.2)])
    assert [i["kind"] for i in report["interruptions"]] == [kind]
    assert report["interruptions"][0]["onset_s"] == 3.0
    assert report["false_ducks"] == report["false_stops"] == 0


def test_a_noise_that_resumes():
    noise = [Sounding("sound", "plates", "", samples(3.0), samples(3.6))]
    where = Position(1, 0, 1, 100)
    messages = [
        *reply(1, ["You have milk."], 2.0, seconds_each=5.0),
        (at(3.1), m.SpeechSuspected(at(3.1), samples(3.0), where)),
        (at(4.5), m.Resume(1)),
        (at(9.0), m.SpeechFinished(at(9.0), 1)),
    ]
    report = report_of(messages, noise, loud=[(2.04, 3.2), (4.55, 8.9)])
    (row,) = report["interruptions"]
    assert row["stop_s"] is None and row["duck_s"] == pytest.approx(3.2, abs=0.05)
    assert row["resumed_s"] == pytest.approx(4.5 + AIR, abs=0.02)
    assert report["replies"][0]["ended"] == "resumed"
    assert report["false_ducks"] == report["false_stops"] == 0


def test_ducks_and_stops_without_anybody_are_false():
    where = Position(1, 0, 1, 100)
    messages = [
        *reply(1, ["You have milk."], 2.0, seconds_each=3.0),
        (at(3.1), m.SpeechSuspected(at(3.1), samples(3.0), where)),
        heard(2, "stop", 3.5, stop=True),
        (at(3.55), m.SpeechStopped(at(3.55), 1, where)),
    ]
    report = report_of(messages, [], loud=[(2.04, 3.2)])
    assert report["false_ducks"] == 1 and report["false_stops"] == 1


def test_a_button_is_an_interruption_from_its_press():
    press = [Sounding("press", "action", "", samples(3.0), samples(3.0))]
    messages = [
        *reply(1, ["You have milk."], 2.0, seconds_each=3.0),
        (at(3.02), m.Pressed(at(3.02), "action", Position(1, 0, 0, 5))),
    ]
    report = report_of(messages, press, loud=[(2.04, 3.1)])
    assert report["interruptions"][0]["kind"] == "button"
    assert report["interruptions"][0]["onset_s"] == 3.0 and report["false_stops"] == 0


def test_echo_is_measured_only_where_nobody_speaks():
    lines = [say("Ana", "hello", 5.0, 6.0)]
    report = report_of([], lines, loud=[(2.0, 9.0)], erle_db=26.0)
    assert report["echo"]["erle_db"] == pytest.approx(26.0, abs=0.5)
    assert report["echo"]["converged_s"] == pytest.approx(2.5, abs=0.05)
    assert report_of([])["echo"] == {"erle_db": None, "converged_s": None}


def test_messages_are_written_as_json_lines(tmp_path):
    messages = [*reply(1, ["You have milk."], 2.0), (at(2.5), m.Resume(1))]
    write_files(record(messages), tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [r.get("event") or r["command"] for r in rows][-1] == "Resume"
    assert all("t_s" in row for row in rows)
    assert as_json(m.Begin(3, m.Policy.OPEN), 16000) == {
        "t_s": 1.0, "command": "Begin", "turn": 3, "policy": "open",
    }  # fmt: skip
    assert {p.name for p in tmp_path.iterdir()} == {
        "events.jsonl", "mic.wav", "speaker.wav", "clean.wav",
    }  # fmt: skip
