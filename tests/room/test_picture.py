"""The timeline and the console's story are made of any record, also an empty one."""

import io

import pytest
from rich.console import Console

from assistant import messages as m
from assistant.room.console import Narrator
from assistant.room.plot import draw
from assistant.room.report import make_report
from assistant.room.scene import Person, Scene
from tests.room import stories
from tests.room.test_report import interrupted_list


@pytest.mark.parametrize("story", [([], []), interrupted_list()])
def test_a_timeline_is_drawn(tmp_path, story):
    record = stories.record(*story, loud=[(2.0, 4.1)])
    path = tmp_path / "timeline.png"
    draw(record, make_report(record, stories.CONTEXT), path)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_story_is_told_in_plain_lines_where_there_is_no_terminal():
    messages, lines = interrupted_list()
    record = stories.record(messages, lines, loud=[(2.0, 4.1)])
    out = io.StringIO()
    scene = Scene("A story", 12.0, people=(Person("Ana", (1, 1, 1)),))
    narrator = Narrator(Console(file=out, width=100), scene)
    with narrator:
        for at, message in record.messages:
            narrator.progress(at / 16000, record)
            narrator.observe(message, at)
    report = make_report(record, stories.CONTEXT)
    report["expectations"] = [{"what": "replies 2", "ok": False, "got": "1 replies"}]
    narrator.end(report, None)
    text = out.getvalue()
    assert "\x1b" not in text
    for part in ('Ana      "hey jarvis, add rice"', "hears its name (0.90), and stops talking",
                 'speaker  "You have two things: green apples, and bread."',
                 'heard "add rice"', "FAIL", "got: 1 replies"):  # fmt: skip
        assert part in text
    assert text.count('"hey jarvis, add rice"') == 1


def test_words_in_brackets_are_not_taken_for_colours():
    out = io.StringIO()
    narrator = Narrator(Console(file=out, width=100), Scene("[bold]", 1.0))
    narrator.observe(m.Heard(1, "[unk] stop", True), 16000)
    assert 'heard "[unk] stop"' in out.getvalue() and "[bold]" in out.getvalue()
