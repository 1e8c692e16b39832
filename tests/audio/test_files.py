"""Reading and writing recordings, and a sentence for each way they can be wrong."""

from __future__ import annotations

import builtins

import numpy as np
import pytest
import soundfile

from assistant.audio.files import WavWriter, read_audio, write_wav
from assistant.errors import BadInput, EngineMissing

TONE = (0.5 * np.sin(np.arange(4000) / 10)).astype(np.float32)


@pytest.fixture
def without_soundfile(monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name == "soundfile":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)


def test_round_trip(tmp_path):
    write_wav(tmp_path / "mono.wav", TONE)
    write_wav(tmp_path / "stereo.wav", np.stack([TONE, -TONE]))
    mono, stereo = (
        read_audio(tmp_path / "mono.wav"),
        read_audio(tmp_path / "stereo.wav", channels=2),
    )
    assert mono.shape == (4000,) and mono.dtype == np.float32
    assert stereo.shape == (2, 4000) and stereo.flags.c_contiguous
    assert np.abs(mono - TONE).max() < 1e-4 and np.abs(stereo[1] + TONE).max() < 1e-4
    assert read_audio(tmp_path / "mono.wav", channels=None).shape == (1, 4000)


def test_the_standard_library_reads_the_same(tmp_path, without_soundfile):
    write_wav(tmp_path / "stereo.wav", np.stack([TONE, -TONE]))
    assert np.abs(read_audio(tmp_path / "stereo.wav", channels=None)[0] - TONE).max() < 1e-4


def test_flac(tmp_path):
    soundfile.write(tmp_path / "a.flac", TONE, 16_000)
    assert np.abs(read_audio(tmp_path / "a.flac") - TONE).max() < 1e-4


def test_flac_without_soundfile_says_what_to_install(tmp_path, without_soundfile):
    soundfile.write(tmp_path / "a.flac", TONE, 16_000)
    with pytest.raises(EngineMissing, match="install.sh"):
        read_audio(tmp_path / "a.flac")


def test_writer_piece_by_piece_and_clipping(tmp_path):
    with WavWriter(tmp_path / "a.wav") as writer:
        for part in np.split(3 * TONE, 4):
            writer.write(part)
    writer.close()
    assert np.abs(read_audio(tmp_path / "a.wav") - np.clip(3 * TONE, -1, 1)).max() < 1e-4


def test_writing_where_one_cannot(tmp_path):
    with pytest.raises(BadInput, match="cannot be written"):
        WavWriter(tmp_path / "nowhere" / "a.wav")


def spoil(path, kind):
    """Write a recording to ``path`` that is wrong in the way ``kind`` says."""
    if kind == "a folder":
        path.mkdir()
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "not audio":
        path.write_text("these are the words of a text file, and no sound at all")
    elif kind == "no samples":
        write_wav(path, TONE[:0])
    elif kind == "other rate":
        soundfile.write(path, TONE, 44_100, format="WAV")
    elif kind == "stereo":
        write_wav(path, np.stack([TONE, TONE]))
    elif kind == "header only":
        path.write_bytes(b"RIFF\x24\x00\x00\x00WAVE")
    elif kind == "truncated":
        write_wav(path, TONE)
        path.write_bytes(path.read_bytes()[:-3001])


@pytest.mark.parametrize("peer", ["soundfile", "wave"])
@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", "no such file"),
        ("a folder", "is a folder"),
        ("empty", "the file is empty"),
        ("not audio", "not a WAV or FLAC file|only 16-bit WAV"),
        ("no samples", "no sound in it"),
        ("other rate", "44100 Hz, not 16000 Hz; convert it: sox talk.wav -r 16000 talk-fixed.wav"),
        ("stereo", "2 channels, not 1; convert it: sox talk.wav -c 1"),
        ("header only", "not a WAV or FLAC"),
        ("truncated", "truncated: 4999 of 8000 bytes"),
    ],
)
def test_every_spoiled_file_has_its_sentence(tmp_path, request, kind, sentence, peer):
    path = tmp_path / "talk.wav"
    spoil(path, kind)
    if peer == "wave":
        request.getfixturevalue("without_soundfile")
    with pytest.raises((BadInput, EngineMissing), match=sentence) as caught:
        read_audio(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_truncated_flac(tmp_path):
    path = tmp_path / "a.flac"
    noise = np.random.default_rng(0).normal(0, 0.1, 80_000).astype(np.float32)
    soundfile.write(path, noise, 16_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadInput, match="truncated|not a WAV or FLAC"):
        read_audio(path)


def test_a_stream_that_was_never_finished_is_read(tmp_path):
    path = tmp_path / "a.wav"
    write_wav(path, TONE)
    data = bytearray(path.read_bytes())
    data[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert read_audio(path).shape == (4000,)
