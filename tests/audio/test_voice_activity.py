"""Voice activity on real speech, real noise and silence."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.files import read_audio
from assistant.audio.format import HOP
from assistant.audio.voice_activity import VoiceActivity
from tests.data import shared


def probabilities(sound: np.ndarray) -> np.ndarray:
    """Return each renewed probability of ``sound``."""
    voice, found = VoiceActivity(), []
    for i in range(0, len(sound) - HOP + 1, HOP):
        probability = voice.process(sound[i : i + HOP])
        if voice.fresh:
            found.append(probability)
    return np.array(found)


@pytest.mark.parametrize("number", range(3))
def test_speech_is_speech(number):
    clip = sorted(shared("commands").glob("*.flac"))[number]
    assert np.mean(probabilities(read_audio(clip)) > 0.5) > 0.3


@pytest.mark.parametrize("name", ["vacuum_cleaner", "hammer", "noise1"])
def test_noise_is_not(name):
    assert np.mean(probabilities(read_audio(shared(f"sounds/{name}.flac"))) > 0.5) < 0.1


def test_silence_is_not():
    assert probabilities(np.zeros(16_000, np.float32)).max() < 0.1


def test_renewed_every_second_hop_and_kept_between():
    voice = VoiceActivity()
    sound = np.random.default_rng(0).normal(0, 0.1, (8, HOP)).astype(np.float32)
    seen = [(voice.process(hop), voice.fresh) for hop in sound]
    assert [fresh for _, fresh in seen] == [False, True] * 4
    assert [p for p, _ in seen[1:-1:2]] == [p for p, _ in seen[2::2]]


def test_reset_makes_it_repeatable():
    sound = np.random.default_rng(1).normal(0, 0.1, (6, HOP)).astype(np.float32)
    voice = VoiceActivity()
    first = [voice.process(hop) for hop in sound]
    voice.process(sound[0])
    voice.reset()
    assert [voice.process(hop) for hop in sound] == first
