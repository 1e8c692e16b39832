import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.format import HOP, level_db
from assistant.audio.mixer import Mixer, Ramp, volume_gain
from assistant.messages import Play, Policy
from assistant.speech.voice import Clip, WordTime

HOPS = 40  # of a clip
WORD = 4 * HOP


def tone(hops: int = HOPS) -> Clip:
    n = hops * HOP
    wave = 0.5 * np.sin(2 * np.pi * 250 * np.arange(n) / 16_000)
    words = tuple(WordTime(f"w{i}", i * WORD, (i + 1) * WORD) for i in range(n // WORD))
    return Clip(wave.astype(np.float32), words)


def speaking(mixer: Mixer, *clips: Clip) -> Mixer:
    mixer.speech.begin(1, Policy.OPEN)
    for i, clip in enumerate(clips):
        mixer.speech.queue(Play(1, i, clip, last=i == len(clips) - 1))
    return mixer


def play(mixer: Mixer, hops: int) -> np.ndarray:
    return np.concatenate([mixer.render().copy() for _ in range(hops)])


@pytest.fixture
def mixer() -> Mixer:
    return Mixer(level=1.0, hold_ms=160)


def largest_step(x: np.ndarray) -> float:
    return float(np.abs(np.diff(x)).max())


STEP = largest_step(tone().samples)  # what the tone does by itself


def test_undisturbed_speech_is_the_clip_itself(mixer):
    clip = tone()
    assert np.allclose(play(speaking(mixer, clip), HOPS), clip.samples)


def test_segments_follow_without_a_gap(mixer):
    speaking(mixer, tone(3), tone(2))
    started = []
    for _ in range(5):
        mixer.render()
        started.append(mixer.speech.started)
    assert started == [0, None, None, 1, None]


def test_a_duck_is_reached_within_one_hop_and_does_not_click(mixer):
    speaking(mixer, tone())
    before = play(mixer, 4)
    mixer.speech.duck()
    ramp = play(mixer, 1)
    ducked = play(mixer, 3)
    assert level_db(ducked) == pytest.approx(level_db(before) - 20, abs=0.3)
    assert largest_step(np.concatenate([before, ramp, ducked])) <= STEP * 1.1


def test_a_held_reply_pauses_and_resumes_from_the_word_that_was_ducked(mixer):
    speaking(mixer, tone())
    play(mixer, 18)  # in word 4
    mixer.speech.duck()
    play(mixer, 11)
    assert level_db(play(mixer, 30)) < -100
    where = mixer.speech.position()
    assert (where.segment, where.word) == (0, 4)
    mixer.speech.resume()
    rest = play(mixer, 60)
    sounding = np.flatnonzero(np.abs(rest) > 1e-6)
    assert sounding[-1] >= (HOPS * HOP - 5 * WORD)  # at least from word 4's start to the end
    assert largest_step(rest[:-HOP]) <= STEP * 1.1


def test_stop_is_silent_after_one_hop_and_tells_where(mixer):
    speaking(mixer, tone(), tone())
    play(mixer, HOPS + 10)
    where = mixer.speech.stop()
    tail = play(mixer, 1)
    assert (where.segment, where.word, where.sample) == (1, 2, 10 * HOP)
    assert largest_step(tail) <= STEP * 1.1
    assert not play(mixer, 5).any()
    assert not mixer.speech.active


def test_a_segment_that_begins_in_the_fade_out_was_never_started(mixer):
    speaking(mixer, tone(3), tone())
    play(mixer, 3)
    assert mixer.speech.stop() is not None
    play(mixer, 1)
    assert mixer.speech.started is None and not mixer.speech.active


def test_a_stop_while_held_forgets_the_reply(mixer):
    speaking(mixer, tone())
    play(mixer, 5)
    mixer.speech.duck()
    play(mixer, 30)
    mixer.speech.stop()
    play(mixer, 2)
    assert not mixer.speech.held and not mixer.playing


def test_finished_comes_when_the_last_sample_has_left_the_device():
    mixer = speaking(Mixer(level=1.0, latency=3 * HOP), tone(4))
    done = []
    for n in range(12):
        mixer.render()
        if mixer.speech.finished:
            done.append(n)
    assert len(done) == 1 and 4 + 3 <= done[0] <= 4 + 4


def test_position_is_what_the_listener_has_heard_not_what_was_queued():
    mixer = speaking(Mixer(level=1.0, latency=3 * HOP), tone())
    play(mixer, 10)
    assert mixer.speech.position().sample == 7 * HOP


def test_segments_of_another_turn_are_dropped(mixer):
    mixer.speech.begin(2, Policy.OPEN)
    mixer.speech.queue(Play(1, 0, tone(), last=True))
    assert not mixer.speech.active


def test_the_new_reply_starts_at_full_level_after_a_stop(mixer):
    speaking(mixer, tone())
    play(mixer, 3)
    mixer.speech.stop()
    play(mixer, 3)
    speaking(mixer, tone())
    assert np.allclose(play(mixer, 5), tone().samples[: 5 * HOP])


def test_sounds_and_media_are_mixed_in_and_media_ducks_and_loops(mixer):
    beep = Clip(np.full(HOP // 2, 0.25, np.float32))
    mixer.play_sound(beep)
    mixer.play_media(tone(3), loop=True)
    assert mixer.playing
    mixed = play(mixer, 1)
    assert mixed[0] == pytest.approx(0.25) and mixed[-1] != pytest.approx(0.25)
    full = level_db(play(mixer, 12))
    mixer.duck_media(True)
    play(mixer, 2)
    assert level_db(play(mixer, 12)) == pytest.approx(full - 20, abs=0.5)
    mixer.stop_media()
    play(mixer, 2)
    assert not mixer.playing


def test_volume_zero_is_silence_and_grows_with_the_level(mixer):
    assert volume_gain(0.0) == 0.0
    assert 0 < volume_gain(0.2) < volume_gain(0.9) < volume_gain(1.0) == 1.0
    mixer.set_volume(0.0)
    speaking(mixer, tone())
    play(mixer, 5)
    assert not play(mixer, 3).any()


def test_the_sum_never_exceeds_full_scale(mixer):
    for _ in range(5):
        mixer.play_sound(Clip(np.full(HOP, 0.9, np.float32)))
    assert np.abs(play(mixer, 1)).max() <= 1.0


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 6), st.integers(1, 8)), max_size=12))
def test_a_ramp_never_jumps_and_arrives(moves):
    ramp, previous = Ramp(0.5), 0.5
    for target, hops, run in moves:
        ramp.to(target, hops)
        for _ in range(run):
            hop = np.ones(HOP, np.float32)
            ramp.apply(hop)
            assert abs(hop[0] - previous) <= 1.0 / HOP + 1e-5
            assert np.abs(np.diff(hop)).max() <= 1.0 / HOP + 1e-5
            previous = float(hop[-1])
    ramp.to(0.25, 3)
    for _ in range(9):
        ramp.apply(np.ones(HOP, np.float32))
    assert ramp.value == 0.25
