from __future__ import annotations

import numpy as np
import pytest

from assistant.errors import BadInput
from assistant.speech.onnx_outputs import with_durations
from assistant.speech.piper_ import PiperVoice, threads
from tests.speech import tiny_piper

onnx = pytest.importorskip("onnx", reason="building a Piper voice needs the onnx package")


def test_words_get_the_times_of_their_phonemes(tmp_path):
    voice = PiperVoice(tiny_piper.build(tmp_path))
    words = voice.speak("see the blue elephant").words
    # Every phoneme and its padding last 12 frames of 256 samples at 22.05 kHz in this voice.
    phoneme = 2 * tiny_piper.FRAMES * tiny_piper.FRAME * 16_000 / tiny_piper.RATE
    spoken = "".join(voice._voice.phonemize("see the blue elephant")[0])
    expected = [i + 2 for i, symbol in enumerate(f" {spoken}"[:-1]) if symbol == " "]
    for word, place in zip(words[1:], expected[1:], strict=True):
        assert word.start == pytest.approx(place * phoneme, abs=1.5 * phoneme)


def test_the_durations_appear_as_piper_itself_would_show_them(tmp_path):
    from piper.patch_voice_with_alignment import add_alignment_output

    data = tiny_piper.build(tmp_path).read_bytes()
    ours = onnx.load_from_string(with_durations(data))
    theirs = onnx.load_from_string(data)
    add_alignment_output(theirs)
    assert [o.name for o in ours.graph.output] == [o.name for o in theirs.graph.output]
    assert ours.SerializeToString() == theirs.SerializeToString()
    assert with_durations(with_durations(data)) == with_durations(data)


def test_a_voice_with_random_prosody_repeats_itself(tmp_path):
    path = tiny_piper.build(tmp_path, noise=True)
    first, second = PiperVoice(path), PiperVoice(path)
    clip = first.speak("hello there")
    first.speak("something else")
    assert np.array_equal(first.speak("hello there").samples, clip.samples)
    assert np.array_equal(second.speak("hello there").samples, clip.samples)


def test_several_sentences_follow_each_other(tmp_path):
    voice = PiperVoice(tiny_piper.build(tmp_path))
    one, two = voice.speak("Hello there."), voice.speak("Hello there. Good day.")
    assert len(two.samples) > len(one.samples) * 1.4
    assert [w.text for w in two.words] == ["Hello", "there.", "Good", "day."]
    assert two.words[2].start == pytest.approx(len(one.samples), rel=0.1)


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda path: path.unlink(), "tiny.onnx: no such file"),
        (lambda path: path.with_name("tiny.onnx.json").unlink(), "tiny.onnx.json: no such file"),
        (lambda path: path.with_name("tiny.onnx.json").write_text("{}"), "no key 'audio'"),
        (lambda path: path.with_name("tiny.onnx.json").write_text("hello"), "not a Piper voice"),
        (lambda path: path.write_bytes(b""), "tiny.onnx: not a model"),
        (lambda path: path.write_bytes(b"not a model at all"), "tiny.onnx: not a model"),
        (lambda path: path.write_bytes(path.read_bytes()[:500]), "tiny.onnx: not a model"),
    ],
)
def test_a_broken_voice_is_named_with_a_remedy(tmp_path, break_it, says):
    path = tiny_piper.build(tmp_path)
    break_it(path)
    with pytest.raises(BadInput, match=says):
        PiperVoice(path)


def test_the_audio_thread_keeps_its_core():
    assert [threads(cores) for cores in (1, 2, 3, 4, 8)] == [1, 1, 2, 3, 3]


def test_a_phrase_said_before_comes_at_once_however_much_was_said_since(tmp_path):
    voice = PiperVoice(tiny_piper.build(tmp_path, noise=True))
    okay = voice.speak("Okay.")
    for number in range(12):
        voice.speak(f"This is long sentence number {number}, and it is soon forgotten.")
    assert voice.speak("Okay.") is okay
    assert voice._long.size <= voice._long.limit and voice._short.size <= voice._short.limit


def test_a_model_that_is_no_voice_is_refused(tmp_path):
    from assistant.audio.onnx_ import file_in_wheel

    path = tiny_piper.build(tmp_path)
    path.write_bytes(file_in_wheel("silero_vad", "data/silero_vad.onnx").read_bytes())
    with pytest.raises(BadInput, match="tiny.onnx: a model, but not a Piper voice"):
        PiperVoice(path)
