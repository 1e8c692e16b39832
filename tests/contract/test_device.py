"""What every ``Device`` keeps to. A new device adds its factory to ``FACTORIES``, no more."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from assistant.audio.device import Device, DeviceHealth, DeviceLost, EndOfAudio, Layout
from assistant.audio.files import write_wav
from assistant.audio.format import HOP
from assistant.board_checks import Broken
from assistant.device_checks import sound_checks
from assistant.errors import BadInput
from assistant.room.scene import Room
from tests.alsa import Puck, use_alsa
from tests.room.rooms import LOOPED, open_room

HOPS = 12


@dataclass(frozen=True)
class Made:
    """A device to examine, and how many hops it gives until ``EndOfAudio`` (None: no end)."""

    device: Device
    hops: int | None


def wav(tmp_path, _monkeypatch) -> Made:
    """A stereo recording whose last hop is not whole."""
    from assistant.audio.wav_device import WavDevice

    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, HOPS * HOP - 100))
    write_wav(tmp_path / "mic.wav", noise)
    return Made(WavDevice(tmp_path / "mic.wav"), HOPS)


def wav_with_reference(tmp_path, _monkeypatch) -> Made:
    """A recording with what the speaker played, and a file for what it is told to play."""
    from assistant.audio.wav_device import WavDevice

    write_wav(tmp_path / "mic.wav", np.zeros(HOPS * HOP))
    write_wav(tmp_path / "reference.wav", np.ones(HOPS * HOP // 2) * 0.25)
    return Made(
        WavDevice(tmp_path / "mic.wav", tmp_path / "reference.wav", tmp_path / "out.wav"), HOPS
    )


def sound_card(tmp_path, monkeypatch) -> Made:
    """PyAudio on ALSA's null plug-in."""
    from assistant.audio.pyaudio_device import PyAudioDevice

    use_alsa(tmp_path, monkeypatch)
    return Made(PyAudioDevice("nothing"), None)


def sound_card_of_a_board(tmp_path, monkeypatch) -> Made:
    """PyAudio with two microphones, a loopback row and eight outputs."""
    from assistant.audio.pyaudio_device import PyAudioDevice

    use_alsa(tmp_path, monkeypatch)
    card = PyAudioDevice("nothing", channels=8, mics=(2, 4), loopback=7, playback_channels=8)
    return Made(card, None)


def sound_card_that_records(tmp_path, monkeypatch) -> Made:
    """PyAudio on ALSA's file plug-in."""
    from assistant.audio.pyaudio_device import PyAudioDevice

    use_alsa(tmp_path, monkeypatch, np.arange(100_000, dtype=np.int32))
    return Made(PyAudioDevice("recorder"), None)


def virtual_room(_tmp_path, _monkeypatch) -> Made:
    """A room with a drifting clock, and a board that returns what it plays."""
    room = open_room(Room(rt60_s=0.2), LOOPED, HOPS * HOP, latency_ms=30.0, drift_ppm=50.0)
    return Made(room, HOPS)


FACTORIES: list[Callable[..., Made]] = [
    wav,
    wav_with_reference,
    sound_card,
    sound_card_of_a_board,
    sound_card_that_records,
    virtual_room,
]


@pytest.fixture(params=FACTORIES, ids=lambda factory: factory.__name__)
def made(request, tmp_path, monkeypatch):
    if request.param.__name__.startswith("sound_card"):
        pytest.importorskip("pyaudio", reason="needs PyAudio (portaudio19-dev)")
    made = request.param(tmp_path, monkeypatch)
    yield made
    made.device.close()


def silence() -> np.ndarray:
    return np.zeros(HOP, np.float32)


def test_layout_names_rows_that_are_there(made):
    layout = made.device.layout
    assert isinstance(layout, Layout) and layout.mics
    rows = made.device.exchange(silence()).shape[0]
    used = [*layout.mics, *([] if layout.loopback is None else [layout.loopback])]
    assert len(set(used)) == len(used) and all(0 <= row < rows for row in used)


def test_hops_have_one_shape_and_finite_sound(made):
    for _ in range(HOPS):
        hop = made.device.exchange(silence())
        assert hop.dtype == np.float32 and hop.ndim == 2 and hop.shape[1] == HOP
        assert np.isfinite(hop).all() and np.abs(hop).max() <= 1.0


def test_the_buffer_is_the_devices_own_and_stays_valid_until_the_next_call(made):
    first = made.device.exchange(silence())
    copy = first.copy()
    assert np.array_equal(first, copy)
    second = made.device.exchange(silence())
    assert second.shape == first.shape and np.shares_memory(first, second)


def test_out_is_neither_changed_nor_kept(made):
    out = np.random.default_rng(1).uniform(-1, 1, HOP).astype(np.float32)
    before = out.copy()
    made.device.exchange(out)
    assert np.array_equal(out, before)
    out[:] = 9.0
    made.device.exchange(silence())
    assert (out == 9.0).all()


def test_out_may_be_read_only(made):
    out = silence()
    out.flags.writeable = False
    assert made.device.exchange(out).shape[1] == HOP


def test_it_ends_exactly_where_it_should(made):
    given = itertools.count()
    if made.hops is None:
        for _ in range(2 * HOPS):
            made.device.exchange(silence())
        return
    with pytest.raises(EndOfAudio):
        while next(given) <= made.hops:
            made.device.exchange(silence())
    assert next(given) == made.hops + 1
    with pytest.raises(EndOfAudio):
        made.device.exchange(silence())


def test_health_counts_from_nothing(made):
    before = made.device.health()
    assert isinstance(before, DeviceHealth)
    assert before.overruns == before.underruns == 0 and before.output_latency >= 0
    made.device.exchange(silence())
    after = made.device.health()
    assert after.overruns >= before.overruns and after.underruns >= before.underruns


def test_close_twice_and_no_sound_afterwards(made):
    made.device.exchange(silence())
    made.device.close()
    made.device.close()
    assert isinstance(made.device.health(), DeviceHealth)
    with pytest.raises((EndOfAudio, DeviceLost)):
        made.device.exchange(silence())


def test_close_without_a_sound(made):
    made.device.close()


@pytest.mark.parametrize("make", [sound_card, sound_card_of_a_board], ids=lambda f: f.__name__)
def test_the_doctors_checks_hold(make, tmp_path, monkeypatch):
    pytest.importorskip("pyaudio", reason="needs PyAudio (portaudio19-dev)")
    for check in sound_checks(lambda: make(tmp_path, monkeypatch).device):
        check.run()


class Deaf:
    """A card that breaks one promise after the other."""

    layout = Layout((0, 3))

    def __init__(self, rows: np.ndarray) -> None:
        self._rows = rows

    def exchange(self, out: np.ndarray) -> np.ndarray:
        return self._rows

    def health(self) -> DeviceHealth:
        return DeviceHealth()

    def close(self) -> None:
        """It goes on as if nothing had happened."""


def test_the_doctor_finds_a_card_that_breaks_the_contract():
    gives, keeps, ends = sound_checks(lambda: Deaf(np.zeros((2, HOP), np.float32)))
    with pytest.raises(Broken, match="hops of 2 channels"):
        gives.run()
    with pytest.raises(Broken, match="a second took"):
        keeps.run()
    with pytest.raises(Broken, match="plays after its end"):
        ends.run()
    for wrong, says in ((np.nan, "no number"), (2.0, "up to 2.0")):
        gives, *_ = sound_checks(lambda wrong=wrong: Deaf(np.full((4, HOP), wrong, np.float32)))
        with pytest.raises(Broken, match=says):
            gives.run()


# --- a card that is pulled out -----------------------------------------------------------------


@dataclass(frozen=True)
class Loose:
    """A device with a loose cable. ``reopen`` returns the card opened anew, or raises."""

    device: Device
    pull_out: Callable[[], None]
    plug_in: Callable[[], None]
    reopen: Callable[[], Device]


def loose_sound_card(tmp_path, monkeypatch) -> Loose:
    """PyAudio on an ALSA card that breaks in the middle of the sound."""
    from assistant.audio.pyaudio_device import PyAudioDevice

    puck = Puck(tmp_path, monkeypatch)
    device = PyAudioDevice("puck")

    def reopen() -> Device:
        device.close()
        return PyAudioDevice("puck")

    return Loose(device, puck.pull_out, puck.plug_in, reopen)


def loose_virtual_room(_tmp_path, _monkeypatch) -> Loose:
    """A room whose card comes back, with another latency, when its time has come."""
    room = open_room(Room(rt60_s=0.2), LOOPED, latency_ms=30.0)

    def reopen() -> Device:
        room.reopen()
        return room

    def plug_in() -> None:
        for _ in range(20):
            room.pass_hop()

    return Loose(room, lambda: room.unplug(room.position + 10 * HOP), plug_in, reopen)


@pytest.fixture(params=[loose_sound_card, loose_virtual_room], ids=lambda make: make.__name__)
def loose(request, tmp_path, monkeypatch):
    if request.param is loose_sound_card:
        pytest.importorskip("pyaudio", reason="needs PyAudio (portaudio19-dev)")
    loose = request.param(tmp_path, monkeypatch)
    yield loose
    loose.device.close()


def lose(loose: Loose) -> None:
    for _ in range(HOPS):
        loose.device.exchange(silence())
    loose.pull_out()
    with pytest.raises(DeviceLost):
        for _ in range(100):
            loose.device.exchange(silence())


def test_a_card_that_is_pulled_out_is_lost_and_stays_so(loose):
    lose(loose)
    for _ in range(3):
        with pytest.raises(DeviceLost):
            loose.device.exchange(silence())
    loose.plug_in()
    with pytest.raises(DeviceLost):
        loose.device.exchange(silence())
    assert isinstance(loose.device.health(), DeviceHealth)


def test_a_card_that_is_out_cannot_be_opened(loose):
    lose(loose)
    with pytest.raises(BadInput, match="no sound card|has 0 inputs"):
        loose.reopen()


def test_a_card_that_is_back_works_as_before(loose):
    layout, shape = loose.device.layout, loose.device.exchange(silence()).shape
    for _ in range(3):
        lose(loose)
        loose.plug_in()
        device = loose.reopen()
        assert device.layout == layout
        for _ in range(HOPS):
            hop = device.exchange(silence())
            assert hop.shape == shape and np.isfinite(hop).all()
        if device is not loose.device:
            device.close()
            return
