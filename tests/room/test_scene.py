"""Scene files: what they may say, and the one sentence each mistake ends in."""

from pathlib import Path

import pytest

from assistant.errors import BadInput
from assistant.room.scene import load_scene

GOOD = """
title = "Test"
duration_s = 20.0
[settings]
wake.word = "alexa"
"bargein.policy" = "wake"
[start]
shopping = ["milk"]
[[person]]
name = "Ana"
position_m = [3.0, 2.0, 1.5]
voice = "espeak:en-us+f3"
[[say]]
person = "Ana"
at_s = 1.0
text = "hello"
[[say]]
person = "Ana"
after = "reply"
nth = 2
offset_s = 0.5
text = "stop"
[[sound]]
sound = "noise:plates"
after = "reply-end"
position_m = [1.0, 1.0, 1.0]
[[press]]
after = "wake"
[[expect]]
reply = 1
ended = "finished"
[[expect]]
lists = { shopping = ["milk"] }
"""


def load(tmp_path, text):
    path = tmp_path / "test.toml"
    path.write_text(text)
    return load_scene(path)


def test_a_scene_is_read(tmp_path):
    scene = load(tmp_path, GOOD)
    assert scene.title == "Test" and scene.duration_s == 20.0 and scene.seed == 1
    assert scene.settings == {"wake.word": "alexa", "bargein.policy": "wake"}
    assert scene.start == {"shopping": ("milk",)}
    assert scene.person("Ana").level_db == 62.0
    assert [s.when.at_s for s in scene.says] == [1.0, None]
    assert (scene.says[1].when.after, scene.says[1].when.nth) == ("reply", 2)
    assert scene.sounds[0].kind == "noise:plates" and scene.presses[0].button == "action"
    assert scene.expects[0] == {"reply": 1, "ended": "finished"}


BROKEN = """
[[unplug]]
at_s = 2.0
back_after_s = 1.5
busy_s = 0.5
[[unplug]]
after = "reply"
back_after_s = 0.0
[[xrun]]
at_s = 3.0
ms = 40.0
"""


def test_a_card_may_be_pulled_out_and_glitch(tmp_path):
    scene = load(tmp_path, GOOD + BROKEN)
    first, second = scene.unplugs
    assert (first.when.at_s, first.back_after_s, first.busy_s) == (2.0, 1.5, 0.5)
    assert (second.when.after, second.busy_s) == ("reply", 0.0)
    assert [(x.when.at_s, x.ms) for x in scene.xruns] == [(3.0, 40.0)]
    for wrong, says in (
        ("back_after_s = -1.0", "out of range"),
        ("back_after_s = 1\ncolour = 1", "unknown"),
    ):
        with pytest.raises(BadInput, match=says):
            load(tmp_path, GOOD + BROKEN.replace("back_after_s = 0.0", wrong, 1))


def test_the_design_example_is_read(tmp_path):
    design = Path(__file__).with_name("design_scene.toml").read_text()
    (tmp_path / "clip.flac").write_bytes(b"")
    (tmp_path / "dog.wav").write_bytes(b"")
    scene = load(tmp_path, design)
    assert scene.device.speaker_db == 66.0 and scene.room.rt60_s == 0.35
    assert scene.sounds[0].wav == tmp_path / "dog.wav" and scene.says[1].wav is not None
    assert scene.settings == {"wake.word": "hey_jarvis"}


MISTAKES = [
    ('title = "Test"', 'titel = "Test"', ("titel", 'did you mean "title"?')),
    ("duration_s = 20.0", "", ("duration_s", "missing")),
    ("duration_s = 20.0", 'duration_s = "long"', ("duration_s", "not a number")),
    ("duration_s = 20.0", "duration_s = -1.0", ("duration_s", "out of range")),
    ("duration_s = 20.0", "duration_s = true", ("duration_s", "not a number")),
    ("duration_s = 20.0", "duration_s = ", ("not TOML",)),
    ('wake.word = "alexa"', 'wake.wrd = "alexa"', ("wrd", 'did you mean "word"?')),
    ('wake.word = "alexa"', "wake.threshold = 7.0", ("wake.threshold", "out of range")),
    ('shopping = ["milk"]\n[[p', "shopping = 3\n[[p", ("[start]", "shopping")),
    ('name = "Ana"', "name = 7", ("[[person]] number 1", "name")),
    ("[3.0, 2.0, 1.5]", "[3.0, 2.0]", ("position_m", "three numbers")),
    ("[3.0, 2.0, 1.5]", "[9.0, 2.0, 1.5]", ("position_m", "outside the room")),
    ('voice = "espeak:en-us+f3"', 'voice = "piper"', ("voice", "espeak:")),
    ('voice = "espeak:en-us+f3"', "", ("[[say]] number 1", "no voice")),
    ('person = "Ana"\nat_s', 'person = "Anna"\nat_s', ("Anna", 'did you mean "Ana"?')),
    ("at_s = 1.0", "at_ss = 1.0", ("at_ss", 'did you mean "at_s"?')),
    ("duration_s = 20.0", "duration = 20.0", ("key duration:", 'did you mean "duration_s"?')),
    ("at_s = 1.0", "", ("[[say]] number 1", "at_s")),
    ("at_s = 1.0", 'at_s = 1.0\nafter = "wake"', ("both",)),
    ("at_s = 1.0", "at_s = 1.0\nnth = 2", ("nth", "needs after")),
    ('after = "reply"\n', 'after = "replies"\n', ("after", 'did you mean "reply"?')),
    ("nth = 2", "nth = 0", ("nth", "out of range")),
    ("nth = 2", "nth = 1.5", ("nth", "whole number")),
    ('text = "hello"', 'wav = "gone.wav"', ("[[say]] number 1", "gone.wav")),
    ('sound = "noise:plates"', 'sound = "noise:plate"', ('did you mean "noise:plates"?',)),
    ('sound = "noise:plates"', "", ("[[sound]] number 1", "wav")),
    ('after = "wake"', 'after = "wake"\ncolour = "red"', ("[[press]] number 1", "colour")),
    ('ended = "finished"', 'ended = "finish"', ("[[expect]]", 'did you mean "finished"?')),
    ("reply = 1\n", "", ("[[expect]] number 1", "needs reply")),
    ('lists = { shopping = ["milk"] }', "falsewakes = 0", ('did you mean "false_wakes"?',)),
    ('lists = { shopping = ["milk"] }', "lists = 3", ("[[expect]] number 2", "lists")),
    ('lists = { shopping = ["milk"] }', "", ("[[expect]] number 2",)),
    ("[[press]]", "[press]", ("[press]", "[[press]]")),
]


@pytest.mark.parametrize(("right", "wrong", "says"), MISTAKES)
def test_a_mistake_ends_in_one_sentence_that_names_it(tmp_path, right, wrong, says):
    assert right in GOOD
    with pytest.raises(BadInput) as caught:
        load(tmp_path, GOOD.replace(right, wrong, 1))
    message = str(caught.value)
    assert message.startswith(("test.toml", str(tmp_path / "test.toml")))
    assert "\n" not in message.replace(str(tmp_path), "").split("TOML:")[0]
    for part in says:
        assert part in message


def test_a_missing_scene_is_refused(tmp_path):
    with pytest.raises(BadInput, match="nowhere.toml"):
        load_scene(tmp_path / "nowhere.toml")


def test_a_folder_and_bytes_are_refused(tmp_path):
    with pytest.raises(BadInput):
        load_scene(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="bytes.toml"):
        load_scene(tmp_path / "bytes.toml")
