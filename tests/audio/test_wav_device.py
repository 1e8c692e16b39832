"""The recording as a device: every sample in its place."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.device import EndOfAudio, Layout
from assistant.audio.files import read_audio, write_wav
from assistant.audio.format import HOP
from assistant.audio.wav_device import WavDevice
from assistant.errors import BadInput


def replay(device: WavDevice, out: np.ndarray) -> np.ndarray:
    hops = []
    try:
        while True:
            hops.append(device.exchange(out).copy())
    except EndOfAudio:
        return np.concatenate(hops, axis=1)


def test_every_sample_and_a_filled_up_end(tmp_path):
    mic = np.random.default_rng(0).uniform(-1, 1, (3, 1000))
    write_wav(tmp_path / "mic.wav", mic)
    device = WavDevice(tmp_path / "mic.wav")
    heard = replay(device, np.zeros(HOP, np.float32))
    assert device.layout == Layout((0, 1, 2)) and heard.shape == (3, 1024)
    assert np.abs(heard[:, :1000] - mic).max() < 1e-4 and not heard[:, 1000:].any()


@pytest.mark.parametrize("length", [300, 2000])
def test_the_reference_is_the_loopback_row(tmp_path, length):
    write_wav(tmp_path / "mic.wav", np.zeros(1000))
    write_wav(tmp_path / "reference.wav", np.full(length, 0.5))
    device = WavDevice(tmp_path / "mic.wav", tmp_path / "reference.wav")
    heard = replay(device, np.zeros(HOP, np.float32))
    assert device.layout == Layout((0,), 1)
    assert np.count_nonzero(heard[1] > 0.4) == min(length, 1024)


def test_what_is_played_is_written(tmp_path):
    write_wav(tmp_path / "mic.wav", np.zeros(4 * HOP))
    device = WavDevice(tmp_path / "mic.wav", out_path=tmp_path / "out.wav")
    replay(device, np.full(HOP, 0.25, np.float32))
    device.close()
    out = read_audio(tmp_path / "out.wav")
    assert out.shape == (4 * HOP,) and np.abs(out - 0.25).max() < 1e-4


def test_a_stereo_reference_is_refused(tmp_path):
    write_wav(tmp_path / "mic.wav", np.zeros(1000))
    write_wav(tmp_path / "reference.wav", np.zeros((2, 1000)))
    with pytest.raises(BadInput, match="reference.wav: it has 2 channels, not 1"):
        WavDevice(tmp_path / "mic.wav", tmp_path / "reference.wav")
