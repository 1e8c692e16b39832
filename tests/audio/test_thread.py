"""The audio thread in a small room: it acts by itself, and only as its policy allows."""

from __future__ import annotations

import numpy as np
import pytest

from assistant import messages as m
from assistant.audio.device import DeviceHealth, DeviceLost, Layout
from assistant.audio.ears import Ears
from assistant.audio.format import HOP, level_db, samples
from assistant.audio.mixer import Mixer
from assistant.audio.thread import HOLD_LIMIT, AudioLoop
from assistant.audio.wake import Hit
from assistant.loop import Channels
from assistant.messages import Play, Policy
from assistant.settings import Settings
from assistant.speech.voice import Clip


class Quiet:
    """A device in a silent room; it keeps what was played."""

    def __init__(self, lost_after: int | None = None) -> None:
        self.layout = Layout((0,))
        self.played: list[np.ndarray] = []
        self._rows = np.zeros((1, HOP), np.float32)
        self._lost_after = lost_after

    def exchange(self, out: np.ndarray) -> np.ndarray:
        if len(self.played) == self._lost_after:
            raise DeviceLost("the sound card is gone; plug it in again")
        self.played.append(out.copy())
        return self._rows

    def health(self) -> DeviceHealth:
        return DeviceHealth()

    def close(self) -> None:
        """Nothing to release."""


class Loose(Quiet):
    """A device that is lost when told to, and its own revival: back after ``hops`` hops."""

    def __init__(self, layout: Layout | None = None, latency: int = 0) -> None:
        super().__init__()
        self.layout, self.latency = layout or self.layout, latency
        self.cause, self.left, self.gone = m.Cause.UNPLUGGED, 0, False
        self.following: Loose = self

    def exchange(self, out: np.ndarray) -> np.ndarray:
        if self.gone:
            raise DeviceLost("pulled out")
        rows = super().exchange(out)
        return np.broadcast_to(rows, (8, HOP))

    def health(self) -> DeviceHealth:
        return DeviceHealth(output_latency=self.latency)

    def pull_out(self, hops: int) -> None:
        self.gone, self.left = True, hops

    def begin(self, device) -> None:
        assert device.gone

    def wait(self):
        self.left -= 1
        if self.left > 0:
            return None
        self.gone = False
        return self.following


class Told(Ears):
    """Real ears whose conclusions a test may override for the next hop."""

    def __init__(self) -> None:
        super().__init__(1, Settings())
        self.hit: Hit | None = None
        self.talking = False
        self.asked: dict[str, bool] = {}  # what the thread said about the moment

    def hear(self, mics, reference, playing, following=False, held=False, listening=False):
        moment = {"following": following, "held": held, "listening": listening}
        self.asked = {"playing": playing, **moment}
        now = super().hear(mics, reference, playing, **moment)
        now.hit, self.hit = self.hit, None
        if self.talking:
            now.speech, self.front_end.canceller.output_bands[:] = 0.9, 1e-3
            self.front_end.canceller._estimate.converged = True
        return now


class Bench:
    """An audio loop with its channels, driven hop by hop."""

    def __init__(self, device: Quiet | None = None) -> None:
        self.channels, self.device, self.ears = Channels(), device or Quiet(), Told()
        mixer = Mixer(level=1.0)
        revival = device if isinstance(device, Loose) else None
        self.loop = AudioLoop(
            self.device, self.ears, mixer, self.channels, silence=samples(0.3), revival=revival
        )

    def reply(self, policy: Policy = Policy.OPEN, hops: int = 400) -> None:
        wave = 0.3 * np.sin(np.arange(hops * HOP) * 0.1)
        clip = Clip(wave.astype(np.float32))
        self.channels.audio.extend([m.Begin(1, policy), Play(1, 0, clip, last=True)])

    def run(self, hops: int) -> None:
        for _ in range(hops):
            self.loop.hop()

    def events(self, kind: type = object) -> list:
        found = []
        while not self.channels.inbox.empty():
            found.append(self.channels.inbox.get())
        return [e for e in found if isinstance(e, kind)]

    def loudness(self) -> float:
        return level_db(self.device.played[-1])


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_wake_word_silences_the_reply_within_two_hops_without_asking_anybody(bench):
    bench.reply()
    bench.run(20)
    bench.ears.hit = Hit(bench.loop.position, bench.loop.position - 100, 0.9)
    bench.run(2)
    (woken,) = bench.events(m.WakeHeard)
    assert woken.interrupted.turn == 1 and woken.interrupted.sample > 0
    bench.run(1)
    assert bench.loudness() < -100


def test_a_closed_prompt_does_not_yield_to_the_wake_word_but_to_the_button(bench):
    bench.reply(Policy.CLOSED)
    bench.run(20)
    bench.ears.hit = Hit(bench.loop.position, bench.loop.position - 100, 0.9)
    bench.run(3)
    assert not bench.events(m.WakeHeard) and bench.loudness() > -30
    bench.channels.audio.append(m.Pressed(0))
    bench.run(3)
    (pressed,) = bench.events(m.Pressed)
    assert pressed.interrupted is not None and bench.loudness() < -100


def test_speech_ducks_at_once_then_pauses_and_resumes_by_command(bench):
    bench.reply()
    bench.run(20)
    loud = bench.loudness()
    bench.ears.talking = True
    bench.run(7)
    assert len(bench.events(m.SpeechSuspected)) == 1
    assert bench.loudness() == pytest.approx(loud - 20, abs=1)
    bench.run(20)
    assert bench.loudness() < -100
    bench.ears.talking = False
    bench.channels.audio.append(m.Resume(1))
    bench.run(6)
    assert bench.loudness() == pytest.approx(loud, abs=1)


def test_a_held_reply_goes_on_by_itself_when_main_never_decides(bench):
    bench.reply()
    bench.run(20)
    bench.ears.talking = True
    bench.run(3)
    bench.ears.talking = False
    bench.run(HOLD_LIMIT // HOP + 5)
    assert len(bench.events(m.HoldExpired)) == 1


def test_music_is_ducked_when_somebody_talks_and_comes_back_unless_main_listens(bench):
    wave = (0.3 * np.sin(np.arange(400 * HOP) * 0.1)).astype(np.float32)
    bench.channels.audio.append(m.PlayMedia(Clip(wave)))
    bench.run(20)
    loud = bench.loudness()
    bench.ears.talking = True
    bench.run(11)
    (suspected,) = bench.events(m.SpeechSuspected)
    assert suspected.position is None
    assert bench.loudness() == pytest.approx(loud - 20, abs=1)
    bench.ears.talking = False
    bench.run(60)
    assert bench.loudness() == pytest.approx(loud, abs=1)
    bench.channels.audio.append(m.Resume(0))
    bench.ears.talking = True
    bench.run(5)
    assert not bench.events(m.SpeechSuspected)  # it has just turned out to be nothing


def test_nothing_is_suspected_while_nothing_is_said(bench):
    bench.ears.talking = True
    bench.run(20)
    assert not bench.events(m.SpeechSuspected)


def test_the_worker_is_nudged_while_an_utterance_is_captured_and_told_its_end(bench):
    bench.run(5)
    bench.channels.audio.append(m.Listen(3, bench.loop.position, samples(0.5), speaking=True))
    bench.ears.talking = True
    bench.run(20)
    bench.ears.talking = False
    bench.run(40)
    (ended,) = bench.events(m.SpeechEnded)
    assert ended.turn == 3 and ended.end <= ended.at - samples(0.3)
    nudges = []
    while not bench.channels.worker.empty():
        nudges.append(bench.channels.worker.get())
    assert len(nudges) >= 5 and nudges[-1].until == ended.at


def test_the_ears_are_told_what_the_thread_is_doing(bench):
    def true() -> set[str]:
        return {name for name, value in bench.ears.asked.items() if value}

    bench.run(1)
    assert true() == set()
    bench.reply()
    bench.run(20)
    bench.ears.talking = True
    bench.run(5)
    assert true() == {"playing", "held"}
    bench.channels.audio.append(m.Listen(2, bench.loop.position, samples(9.0), speaking=True))
    bench.run(30)
    assert true() == {"playing", "held"}
    bench.run(30)
    assert true() == {"playing", "held", "listening"}
    bench.run(40)
    assert true() == {"playing", "held", "listening", "following"}


@pytest.mark.parametrize("hops", [30, 100])
def test_a_sentence_that_just_ended_does_not_wake_with_its_last_words(bench, hops):
    bench.channels.audio.append(m.Listen(1, 0, samples(9.0), speaking=True))
    bench.ears.talking = True
    bench.run(hops)
    bench.ears.talking = False
    while not bench.events(m.SpeechEnded):
        bench.run(1)
    bench.run(75)  # 1.2 s, of which the detector has not forgotten the first
    assert bench.ears.asked["following"]
    bench.run(10)
    assert not bench.ears.asked["following"]


def test_the_words_that_stopped_the_reply_do_not_wake_it_as_well(bench):
    bench.reply()
    bench.run(20)
    bench.channels.audio.append(m.StopSpeech(1))
    bench.run(75)  # 1.2 s, of which the detector has not forgotten the first
    assert bench.ears.asked["following"]
    bench.run(10)
    assert not bench.ears.asked["following"]


def test_silence_after_listen_is_reported_once(bench):
    bench.channels.audio.append(m.Listen(3, 0, samples(0.3)))
    bench.run(60)
    assert [e.turn for e in bench.events(m.NothingHeard)] == [3]


def test_muted_microphones_are_zeros(bench):
    bench.device._rows[:] = 0.25
    bench.channels.audio.append(m.SetMute(True))
    bench.run(2)
    assert not bench.loop.ring.read(0, 2 * HOP).any()
    bench.channels.audio.append(m.SetMute(False))
    bench.run(12)
    assert bench.loop.ring.read(4 * HOP, 14 * HOP).any()


def test_a_lost_device_is_an_event_not_a_crash():
    bench = Bench(Quiet(lost_after=3))
    bench.loop.run()
    (failed,) = bench.events(m.AudioFailed)
    assert "plug it in" in failed.reason and bench.loop.hops == 3


def test_a_reply_that_ends_says_so_once(bench):
    bench.reply(hops=10)
    bench.run(20)
    assert [type(e) for e in bench.events()] == [m.SegmentStarted, m.SpeechFinished]


# --- a card that goes away and comes back ----------------------------------------------------


@pytest.fixture
def loose() -> Bench:
    return Bench(Loose())


def test_while_the_card_is_away_the_hops_go_on(loose):
    loose.run(10)
    loose.device.pull_out(50)
    loose.run(30)
    (gone,) = loose.events(m.DeviceGone)
    assert gone.reason == loose.channels.away == "pulled out" and gone.position is None
    assert loose.loop.hops == 40 == loose.loop.position // HOP
    loose.run(21)
    (back,) = loose.events(m.DeviceBack)
    assert back.away == 50 * HOP and back.cause is m.Cause.UNPLUGGED
    assert loose.channels.away == "" and len(loose.device.played) == 11
    assert loose.loop.outages == 1


def test_the_ears_keep_the_time_of_the_loop(loose):
    loose.device.pull_out(20)
    loose.run(30)
    loose.ears.hit = None
    now = loose.ears._now
    assert now.at == loose.loop.position


def test_a_reply_waits_for_the_card_and_goes_on_where_it_was(loose):
    loose.reply()
    loose.run(20)
    before = loose.loop.mixer.speech.position().sample
    loose.device.pull_out(600)
    loose.run(600)
    (gone,) = loose.events(m.DeviceGone)
    assert abs(gone.position.sample - before) <= HOP and gone.position.turn == 1
    loose.run(10)
    assert loose.loudness() < -100, "until main decides"
    loose.channels.audio.append(m.Resume(1))
    loose.run(10)
    assert loose.loudness() > -30
    loose.run(400)
    assert loose.events(m.SpeechFinished)


def test_a_reply_goes_on_by_itself_when_main_is_stuck(loose):
    loose.reply()
    loose.run(20)
    loose.device.pull_out(HOLD_LIMIT // HOP * 2)
    loose.run(HOLD_LIMIT // HOP * 2)
    loose.events()
    loose.run(HOLD_LIMIT // HOP - 2)
    assert not loose.events(m.HoldExpired)
    loose.run(10)
    assert loose.events(m.HoldExpired) and loose.loudness() > -30


def test_mute_volume_and_what_is_to_come_survive(loose):
    loose.channels.audio.extend([m.SetMute(True), m.SetVolume(0.5)])
    loose.run(10)
    gain = loose.loop.mixer._volume.value
    loose.device.pull_out(5)
    loose.run(2)
    loose.reply()  # it was being made meanwhile
    loose.run(20)
    assert loose.loop.muted and loose.loop.mixer._volume.value == gain < 1
    assert loose.loudness() > -50 and not loose.loop.mixer.speech.held


def test_a_press_while_the_card_is_away_stops_what_waits(loose):
    loose.reply()
    loose.run(20)
    loose.device.pull_out(20)
    loose.run(5)
    loose.channels.audio.append(m.Pressed(0))
    loose.run(30)
    (pressed,) = loose.events(m.Pressed)
    assert pressed.interrupted is not None
    assert not loose.loop.mixer.speech.active and loose.loudness() < -100


def test_the_card_comes_back_with_other_channels_and_another_latency():
    bench = Bench(Loose(Layout((0,), 6)))
    bench.device.following = Loose(Layout((3,), 1), latency=500)
    front = bench.ears.front_end
    bench.run(5)
    front.canceller._filter.path[:] = 1.0
    front._aligner.delay = 700
    bench.device.pull_out(3)
    bench.run(10)
    assert bench.loop.device is bench.device.following
    assert (bench.loop._mics, bench.loop._loopback) == ([3], 1)
    assert bench.loop.mixer.speech.latency == 500
    assert front.delay == 0 and not front.canceller._filter.path.any()
    assert len(bench.loop.device.played) == 7


def test_an_utterance_is_given_up_with_the_card(loose):
    loose.channels.audio.append(m.Listen(1, 0, samples(0.2)))
    loose.run(3)
    loose.device.pull_out(40)
    loose.run(100)
    assert not loose.events(m.NothingHeard)
