from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from assistant.errors import AssistantError, BadInput, EngineMissing
from assistant.speech import espeak_
from assistant.speech.espeak_ import EspeakVoice
from assistant.speech.piper_ import PiperVoice
from tests.speech import tiny_piper


def test_variants_live_together_and_do_not_disturb_each_other():
    voices = [EspeakVoice(v) for v in ("en-us+f3", "en-gb+m2", "en-us+whisper")]
    alone = [voice.speak("turn the volume down").samples for voice in voices]
    mixed = [voice.speak("turn the volume down").samples for voice in reversed(voices)]
    for voice in voices:
        voice.close()
    assert all(np.array_equal(a, b) for a, b in zip(alone, reversed(mixed), strict=True))
    assert not np.array_equal(alone[0][:8000], alone[1][:8000])


def test_words_start_where_they_are_heard():
    voice = EspeakVoice("en-us")
    clip = voice.speak("One, two.")
    voice.close()
    second = clip.words[1].start
    gap = clip.samples[second - 1600 : second]
    assert np.abs(clip.samples[second : second + 1600]).max() > 0.1
    assert np.sqrt(np.mean(gap**2)) < 0.02


@pytest.mark.parametrize("speed", [0.6, 1.0, 1.8])
def test_the_times_of_words_are_where_their_sound_is(speed):
    """Words between pauses begin where sound rises again, within 40 ms: a p's closure is silent."""
    text = "Apples. Bread. Oranges. Eggs. Potatoes. Milk."
    voice = EspeakVoice("en-us", speed)
    clip = voice.speak(text)
    voice.close()
    step = 160
    frames = clip.samples[: len(clip.samples) // step * step].reshape(-1, step)
    loud = np.sqrt(np.mean(frames**2, axis=1)) > 0.01
    quiet_before = [not loud[max(i - 6, 0) : i].any() for i in range(len(loud))]
    onsets = [i * step for i in range(len(loud)) if loud[i] and quiet_before[i]]
    assert [w.text for w in clip.words] == text.split()
    limit = 640 / min(speed, 1)
    for word in clip.words:
        assert min(abs(word.start - onset) for onset in onsets) < limit, (word, onsets)


def test_the_times_of_words_stay_right_behind_letters_of_many_bytes():
    voice = EspeakVoice("en-us")
    plain, accented = voice.speak("Cafe creme, please."), voice.speak("Café crème, please.")
    voice.close()
    assert [w.text for w in accented.words] == ["Café", "crème,", "please."]
    last = len(accented.samples) - accented.words[-1].start
    assert last == pytest.approx(len(plain.samples) - plain.words[-1].start, abs=320)


@pytest.mark.parametrize(
    ("variant", "says"),
    [("en-us+f33", '"f3"'), ("xx-yy", "no voice xx-yy"), ("", "no language")],
)
def test_an_unknown_voice_is_named_with_a_remedy(variant, says):
    with pytest.raises(BadInput, match=says):
        EspeakVoice(variant)


def test_without_the_library_it_says_what_to_install(tmp_path, monkeypatch):
    script = tmp_path / "espeak_child.py"
    source = espeak_._SCRIPT.read_text("utf-8")
    script.write_text(source.replace("libespeak-ng.so.1", "libespeak-none.so.1"), "utf-8")
    monkeypatch.setattr(espeak_, "_SCRIPT", script)
    with pytest.raises(EngineMissing, match="apt-get install espeak-ng"):
        EspeakVoice("en-us")


def test_it_speaks_again_after_its_process_was_killed():
    voice = EspeakVoice("en-us")
    before = voice.speak("hello").samples
    os.kill(voice._child.pid, signal.SIGKILL)
    with pytest.raises(AssistantError):
        voice.speak("hello")
    assert np.array_equal(voice.speak("hello").samples, before)
    voice.close()


def test_it_lives_beside_pipers_own_espeak(tmp_path):
    pytest.importorskip("onnx", reason="building a Piper voice needs the onnx package")
    espeak, piper = EspeakVoice("en-gb+f2"), PiperVoice(tiny_piper.build(tmp_path))
    first = espeak.speak("good morning").samples
    assert piper.speak("good morning").samples.size
    assert np.array_equal(espeak.speak("good morning").samples, first)
    espeak.close()
    piper.close()
