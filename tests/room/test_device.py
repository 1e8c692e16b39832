"""The room as a sound card: levels, latency, drift, loopback, added sounds, the end."""

import numpy as np
import pytest

from assistant.audio.device import EndOfAudio
from assistant.audio.format import HOP, SAMPLE_RATE, gain, level_db, samples
from assistant.room.acoustics import FULL_SCALE_SPL
from assistant.room.loudspeaker import NOMINAL_DBFS
from assistant.room.scene import Room
from tests.room.rooms import DRY, LOOPED, PAIR, open_room, play


def speech_like(seconds, level=NOMINAL_DBFS, seed=0):
    """Return noise between 300 Hz and 3 kHz at a level."""
    rng = np.random.default_rng(seed)
    n = samples(seconds)
    spectrum, f = np.fft.rfft(rng.standard_normal(n)), np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    x = np.fft.irfft(spectrum * ((f > 300) & (f < 3000)), n)
    return (x / np.sqrt(np.mean(x**2)) * gain(level)).astype(np.float32)


def test_the_speaker_is_as_loud_at_one_metre_as_it_says():
    room = open_room(speaker_offset_m=(0.0, 1.0, 0.0), speaker_db=66.0, distortion=0.0)
    heard = play(room, speech_like(1.0))
    spl = level_db(heard[0, SAMPLE_RATE // 4 :]) + FULL_SCALE_SPL
    assert spl == pytest.approx(66.0, abs=0.3)


def test_calibration_moves_the_nominal_level():
    room = open_room(speaker_offset_m=(0.0, 1.0, 0.0), speaker_db=66.0, distortion=0.0)
    room.calibrate(-32.0)
    heard = play(room, speech_like(1.0, level=-32.0))
    spl = level_db(heard[0, SAMPLE_RATE // 4 :]) + FULL_SCALE_SPL
    assert spl == pytest.approx(66.0, abs=0.3)


def test_background_noise_is_as_loud_as_it_says():
    room = open_room(Room(rt60_s=0.0, noise_db=40.0))
    heard = play(room, np.zeros(2 * SAMPLE_RATE))
    assert level_db(heard[0]) + FULL_SCALE_SPL == pytest.approx(40.0, abs=0.5)


@pytest.mark.parametrize("latency_ms", [0.0, 7.3, 40.0, 130.0])
def test_latency_and_travel_delay_what_is_played(latency_ms):
    room = open_room(latency_ms=latency_ms, distortion=0.0)
    click = np.zeros(SAMPLE_RATE // 2)
    click[100] = 0.5
    heard = play(room, click)[0]
    expected = 100 + samples(latency_ms / 1000) + room.travel(room.loudspeaker_m)
    assert abs(int(np.argmax(np.abs(heard))) - expected) <= 1
    assert room.health().output_latency == samples(latency_ms / 1000)


def test_the_clock_drifts_by_so_many_samples():
    ppm, seconds = 400.0, 4
    straight = open_room(latency_ms=60.0, distortion=0.0)
    drifting = open_room(latency_ms=60.0, distortion=0.0, drift_ppm=ppm)
    sound = speech_like(seconds)
    one, two = play(straight, sound)[0], play(drifting, sound)[0]
    end = len(one) - 4096
    lag = _lag(one[end : end + 4096], two[end : end + 4096])
    assert lag == pytest.approx(-ppm * 1e-6 * (end + 2048), abs=2)
    assert _lag(one[4096:8192], two[4096:8192]) == pytest.approx(-ppm * 1e-6 * 6144, abs=2)


def _lag(a, b):
    cross = np.fft.irfft(np.fft.rfft(b, 8192) * np.conj(np.fft.rfft(a, 8192)))
    at = int(np.argmax(cross))
    return at - 8192 if at > 4096 else at


def test_a_clock_that_ran_dry_slips_and_says_so():
    room = open_room(latency_ms=1.0, drift_ppm=1000.0)
    play(room, np.zeros(4 * SAMPLE_RATE))
    assert room.health().underruns >= 1


def test_the_loopback_channel_is_what_was_played():
    room = open_room(board=LOOPED, latency_ms=0.0)
    sound = speech_like(0.5)
    heard = play(room, sound)
    assert np.allclose(heard[0, : len(sound)], sound, atol=1 / 32768)


def test_added_sound_is_heard_from_its_sample_on():
    room = open_room(DRY)
    click = np.zeros((2, 3 * HOP), np.float32)
    click[:, 0] = click[:, 2 * HOP + 5] = 0.25
    assert room.add(click, HOP + 77) == HOP + 77
    heard = play(room, np.zeros(8 * HOP))[0]
    assert set(np.flatnonzero(np.abs(heard) > 0.2)) == {HOP + 77, 3 * HOP + 82}


def test_sound_for_the_past_begins_now():
    room = open_room(DRY)
    play(room, np.zeros(4 * HOP))
    assert room.add(np.ones((2, 8), np.float32), 3) == 4 * HOP


def test_the_true_parts_add_up_to_what_is_heard():
    room = open_room(Room(rt60_s=0.2, noise_db=0.0))
    voice = room.at_mics(speech_like(0.5, -30.0, seed=5), (3.0, 2.0, 1.4), talker=True)
    room.add(voice, 0)
    sound = speech_like(0.5)
    for start in range(0, len(sound) - HOP, HOP):
        heard = room.exchange(sound[start : start + HOP])
        parts = room.echo_hop + room.near_hop
        assert np.allclose(heard, parts, atol=1e-3)


def test_same_seed_and_hops_give_the_same_samples():
    sound = speech_like(0.3)
    first = play(open_room(Room(), seed=3), sound)
    assert np.array_equal(first, play(open_room(Room(), seed=3), sound))
    assert not np.array_equal(first, play(open_room(Room(), seed=4), sound))


def test_what_is_played_is_neither_kept_nor_changed():
    room = open_room(latency_ms=0.0)
    hop = speech_like(0.016)[:HOP]
    before = hop.copy()
    out = room.exchange(hop)
    assert np.array_equal(hop, before)
    assert out.shape == (len(PAIR.mics), HOP) and out.dtype == np.float32


def test_the_converter_clips_and_never_exceeds_full_scale():
    room = open_room(speaker_db=100.0)
    heard = play(room, speech_like(0.3, level=-6.0))
    assert heard.max() <= 1.0 and heard.min() == -1.0


def test_the_scene_ends():
    room = open_room(duration=3 * HOP)
    for _ in range(3):
        room.exchange(np.zeros(HOP, np.float32))
    with pytest.raises(EndOfAudio):
        room.exchange(np.zeros(HOP, np.float32))


def test_a_glitch_delays_all_later_sound():
    room = open_room(latency_ms=20.0, distortion=0.0)
    click = np.zeros(SAMPLE_RATE // 4)
    click[100] = 0.5
    before = int(np.argmax(np.abs(play(room, click)[0])))
    room.glitch(300)
    assert int(np.argmax(np.abs(play(room, click)[0]))) == before + 300
    assert room.health().underruns == 1


def test_time_goes_on_in_the_room_while_the_card_is_out():
    room = open_room(DRY)
    sound = np.full((2, 4 * HOP), 0.25, np.float32)
    room.add(sound, 2 * HOP)
    room.unplug(3 * HOP)
    for _ in range(3):
        room.pass_hop()
        assert not room.heard.any()
    room.reopen()
    heard = play(room, np.zeros(4 * HOP))
    assert (
        np.allclose(heard[0, : 3 * HOP], 0.25, atol=1e-3)
        and np.abs(heard[0, 3 * HOP :]).max() < 0.01
    )


def test_a_card_that_is_opened_again_has_another_latency_and_forgets_what_it_played():
    room, sound = open_room(latency_ms=40.0), speech_like(0.5)
    play(room, sound)
    latencies = {room.health().output_latency}
    for _ in range(5):
        room.unplug(room.position)
        room.reopen()
        latencies.add(room.health().output_latency)
        assert not room.exchange(np.zeros(HOP, np.float32))[0].max() > 0.2
    assert len(latencies) > 3 and all(abs(n - 640) <= 128 for n in latencies)
