"""The sound card's device on ALSA's file plug-in, and on a clockwork."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pyaudio", reason="needs PyAudio (portaudio19-dev)")

from assistant.audio import pyaudio_device
from assistant.audio.device import DeviceLost
from assistant.audio.format import HOP
from assistant.audio.pyaudio_ import Port, list_cards
from assistant.audio.pyaudio_device import Pace, PyAudioDevice
from assistant.errors import BadInput
from tests.alsa import use_alsa

STEP = 2**12


def hop_of(value: int) -> np.ndarray:
    """Return a hop every sample of which says ``value``."""
    return np.full(HOP, value * 2.0**-16, np.float32)


def values_of(pcm: np.ndarray) -> np.ndarray:
    """Return what the samples of ``hop_of`` say after the way through a card."""
    return np.rint(pcm * 2.0**-15).astype(int)


def test_hears_what_the_card_hears_and_plays_what_it_is_given(tmp_path, monkeypatch):
    ramp = np.arange(1, 100 * HOP + 1, dtype=np.int32) * STEP
    file = use_alsa(tmp_path, monkeypatch, ramp)
    device = PyAudioDevice("recorder")
    heard = [device.exchange(hop_of(i + 1))[0].copy() for i in range(40)]
    device.close()
    assert np.array_equal(np.concatenate(heard) * 2**31 / STEP, np.arange(1, 40 * HOP + 1))
    played = values_of(np.fromfile(file, np.int32))
    places = {value: np.flatnonzero(played == value) for value in range(20, 39)}
    assert all(len(place) == HOP for place in places.values())
    assert len({place[0] - value * HOP for value, place in places.items()}) == 1


def test_cards_are_listed(tmp_path, monkeypatch):
    use_alsa(tmp_path, monkeypatch)
    names = {card.name for card in list_cards()}
    assert {"default", "nothing", "recorder"} <= names
    assert all(card.rate >= 8_000 for card in list_cards())


def test_a_board_without_an_output_plays_on_another_card(tmp_path, monkeypatch):
    ramp = np.arange(1, 100 * HOP + 1, dtype=np.int32) * STEP
    file = use_alsa(tmp_path, monkeypatch, ramp)
    device = PyAudioDevice("recorder", playback="nothing")
    heard = [device.exchange(hop_of(i + 1))[0].copy() for i in range(20)]
    device.close()
    assert np.array_equal(np.concatenate(heard) * 2**31 / STEP, np.arange(1, 20 * HOP + 1))
    assert not file.exists() or not np.fromfile(file, np.int32).any()


def test_only_a_boards_own_rates_are_used(tmp_path, monkeypatch):
    use_alsa(tmp_path, monkeypatch)
    for rates in ((48_000,), (16_000, 48_000)):
        device = PyAudioDevice("nothing", rates=rates)
        assert device.rate == rates[0]
        device.close()


def test_a_card_without_a_rate_of_its_board_is_refused(tmp_path, monkeypatch):
    use_alsa(tmp_path, monkeypatch)
    with pytest.raises(DeviceLost, match="cannot be used"):
        PyAudioDevice("nothing", rates=(7,))


def test_a_card_is_found_by_a_part_of_its_name(tmp_path, monkeypatch):
    use_alsa(tmp_path, monkeypatch)
    port = Port()
    record, play = port.find("RECORD", 1, 1)
    assert record == play and port.cards[record].name == "recorder"
    port.close()


@pytest.mark.parametrize(
    ("name", "channels", "sentence"),
    [
        ("recordr", 1, 'audio.device: no sound card "recordr"; did you mean "recorder"?'),
        ("usb", 1, 'no sound card "usb"; known: default, nothing, recorder'),
        ("recorder", 999, "has 128 inputs and 128 outputs, not the 999 and 1 asked for"),
    ],
)
def test_a_card_that_is_not_there(tmp_path, monkeypatch, name, channels, sentence):
    use_alsa(tmp_path, monkeypatch)
    with pytest.raises(BadInput) as caught:
        PyAudioDevice(name, channels=channels)
    assert sentence in str(caught.value)


def test_a_card_that_went_after_it_was_listed(tmp_path, monkeypatch):
    use_alsa(tmp_path, monkeypatch)
    port = Port()
    record, play = port.find("recorder", 1, 1)
    (tmp_path / "mic.raw").unlink()
    with pytest.raises(DeviceLost, match='"recorder" cannot be used .*audio.device'):
        port.find_rate(record, play, 1, 1)
    with pytest.raises(DeviceLost, match='"recorder" cannot be used .*audio.device'):
        port.open(16_000, HOP, 1, record, play, lambda *_: (None, 0))
    port.close()


# --- the clockwork: the test is PortAudio's thread -------------------------------------------


@pytest.fixture(scope="module")
def clockwork(tmp_path_factory):
    """Return a function that gives a device whose blocks the caller moves."""
    made = []

    def make(**options) -> PyAudioDevice:
        with pytest.MonkeyPatch.context() as patch:
            use_alsa(tmp_path_factory.mktemp("alsa"), patch)
            device = PyAudioDevice("nothing", **options)
        device._started = True
        device._pace_in = device._pace_out = Pace(ahead_s=float("inf"))
        made.append(device)
        return device

    yield make
    for device in made:
        device.close()


def turn(device: PyAudioDevice, number: int) -> int:
    """Move one block as the card would; its microphones hear ``number``. Return what it plays."""
    heard = np.full(HOP * device._inputs, number << 15, np.int32).tobytes()
    played, _ = device._duplex(heard, HOP, {}, 0)
    (value,) = set(values_of(np.frombuffer(played, np.int32)))
    return value


@settings(max_examples=40, deadline=None)
@given(lateness=st.lists(st.integers(0, 60), min_size=1, max_size=8), spare=st.integers(1, 3))
def test_the_lag_of_the_echo_never_changes(clockwork, lateness, spare):
    device = clockwork(spare=spare * HOP)
    played_at, heard_by = {}, {}
    clock = number = 0
    for late in [0, 0, 0, *lateness, 0, 0, 0]:
        for _ in range(1 + late):  # the card goes on while the audio thread is late
            played_at[turn(device, clock)] = clock
            clock += 1
        while device._recorded.qsize():
            number += 1
            hop = device.exchange(hop_of(number))
            heard_by[int(values_of(hop[0, :1] * 2.0**31)[0])] = number
    echoes = {k: heard_by[at] - k for k, at in played_at.items() if k and at in heard_by}
    assert set(echoes.values()) == {spare}
    assert len(device._to_play) == spare * HOP * device._frame


def test_a_late_audio_thread_loses_no_sound_of_the_microphone(clockwork):
    device = clockwork()
    for number in range(10):
        turn(device, number)
    heard = [int(values_of(device.exchange(hop_of(0))[0, :1] * 2.0**31)[0]) for _ in range(10)]
    assert heard == list(range(10))
    assert device.health().overruns == 0 and device.health().underruns > 0


def test_what_is_lost_is_counted(clockwork):
    device = clockwork()
    for number in range(device._most + 7):
        turn(device, number)
    assert device.health().overruns == 7 * HOP


def test_the_cards_own_counters_are_kept(clockwork):
    device = clockwork()
    silence = bytes(4 * HOP)
    device._duplex(silence, HOP, {}, 0x2)
    assert device.health().overruns == HOP and device.health().glitches == 1
    device._duplex(silence, HOP, {}, 0x4)
    assert device.health().underruns >= 1 and device.health().glitches == 2


def test_silence_for_a_late_audio_thread_is_no_glitch(clockwork):
    device = clockwork()
    for number in range(10):
        turn(device, number)
    assert device.health().underruns > 0 and device.health().glitches == 0


def test_sound_does_not_heap_up_before_a_slower_clock(clockwork, monkeypatch):
    device = clockwork()
    monkeypatch.setattr(device, "_alive", lambda: True)
    for number in range(200):
        turn(device, number)
        for _ in range(2 if number % 10 == 0 else 1):
            device._play(hop_of(number))
    assert len(device._to_play) <= device._most_to_play + 2 * HOP * device._frame
    assert device.health().glitches > 5


def test_a_card_that_records_and_does_not_play_is_lost(clockwork):
    device = clockwork()
    with pytest.raises(DeviceLost, match="stopped playing"):
        for number in range(200):
            device._play(hop_of(number))


def test_hops_that_took_too_long_are_counted(clockwork, monkeypatch):
    device, now = clockwork(), [0.0]
    monkeypatch.setattr(pyaudio_device.time, "perf_counter", lambda: now[0])
    for number in range(12):
        turn(device, number)
        device.exchange(hop_of(0))
        now[0] += 0.03 if number in (3, 7) else 0.01
    assert device.health().late == 2


def test_loud_is_clipped_and_never_wraps(clockwork):
    device = clockwork(spare=0)
    device._play(np.full(HOP, 3.0, np.float32))
    device._play(np.full(HOP, -3.0, np.float32))
    first, _ = device._playback(None, HOP, {}, 0)
    second, _ = device._playback(None, HOP, {}, 0)
    assert np.frombuffer(first, np.int32).min() > 2**30
    assert np.frombuffer(second, np.int32).max() < -(2**30)


def test_every_output_of_a_board_plays_the_same(clockwork):
    device = clockwork(spare=0, playback_channels=8)
    device._play(np.linspace(-1, 1, HOP, dtype=np.float32))
    block, _ = device._playback(None, HOP, {}, 0)
    frames = np.frombuffer(block, np.int32).reshape(HOP, 8)
    assert (frames == frames[:, :1]).all() and len(np.unique(frames)) > HOP // 2


def test_a_card_that_stops_answering_is_lost(clockwork, monkeypatch):
    device = clockwork()
    monkeypatch.setattr(pyaudio_device, "PATIENCE_S", 0.01)
    for _ in range(2):
        with pytest.raises(DeviceLost, match='sound card "nothing": it stopped answering'):
            device.exchange(hop_of(0))
