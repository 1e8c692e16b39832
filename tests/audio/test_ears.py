"""The wake word's two thresholds: in silence, and while the speaker sounds or listens."""

from __future__ import annotations

import numpy as np
import pytest

from assistant import messages as m
from assistant.audio.ears import Ears
from assistant.audio.files import write_wav
from assistant.audio.format import HOP, SAMPLE_RATE, samples
from assistant.audio.mixer import Mixer
from assistant.audio.thread import AudioLoop
from assistant.audio.wav_device import WavDevice
from assistant.loop import Channels
from assistant.room.people import speak
from assistant.settings import Settings, with_overrides
from tests.audio.sounds import hops

LOW, HIGH = 0.3, 0.95  # the recording below scores 0.7: nearly the wake word
SILENCE = np.zeros(HOP, np.float32)


def thresholds(usual: float, playing: float) -> Settings:
    return with_overrides(Settings(), {"wake.threshold": usual, "wake.threshold_playing": playing})


def nearly() -> np.ndarray:
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    return np.concatenate((quiet, 0.3 * speak("en-us+f3", "hey jar this"), quiet)).astype("f4")


@pytest.mark.parametrize("usual", [LOW, HIGH])
@pytest.mark.parametrize(
    "busy", [{}, {"listening": True}, {"playing": True}, {"playing": True, "listening": True}]
)
def test_the_threshold_is_the_one_of_the_moment(usual, busy):
    ears = Ears(1, thresholds(usual, LOW + HIGH - usual))
    heard = [
        ears.hear(hop[None], SILENCE, busy.get("playing", False), busy.get("listening", False)).hit
        for hop in hops(nearly())
    ]
    hits = [hit for hit in heard if hit is not None]
    assert len(hits) == ((usual == LOW) != bool(busy))
    assert all(LOW <= hit.score < HIGH for hit in hits)


@pytest.mark.parametrize(("listens", "wakes"), [(False, 1), (True, 0)])
def test_the_audio_thread_tells_the_ears_that_it_listens(tmp_path, listens, wakes):
    write_wav(tmp_path / "mic.wav", nearly())
    channels = Channels()
    loop = AudioLoop(
        WavDevice(tmp_path / "mic.wav"),
        Ears(1, thresholds(LOW, HIGH)),
        Mixer(level=0.7),
        channels,
        silence=samples(0.7),
    )
    if listens:
        channels.audio.append(m.Listen(1, 0, samples(60.0)))
    loop.run()
    events = []
    while not channels.inbox.empty():
        events.append(channels.inbox.get())
    assert sum(isinstance(e, m.WakeHeard) for e in events) == wakes
    assert isinstance(events[-1], m.AudioFailed)
