"""`assistant teach` from the command line: refused at once, or a word that is heard."""

from __future__ import annotations

import numpy as np
import pytest

from assistant import cli
from assistant.audio.files import write_wav
from assistant.audio.format import HOP
from assistant.audio.wake import WakeDecision, WakeWord
from assistant.errors import BadInput
from assistant.settings import load
from assistant.teach import household, make, scenes
from assistant.teach.corpus import Amounts
from assistant.teach.talkers import Talker, speak


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch, tmp_path):
    """Let no settings file or folder of the owner play a part."""
    settings = tmp_path / "assistant.toml"
    settings.write_text("[wake]  # ours\nthreshold = 0.4\n")
    monkeypatch.setenv("ASSISTANT_CONFIG", str(settings))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], 'write assistant teach "hey pumpkin"'),
        (["stop"], "too short"),
        (["good", "morning", "everybody"], "only words that are said all day"),
        (["shopping", "list"], "which is said anyway"),
        (["hey pumpkin", "--out", "x.wav"], "does not end in .onnx"),
        (["hey pumpkin", "--recordings", "nowhere"], "nowhere: no such folder"),
        (["hey pumpkin", "--takes", "many"], "invalid whole value"),
        (["hey pumpkin", "--config", "/dev/null", "--set", "audio.device=nosuch"], "--takes 0"),
        (["--verify", "--takes", "0"], "0 recordings are too few"),
    ],
)
def test_what_cannot_be_taught_is_refused_in_a_sentence(capsys, arguments, says):
    assert cli.main(["teach", *arguments]) == 2
    printed = capsys.readouterr().err
    assert says in printed and printed.count("\n") == 1


def said(name: str, text: str, count: int, engine: str = "espeak") -> list[np.ndarray]:
    return [speak(Talker(engine, name, 35 + 5 * i, 130 + 8 * i), text) for i in range(count)]


def heard(word: WakeWord, sound: np.ndarray) -> bool:
    word.reset()
    decision = WakeDecision(0.4, lag=word.lag)
    x = np.random.default_rng(1).normal(0, 5e-4, len(sound) + 48_000).astype(np.float32)
    x[24_000 : 24_000 + len(sound)] += 0.3 * sound
    scores = (word.process(x[at : at + HOP]) for at in range(0, len(x) - HOP, HOP))
    return any(score is not None and decision.update(i, score) for i, score in enumerate(scores))


@pytest.mark.slow
def test_a_small_lesson_makes_a_word_that_is_heard_and_used(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(make.head, "STEPS", 300)
    ours = tmp_path / "ours"
    ours.mkdir()
    for i, clip in enumerate(said("en-us+f5", "hey pumpkin", 4)):
        write_wav(ours / f"{i}.wav", np.pad(clip, 8_000))
    arguments = ["hey pumpkin", "--recordings", str(ours), "--synthetic", "150", "--use"]
    assert cli.main(["teach", *arguments]) == 0
    printed = capsys.readouterr().out
    assert "4 recordings" in printed and "false wakes" in printed
    word = load().wake.word
    assert word == str(tmp_path / ".local/share/assistant/wake/hey_pumpkin.onnx")
    assert "# ours" in (tmp_path / "assistant.toml").read_text()
    pumpkin = WakeWord(word)
    strangers = said("en-gb+m3", "hey pumpkin", 4) + said("en-us+f2", "hey pumpkin", 4)
    assert sum(heard(pumpkin, clip) for clip in strangers) >= 6
    others = ("what time is it", "good morning my dear", "add milk to the list")
    assert not any(heard(pumpkin, clip) for text in others for clip in said("en-us", text, 2))


@pytest.mark.slow
def test_a_household_is_told_from_what_resembles_its_word(monkeypatch, tmp_path):
    monkeypatch.setattr(household, "NEAR", 40)
    monkeypatch.setattr(household, "STRANGERS", 6)
    monkeypatch.setattr(household, "PLACES", 5)
    owners = said("en-us+f2", "hey jarvis", 4) + said("en-gb+m3", "hey jarvis", 4)
    learned = household.learn("hey_jarvis", owners, tmp_path / "us.npz", ("espeak",))
    assert learned.own >= 0.95
    assert learned.tempting < 0.2


def test_recordings_without_the_word_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(household, "PLACES", 1)
    monkeypatch.setattr(scenes, "ROOMS", 1)
    with pytest.raises(BadInput, match="hardly heard"):
        household.learn("alexa", said("en-us", "potato", 4))


def test_amounts_scale():
    assert Amounts().scaled(0.1).words == 100
    assert Amounts().scaled(0.0).words == 10
