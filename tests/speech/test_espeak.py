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
