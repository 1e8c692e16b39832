"""Recording people: the device is a person in front of it, everything else is real."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.device import DeviceHealth, Layout
from assistant.audio.format import HOP, samples
from assistant.errors import AssistantError, BadInput
from assistant.speech.espeak_ import EspeakVoice
from assistant.teach.record import fault, keep, record
from assistant.teach.recordings import find_word, words_in
from assistant.teach.talkers import Talker, speak


class Person:
    """A sound card with somebody before it who speaks after each beep, or not at all."""

    layout = Layout(mics=(0,))

    def __init__(self, says: list[np.ndarray | None]) -> None:
        self._says = list(says)
        self._left = np.zeros(0, np.float32)
        self._rng = np.random.default_rng(0)
        self._tone = 0

    def exchange(self, out: np.ndarray) -> np.ndarray:
        hop = self._rng.normal(0, 3e-4, HOP).astype(np.float32)
        n = min(HOP, len(self._left))
        hop[:n] += self._left[:n]
        self._left = self._left[n:]
        spectrum = np.abs(np.fft.rfft(out))
        pure = spectrum[9:20].sum() > 0.7 * spectrum.sum() > 1.0  # near the beep
        if self._tone >= 5 and not pure and self._says:
            said = self._says.pop(0)
            if said is not None:
                self._left = np.concatenate([np.zeros(samples(0.7), np.float32), said])
        self._tone = self._tone + 1 if pure else 0
        return hop[None]

    def health(self) -> DeviceHealth:
        return DeviceHealth()

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def voice():
    voice = EspeakVoice()
    yield voice
    voice.close()


def said(loud: float = 0.2) -> np.ndarray:
    word = speak(Talker("espeak", "en-us+f2"), "hey pumpkin")
    return (word / np.abs(word).max() * loud).astype(np.float32)


def test_the_word_is_recorded_and_the_recording_is_found_again(voice, tmp_path):
    asked: list[str] = []
    heard = record(Person([said(), said(0.1)]), voice, "hey pumpkin", 2, asked.append)
    assert asked[0] == '1 of 2: Please say "hey pumpkin" after the beep.'
    for sound in heard:
        assert abs(len(find_word(sound)) - len(said())) < samples(0.15)
    keep(heard, tmp_path / "us", "hey_pumpkin")
    keep(heard[:1], tmp_path / "us", "hey_pumpkin")
    assert sorted(p.name for p in (tmp_path / "us").iterdir()) == [
        f"hey_pumpkin-{i}.wav" for i in (1, 2, 3)
    ]
    assert len(words_in(tmp_path / "us")) == 3


def test_silence_and_shouting_are_asked_again(voice):
    asked: list[str] = []
    shout = np.clip(said(1.0) * 20, -1, 1)
    heard = record(Person([None, shout, said()]), voice, "hey pumpkin", 1, asked.append)
    assert len(heard) == 1
    assert "I did not hear you." in asked[1] and "too loud" in asked[2]


def test_a_dead_microphone_ends_it(voice):
    with pytest.raises(AssistantError, match="doctor"):
        record(Person([]), voice, "hey pumpkin", 1, lambda _: None)


def test_silence_is_a_fault():
    assert fault(np.zeros(16_000, np.float32)) == "I did not hear you."
    assert fault(said()) == ""


def test_folders_of_recordings_are_refused_by_name(tmp_path):
    with pytest.raises(BadInput, match="no such folder"):
        words_in(tmp_path / "none")
    with pytest.raises(BadInput, match="no WAV or FLAC"):
        words_in(tmp_path)
    keep([np.zeros(16_000, np.float32)], tmp_path, "nothing")
    with pytest.raises(BadInput, match=r"nothing-1\.wav: no word"):
        words_in(tmp_path)
    (tmp_path / "nothing-1.wav").unlink()
    keep([np.tile(said(), 5)], tmp_path, "much")
    with pytest.raises(BadInput, match="longer than a wake word"):
        words_in(tmp_path)
