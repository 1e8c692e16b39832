"""How a voice sounds: equally loud, whispered, with pauses, and held ready."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.settings import Speech
from assistant.speech.clips import with_pause
from assistant.speech.engines import open_voice
from assistant.speech.held import Held
from assistant.speech.loudness import TARGET_DBFS, active_level, at_level
from assistant.speech.voice import Clip, WordTime
from assistant.speech.whisper import whispered
from tests.speech import tiny_piper

TEXT = "Turn the volume down, please."


def spoken(text: str = TEXT, **speech) -> Clip:
    voice, _ = open_voice(Speech(**speech))
    clip = voice.speak(text)
    voice.close()
    return clip


@pytest.fixture(scope="module")
def plain():
    return spoken(voice="espeak:en-us")


def test_every_voice_is_equally_loud(tmp_path):
    pytest.importorskip("onnx", reason="building a Piper voice needs the onnx package")
    piper = f"piper:{tiny_piper.build(tmp_path)}"
    voices = ("espeak:en-us", "espeak:en-us+whisper", "espeak:en-gb+m2", piper)
    for text in (TEXT, "Okay."):
        for voice in voices:
            level = active_level(spoken(text, voice=voice).samples)
            assert level == pytest.approx(TARGET_DBFS, abs=0.5), voice


def test_the_volume_of_the_voice_is_a_setting(plain):
    quiet = spoken(voice="espeak:en-us", volume_db=-10.0)
    assert active_level(quiet.samples) == pytest.approx(active_level(plain.samples) - 10, abs=0.2)


@given(st.integers(0, 50), st.floats(-60, 0), st.floats(0.01, 1.0))
def test_loudness_never_clips_and_keeps_the_shape(seed, dbfs, share):
    x = np.random.default_rng(seed).standard_normal(4000) * 10 ** (dbfs / 20)
    x[: int(share * 3000)] = 0.0
    y = at_level(x)
    assert np.abs(y).max() <= 0.9501
    assert np.allclose(y * np.abs(x).max(), x * np.abs(y).max(), atol=1e-4)


def test_silence_stays_silence():
    assert not at_level(np.zeros(800)).any() and at_level(np.zeros(0)).size == 0


def pitch_strength(x: np.ndarray) -> float:
    """Return the strongest correlation of a voiced frame with itself one pitch period later."""
    best = 0.0
    for at in range(0, len(x) - 1024, 256):
        frame = x[at : at + 1024]
        if np.sqrt(np.mean(frame**2)) > 0.02:
            same = np.correlate(frame, frame, "full")[1023:]
            best = max(best, same[40:320].max() / same[0])
    return float(best)


def test_a_whisper_has_no_pitch_but_the_same_mouth_and_timing(plain):
    quiet = spoken(voice="espeak:en-us", whisper=True)
    assert len(quiet.samples) == len(plain.samples) and quiet.words == plain.words
    assert pitch_strength(plain.samples) > 0.8 > 0.6 > pitch_strength(quiet.samples)
    assert active_level(quiet.samples) == pytest.approx(TARGET_DBFS - 8, abs=0.5)
    loud = [
        np.array([np.mean(x[i : i + 800] ** 2) for i in range(0, len(x) - 800, 800)])
        for x in (plain.samples, quiet.samples)
    ]
    assert np.corrcoef(np.log(loud[0] + 1e-6), np.log(loud[1] + 1e-6))[0, 1] > 0.7


def test_a_whisper_is_the_same_each_time_and_silence_stays_silent():
    assert np.array_equal(*(spoken(voice="espeak:en-us", whisper=True).samples for _ in range(2)))
    assert np.abs(whispered(np.zeros(4000, np.float32))).max() < 1e-4
    assert whispered(np.zeros(0, np.float32)).size == 0


@pytest.mark.parametrize("engine", ["espeak", "piper"])
def test_speed_changes_how_long_it_takes(tmp_path, engine):
    voice = "espeak:en-us"
    if engine == "piper":
        pytest.importorskip("onnx", reason="building a Piper voice needs the onnx package")
        voice = f"piper:{tiny_piper.build(tmp_path)}"
    slow, normal, fast = (len(spoken(voice=voice, speed=s).samples) for s in (0.5, 1.0, 2.0))
    assert slow > 1.4 * normal > 1.4 * 1.4 * fast


def test_a_pause_is_longer_after_a_sentence_than_inside_one():
    clip = Clip(np.ones(100, np.float32), (WordTime("Yes", 0, 100),))
    for text, pause in (("Yes.", 400), ("Yes!", 400), ('"Yes."', 400), ("yes,", 200), ("yes", 200)):
        with_it = with_pause(clip, text, 400)
        assert len(with_it.samples) == 100 + pause and not with_it.samples[100:].any()
        assert with_it.words == clip.words


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60)), max_size=40))
def test_what_is_held_is_bounded_and_the_oldest_goes_first(uses):
    held, used = Held(400), []
    for text, length in uses:
        clip = Clip(np.zeros(length, np.float32))
        held.put(text, clip)
        used = [(t, c) for t, c in used if t != text] + [(text, clip)] * (length <= 100)
        while sum(c.samples.nbytes for _, c in used) > 400:
            used.pop(0)
        assert held.size == sum(c.samples.nbytes for _, c in used) <= 400
        for name in "abcdef":
            expected = next((c for t, c in used if t == name), None)
            assert held._clips.get(name) is expected
