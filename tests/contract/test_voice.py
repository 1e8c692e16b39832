"""Every voice speaks by the same contract. Real engines; the Piper voice is a tiny real graph."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.errors import AssistantError
from assistant.settings import Speech
from assistant.speech.espeak_ import EspeakVoice
from assistant.speech.piper_ import PiperVoice
from assistant.speech.style import StyledVoice
from tests.speech import tiny_piper

TEXT = "You have two items: olive oil, and bread."


@pytest.fixture(
    scope="module", params=["espeak", "piper", "piper with noise", "styled espeak", "whisper"]
)
def make(request, tmp_path_factory):
    """Return a function that opens a new voice of one kind."""
    if request.param == "espeak":
        return lambda: EspeakVoice("en-us")
    if request.param == "styled espeak":
        return lambda: StyledVoice(EspeakVoice("en-gb+f2", 1.3), Speech(volume_db=3.0))
    pytest.importorskip("onnx", reason="building a Piper voice needs the onnx package")
    path = tiny_piper.build(tmp_path_factory.mktemp("piper"), noise="noise" in request.param)
    if request.param == "whisper":
        return lambda: StyledVoice(PiperVoice(path, 0.8), Speech(whisper=True))
    return lambda: PiperVoice(path)


@pytest.fixture(scope="module")
def voice(make):
    voice = make()
    yield voice
    voice.close()


def test_samples_are_float32_mono_within_full_scale_and_audible(voice):
    clip = voice.speak(TEXT)
    assert clip.samples.dtype == np.float32
    assert clip.samples.ndim == 1
    assert np.all(np.abs(clip.samples) <= 1.0)
    assert np.sqrt(np.mean(clip.samples**2)) > 0.01
    assert len(clip.samples) > 16_000


def test_words_are_those_of_the_text_in_order_and_inside_the_clip(voice):
    clip = voice.speak(TEXT)
    assert [w.text for w in clip.words] == TEXT.split()
    edges = [edge for w in clip.words for edge in (w.start, w.end)]
    assert edges == sorted(edges)
    assert edges[0] >= 0 and edges[-1] <= len(clip.samples)
    assert sum(w.end > w.start for w in clip.words) >= len(clip.words) - 1


def test_it_ends_soon_after_the_last_sound(voice):
    samples = voice.speak(TEXT).samples
    assert len(samples) - np.flatnonzero(np.abs(samples) > 1e-3)[-1] < 0.1 * 16_000


@pytest.mark.parametrize("text", ["", "   ", "?!", " — … \n"])
def test_text_without_a_word_is_an_empty_clip(voice, text):
    clip = voice.speak(text)
    assert clip.samples.size == 0 and clip.samples.dtype == np.float32
    assert clip.words == ()


def test_the_same_text_gives_the_same_samples(voice, make):
    first = voice.speak(TEXT)
    voice.speak("Something else entirely.")
    again = voice.speak(TEXT)
    other = make()
    fresh = other.speak(TEXT)
    other.close()
    assert np.array_equal(first.samples, again.samples)
    assert np.array_equal(first.samples, fresh.samples)
    assert first.words == again.words == fresh.words


@pytest.mark.parametrize("text", ["café", "a < b & c", "<speak>hello</speak>", "[[h@l]] there 25",
                                  "日本 tea", "one\ntwo", "x" * 200])  # fmt: skip
def test_odd_text_is_spoken_without_an_error(voice, text):
    clip = voice.speak(text)
    assert clip.samples.size > 0
    assert all(0 <= w.start <= w.end <= len(clip.samples) for w in clip.words)


def test_a_closed_voice_says_so_and_closes_twice(make):
    voice = make()
    voice.close()
    voice.close()
    with pytest.raises(AssistantError, match="closed"):
        voice.speak("hello")
