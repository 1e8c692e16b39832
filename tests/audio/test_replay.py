"""``assistant replay``: what a recording would have made the speaker do, as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from assistant import cli
from assistant.audio import replay as recording
from assistant.audio.ears import Ears
from assistant.audio.files import read_audio, write_wav
from assistant.audio.format import SAMPLE_RATE, level_db, samples, seconds
from assistant.audio.replay import replay
from assistant.room.people import speak
from assistant.settings import Settings
from tests.audio.sounds import path, power_db, through
from tests.data import shared

STORY = (
    "You have milk, bread, a dozen eggs and two litres of orange juice on your shopping list. "
    "The kitchen is the warmest room in the house, and the kettle is the first to speak. "
)
LEAD_S = 1.0
OVER_S = 8.0  # when somebody talks over the reply: the echo path is known by then
ACTS = ("wake", "duck", "stop", "resume")


def quiet(duration_s: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (1e-4 * rng.standard_normal(samples(duration_s))).astype(np.float32)


def person(text: str) -> np.ndarray:
    return 0.3 * speak("en-us+f3", text)


WAKE = person("hey jarvis")
COMMAND = person("what time is it")
SPEECH_S = LEAD_S + seconds(len(WAKE))  # the wake word is over
COMMAND_S = SPEECH_S + 1.5


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    """A wake word after a second, a command 1.5 s later, and quiet."""
    wav = tmp_path_factory.mktemp("replay") / "plain.wav"
    write_wav(wav, np.concatenate((quiet(LEAD_S), WAKE, quiet(1.5), COMMAND, quiet(1.2))))
    return wav


@pytest.fixture(scope="module")
def reply() -> np.ndarray:
    return 0.3 * speak("en-us", 2 * STORY)[: samples(15.0)]


def over(folder: Path, reply: np.ndarray, near: np.ndarray | None) -> tuple[Path, Path]:
    """Write what a microphone hears of ``reply`` and of somebody talking over it."""
    mic = np.concatenate((0.3 * through(reply, path(2)), quiet(1.0)))
    mic += quiet(seconds(len(mic)), seed=1)
    if near is not None:
        begin = samples(OVER_S)
        mic[begin : begin + len(near)] += near
    write_wav(folder / "mic.wav", mic)
    write_wav(folder / "reference.wav", reply)
    return folder / "mic.wav", folder / "reference.wav"


def replayed(capsys, *arguments: object) -> list[dict]:
    """Run the command line and return the events it printed."""
    assert cli.main(["replay", *map(str, arguments)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return [json.loads(line) for line in printed.out.splitlines()]


def of(events: list[dict], *kinds: str) -> list[dict]:
    return [e for e in events if e["event"] in kinds]


def noticed(event: dict) -> float:
    return event.get("noticed_s", event["t_s"])


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch, tmp_path):
    """Let no settings file of the owner play a part."""
    (tmp_path / "assistant.toml").touch()
    monkeypatch.setenv("ASSISTANT_CONFIG", str(tmp_path / "assistant.toml"))


def test_the_wake_word_and_two_utterances_at_their_times(plain, capsys):
    events = replayed(capsys, plain)
    assert [e["event"] for e in events] == [
        "speech", "wake", "speech_end", "speech", "speech_end",
    ]  # fmt: skip
    (wake,) = of(events, "wake")
    assert SPEECH_S - 0.4 < wake["t_s"] < SPEECH_S + 0.5 and wake["score"] >= 0.3
    name, command = of(events, "speech")
    assert all(0.09 < e["noticed_s"] - e["t_s"] < 0.3 for e in (name, command))
    assert abs(name["t_s"] - LEAD_S) < 0.2 and abs(command["t_s"] - COMMAND_S) < 0.2
    for end, true in zip(of(events, "speech_end"), (SPEECH_S, COMMAND_S + 1.3), strict=True):
        assert abs(end["t_s"] - true) < 0.4
        assert 0.6 < end["noticed_s"] - end["t_s"] < 0.8  # conversation.silence_s


def test_lines_come_in_the_order_of_noticing(plain, tmp_path, reply, capsys):
    mic, reference = over(tmp_path, reply, WAKE)
    for events in (replayed(capsys, plain), replayed(capsys, mic, "--reference", reference)):
        times = [noticed(e) for e in events]
        assert len(events) >= 4 and times == sorted(times)
        assert all(e["t_s"] <= noticed(e) for e in events)
        assert all(set(e) >= {"t_s", "event"} for e in events)


def test_without_a_reference_nothing_can_be_interrupted(plain, capsys):
    assert not of(replayed(capsys, plain), "duck", "stop", "resume")


def test_the_wake_word_over_a_reply_ducks_and_stops_it(tmp_path, reply, capsys):
    mic, reference = over(tmp_path, reply, WAKE)
    acts = [e for e in replayed(capsys, mic, "--reference", reference) if e["event"] in ACTS]
    acts = [e for e in acts if OVER_S <= e["t_s"] < OVER_S + 2.5]
    assert [e["event"] for e in acts] == ["duck", "wake", "stop"]
    assert acts[0]["t_s"] < OVER_S + 0.3
    assert acts[2]["t_s"] == acts[1]["t_s"] and acts[2]["why"] == "wake"


def test_other_speech_over_a_reply_ducks_it_and_it_resumes(tmp_path, reply, capsys):
    near = person("well I do not know what to say")
    mic, reference = over(tmp_path, reply, near)
    events = replayed(capsys, mic, "--reference", reference)
    assert not of(events, "wake", "stop")
    ducks = [e for e in of(events, "duck") if e["t_s"] >= OVER_S]
    resumes = [e for e in of(events, "resume") if e["t_s"] >= OVER_S]
    assert ducks[0]["t_s"] < OVER_S + 0.3
    over_s = OVER_S + seconds(len(near))
    assert over_s < resumes[0]["t_s"] < over_s + 1.2


def test_each_duck_is_followed_by_its_end(tmp_path, reply, capsys):
    mic, reference = over(tmp_path, reply, person("well I do not know what to say"))
    kinds = [e["event"] for e in replayed(capsys, mic, "--reference", reference)]
    acts = [k for k in kinds if k in ("duck", "stop", "resume")]
    assert acts[::2] == ["duck"] * (len(acts) // 2) and "duck" not in acts[1::2] and acts


def test_a_duck_that_was_nothing_makes_it_slower_to_duck_again(tmp_path, reply, monkeypatch):
    """As in the audio thread, where Resume burns the evidence."""
    burnt = []

    class Watched(Ears):
        def __init__(self, *args, **kwargs) -> None:
            super().__init__(*args, **kwargs)
            burn = self.evidence.burn
            self.evidence.burn = lambda at, power: (
                burnt.append(round(at / SAMPLE_RATE, 3)),
                burn(at, power),
            )

    monkeypatch.setattr(recording, "Ears", Watched)
    mic, reference = over(tmp_path, reply, person("well I do not know what to say"))
    events = list(replay(mic, reference, settings=Settings()))
    assert burnt and burnt == [e["t_s"] for e in of(events, "resume")]


def test_clean_is_as_long_as_the_recording_and_without_the_echo(tmp_path, reply, capsys):
    mic, reference = over(tmp_path, reply, None)
    clean = tmp_path / "clean.wav"
    replayed(capsys, mic, "--reference", reference, "--clean", clean)
    heard, cleaned = read_audio(mic), read_audio(clean)
    assert 0 <= len(cleaned) - len(heard) < 256  # the last hop is filled up
    settled = slice(samples(5.0), samples(14.0))
    assert power_db(cleaned[settled]) < power_db(heard[settled]) - 15.0


def test_clean_without_a_reference_keeps_the_speech(plain, tmp_path, capsys):
    replayed(capsys, plain, "--clean", tmp_path / "clean.wav")
    spoken = slice(samples(LEAD_S), samples(SPEECH_S))
    before, after = (read_audio(wav)[spoken] for wav in (plain, tmp_path / "clean.wav"))
    assert abs(level_db(after) - level_db(before)) < 6.0


def test_several_microphones(plain, tmp_path, capsys):
    one = read_audio(plain)
    rows = [one] + [one + quiet(seconds(len(one)), seed) for seed in (1, 2, 3)]
    write_wav(tmp_path / "four.wav", np.stack(rows))
    events = replayed(capsys, tmp_path / "four.wav", "--clean", tmp_path / "clean.wav")
    assert len(of(events, "wake")) == 1 and len(of(events, "speech")) == 2
    assert read_audio(tmp_path / "clean.wav").ndim == 1


def bad_files(folder: Path) -> None:
    write_wav(folder / "mic.wav", quiet(0.5))
    write_wav(folder / "fast.wav", quiet(0.5), rate=44_100)
    write_wav(folder / "stereo.wav", np.zeros((2, 8000), np.float32))
    write_wav(folder / "silent.wav", np.zeros(0, np.float32))
    (folder / "empty.wav").touch()
    (folder / "text.wav").write_text("not a recording")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.wav"], "no such file"),
        (["fast.wav"], "44100 Hz"),
        (["empty.wav"], "empty"),
        (["silent.wav"], "no sound"),
        (["text.wav"], "not a WAV"),
        (["mic.wav", "--reference", "missing.wav"], "no such file"),
        (["mic.wav", "--reference", "stereo.wav"], "2 channels"),
        (["mic.wav", "--reference", "fast.wav"], "44100 Hz"),
        (["mic.wav", "--clean", "no/such/clean.wav"], "cannot be written"),
    ],
)
def test_a_bad_file_is_one_sentence_naming_it(arguments, says, tmp_path, monkeypatch, capsys):
    bad_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["replay", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert says in printed.err and arguments[-1] in printed.err


@pytest.mark.slow
def test_its_own_voice_in_real_rooms_neither_wakes_nor_stops_it():
    folder = shared("echo/far_end_real")
    ducks, spoken_s, took_s = 0, 0.0, 0.0
    for mic in sorted(folder.glob("*_mic.flac")):
        reference = mic.with_name(mic.name.replace("_mic", "_lpb"))
        began = perf_counter()
        events = list(replay(mic, reference, settings=Settings()))
        took_s += perf_counter() - began
        spoken_s += seconds(len(read_audio(mic)))
        ducks += len(of(events, "duck"))
        assert not of(events, "wake", "stop"), mic.name
    print(f"{ducks} ducks in {spoken_s:.0f} s of far end; {spoken_s / took_s:.0f} x real time")
    assert spoken_s > 30.0
