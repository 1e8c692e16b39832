"""``--play``: the scene can be listened to on a sound card (ALSA's file plug-in here)."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.room.run import FIXED_COSTS, play_scene
from assistant.room.scene import Person, Say, Scene, When
from assistant.settings import Settings, with_overrides
from tests.alsa import use_alsa

pytest.importorskip("pyaudio")


def test_what_the_first_microphone_heard_comes_out_of_the_sound_card(tmp_path, monkeypatch):
    played = use_alsa(tmp_path, monkeypatch)
    settings = with_overrides(
        Settings(), {"audio.device": "recorder", "speech.recogniser": "vosk-household"}
    )
    scene = Scene(
        "A short one",
        duration_s=1.5,
        people=(Person("Ana", (3.3, 1.9, 1.5), "espeak:en-us+f3", 66.0),),
        says=(Say("Ana", When(at_s=0.2), text="hello"),),
    )
    play_scene(scene, settings=settings, costs=FIXED_COSTS, play=True)
    sound = np.fromfile(played, np.int32) / 2**31
    assert sound.size > 16_000
    assert np.sqrt(np.mean(sound**2)) > 0.005
