"""People and noises: their levels, their silence cut off, and recordings that will not do."""

import numpy as np
import pytest
import soundfile

from assistant.audio.format import SAMPLE_RATE, level_db
from assistant.errors import BadInput
from assistant.room.acoustics import FULL_SCALE_SPL
from assistant.room.noises import KINDS
from assistant.room.people import read_recording, render_line, render_sound, trim
from assistant.room.scene import Person, Say, Sound, When
from assistant.speech.loudness import active_level

ANA = Person("Ana", (1.0, 1.0, 1.5), "espeak:en-us+f3", 62.0)
NOW = When(at_s=0.0)


def tone(seconds, level=0.3):
    return level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)


def test_a_line_has_the_level_of_its_person():
    line = render_line(Say("Ana", NOW, "what's on my shopping list"), ANA)
    assert active_level(line) + FULL_SCALE_SPL == pytest.approx(62.0, abs=0.1)
    louder = render_line(Say("Ana", NOW, "what's on my shopping list", level_db=70.0), ANA)
    assert active_level(louder) + FULL_SCALE_SPL == pytest.approx(70.0, abs=0.1)


def test_a_line_begins_and_ends_with_speech():
    line = render_line(Say("Ana", NOW, "stop"), ANA)
    edge = SAMPLE_RATE // 50
    assert level_db(line[:edge]) > active_level(line) - 40
    assert 0.15 < len(line) / SAMPLE_RATE < 1.0


def test_voices_differ_and_the_same_voice_repeats():
    say = Say("Ana", NOW, "hey jarvis")
    other = Person("Ben", ANA.position_m, "espeak:en-us+m4")
    assert np.array_equal(render_line(say, ANA), render_line(say, ANA))
    assert len(render_line(say, ANA)) != len(render_line(say, other))


@pytest.mark.parametrize("voice", ["espeak:xx-nowhere", "espeak:en-us+nobody"])
def test_an_unknown_voice_is_refused(voice):
    with pytest.raises(BadInput, match="voice"):
        render_line(Say("Ana", NOW, "hello"), Person("Ana", (1, 1, 1), voice))


def test_a_text_without_words_is_refused():
    with pytest.raises(BadInput, match="no word"):
        render_line(Say("Ana", NOW, "..."), ANA)


def test_active_level_ignores_pauses():
    speech = tone(1.0)
    paused = np.concatenate([speech, np.zeros(2 * SAMPLE_RATE), speech])
    assert active_level(paused) == pytest.approx(active_level(speech), abs=0.2)
    assert active_level(np.zeros(SAMPLE_RATE)) == -120.0


def test_trim_cuts_silence_only_at_the_ends():
    sound = np.concatenate([np.zeros(4000), tone(0.5), np.zeros(4000), tone(0.5), np.zeros(9000)])
    assert len(trim(sound)) == pytest.approx(20000, abs=160)
    assert trim(np.zeros(1000)).size == 0


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_generated_noises_are_heard_and_repeat(kind):
    sound = Sound(NOW, (1.0, 1.0, 1.0), kind=kind, level_db=70.0)
    x = render_sound(sound, seed=1)
    assert active_level(x) + FULL_SCALE_SPL == pytest.approx(70.0, abs=0.1)
    assert np.array_equal(x, render_sound(sound, seed=1))
    assert not np.array_equal(x, render_sound(sound, seed=2))


def test_a_good_recording_is_read(tmp_path):
    path = tmp_path / "clip.flac"
    soundfile.write(path, tone(0.3), SAMPLE_RATE)
    line = render_line(Say("Ana", NOW, wav=path), ANA)
    assert active_level(line) + FULL_SCALE_SPL == pytest.approx(62.0, abs=0.1)


@pytest.mark.parametrize(
    ("shape", "rate", "problem"),
    [
        ((4800,), 44100, "44100"),
        ((4800, 2), SAMPLE_RATE, "2 channels"),
        ((0,), SAMPLE_RATE, "sound"),
    ],
)
def test_recordings_of_another_kind_are_refused(tmp_path, shape, rate, problem):
    path = tmp_path / "bad.wav"
    soundfile.write(path, np.full(shape, 0.1), rate)
    with pytest.raises(BadInput, match=problem) as caught:
        read_recording(path)
    assert "bad.wav" in str(caught.value)


def test_broken_silent_and_missing_recordings_are_refused(tmp_path):
    (tmp_path / "text.wav").write_text("this is not sound")
    soundfile.write(tmp_path / "silent.wav", np.zeros(4800), SAMPLE_RATE)
    soundfile.write(tmp_path / "whole.wav", tone(1.0), SAMPLE_RATE)
    whole = (tmp_path / "whole.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    for name in ("text.wav", "silent.wav", "cut.wav", "missing.wav"):
        with pytest.raises(BadInput, match=name):
            read_recording(tmp_path / name)
