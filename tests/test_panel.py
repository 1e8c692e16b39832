"""The board's lights, button and mute switch, all the way to the audio thread and back."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from assistant import app
from assistant import messages as m
from assistant.app import introduce
from assistant.audio.device import DeviceHealth, Layout
from assistant.audio.ears import Ears
from assistant.audio.format import HOP, samples
from assistant.audio.mixer import Mixer
from assistant.audio.thread import AudioLoop
from assistant.board import Board, Ring, find_board, load_board
from assistant.button import VERY_LONG_S
from assistant.loop import Channels, MainLoop
from assistant.messages import Begin, Play, Policy
from assistant.panel import Controls, MuteStep, Panel, reconcile
from assistant.settings import Settings, with_overrides
from assistant.speech.voice import Clip
from assistant.state import Mode
from tests.hardware.benches import put_on_bench
from tests.hardware.machines import PI_5, SEEED_4, USB_V2, machine

SETTINGS = with_overrides(Settings(), {"lights.quiet": "", "lights.brightness": 1.0})


class Loud:
    """A device on which somebody shouts all the time; it keeps what was played."""

    def __init__(self) -> None:
        self.layout = Layout((0,))
        self.played: list[np.ndarray] = []
        self._rng = np.random.default_rng(0)

    def exchange(self, out: np.ndarray) -> np.ndarray:
        self.played.append(out.copy())
        return self._rng.uniform(-0.5, 0.5, (1, HOP)).astype(np.float32)

    def health(self) -> DeviceHealth:
        return DeviceHealth()

    def close(self) -> None:
        """Nothing to release."""


class Home:
    """Audio thread, main and panel, moved one hop at a time by the test."""

    def __init__(self, board: Board) -> None:
        self.channels = Channels()
        self.audio = AudioLoop(
            Loud(), Ears(1, SETTINGS), Mixer(level=1.0), self.channels, silence=samples(0.7)
        )
        self.main = MainLoop(self.channels, lambda: self.audio.position)
        self.seen: list = []
        self.main.observers.append(lambda message, _at: self.seen.append(message))
        self.panel = Panel(board, self.channels, lambda: self.audio.muted, SETTINGS)
        self.now = 0.0

    def run(self, hops: int = 2) -> None:
        for _ in range(hops):
            self.audio.hop()
            self.main.pump()

    def say(self, seconds: float = 4.0) -> None:
        """Begin a reply, as main would."""
        self.channels.audio.extend([
            Begin(1, Policy.OPEN),
            Play(1, 0, Clip(np.full(samples(seconds), 0.2, np.float32)), last=True),
        ])  # fmt: skip
        self.main.state = replace(self.main.state, mode=Mode.SPEAKING, turn=1, last=1)
        self.run(20)

    def hold(self, level: bool, seconds: float) -> None:
        """Keep the button at a level, looked at 30 times a second."""
        for _ in range(round(seconds * 30) + 1):
            self.panel.feed(self.now, level)
            self.now += 1 / 30
        self.run()

    def of(self, kind: type) -> list:
        return [message for message in self.seen if isinstance(message, kind)]


@pytest.fixture
def bench(monkeypatch):
    return put_on_bench("respeaker_2mic", monkeypatch)


@pytest.fixture
def home(bench):
    return Home(bench.board)


def shown(home: Home, bench) -> list:
    """Draw for a second, and return what a person sees then."""
    lights = bench.board.open_lights()
    try:
        for n in range(30):
            home.panel.draw(lights, home.now + n / 30)
        return bench.colours
    finally:
        lights.close()
        home.now += 1.0


def is_red(colour) -> bool:
    return colour[0] > 0.02 and colour[0] > 15 * max(colour[1:])


def test_a_press_stops_the_reply_within_one_hop(home):
    home.say()
    assert home.audio.mixer.speech.audible
    home.panel.feed(0.0, True)
    home.run(1)
    assert not home.audio.mixer.speech.audible and home.main.mode is Mode.IDLE
    home.run(3)
    assert not home.audio.device.played[-1].any()


def test_a_press_in_silence_listens(home):
    home.panel.feed(0.0, True)
    home.run()
    assert home.main.mode is Mode.LISTENING and home.channels.mood == "listening"


def test_a_double_press_repeats(home):
    home.say()
    for t_s, down in ((0.0, True), (0.1, False), (0.3, True)):
        home.panel.feed(t_s, down)
        home.run()
    (respond,) = home.of(m.Respond)
    assert respond.text == "repeat" and home.main.mode is Mode.THINKING
    assert respond.turn == home.main.state.turn > 1
    cancelled = home.of(m.Cancel)
    assert cancelled and home.seen.index(cancelled[-1]) < home.seen.index(respond)


def test_holding_mutes_and_holding_again_unmutes(home, bench):
    for muted in (True, False):
        home.hold(True, 1.0)
        home.hold(False, 1.0)
        assert home.audio.muted is muted is home.main.state.muted
        assert all(map(is_red, shown(home, bench))) is muted


def test_muted_the_pipeline_hears_zeros(home):
    home.run(4)
    assert home.audio.taps.power > 0
    home.hold(True, 1.0)
    home.run(40)
    heard = home.audio.ring.read(home.audio.position - 20 * HOP, home.audio.position)
    assert heard.size == 20 * HOP and not heard.any()


def test_a_press_while_muted_is_answered_and_does_not_listen(home):
    home.hold(True, 1.0)
    home.hold(False, 1.0)
    home.seen.clear()
    home.hold(True, 0.1)
    home.hold(False, 0.1)
    assert [r.text for r in home.of(m.Respond)] == ["unmute"]
    assert not home.of(m.Listen) and not home.of(m.Recognise) and home.audio.muted


def test_a_press_that_stops_a_reply_while_muted_is_not_lectured(home):
    home.hold(True, 1.0)
    home.hold(False, 1.0)
    home.say()
    home.main.send(m.Show("speaking"))
    home.hold(True, 0.1)
    home.hold(False, 0.1)
    assert home.main.mode is Mode.IDLE and not home.of(m.Respond)


def test_an_explanation_that_comes_too_late_is_none(home):
    home.channels.audio.append(m.Pressed(0, "explain"))
    home.run()
    assert home.main.mode is Mode.IDLE and not home.of(m.Respond)


def test_the_refusal_is_spoken(tmp_path):
    from assistant.ask import ask

    settings = with_overrides(
        Settings(),
        {"store.path": str(tmp_path / "a.db"), "skills.folder": str(tmp_path / "none")},
    )
    for words in ("unmute", "unmute yourself", "turn the microphone on"):
        assert "button only" in ask(words, settings)
    assert "button" in ask("mute yourself", settings)


def test_the_red_light_stays_while_it_speaks_muted(home, bench):
    home.hold(True, 1.0)
    home.hold(False, 0.2)
    home.main.send(m.Show("speaking"))
    colours = shown(home, bench)
    assert is_red(colours[1]) and not is_red(colours[0]) and colours[0][1] > 0.05


def test_the_light_shows_the_audio_thread_and_not_a_wish(home, bench):
    home.main.send(m.Show("muted"))
    assert not any(map(is_red, shown(home, bench)))
    home.channels.audio.append(m.SetMute(True))
    home.run(1)
    home.main.send(m.Show("idle"))
    assert all(map(is_red, shown(home, bench)))


def test_the_light_says_that_the_card_is_away_whatever_the_conversation_does(home, bench):
    for mood in ("idle", "listening", "speaking"):
        home.main.send(m.Show(mood))
        home.channels.away = "no sound card"
        assert home.panel.scene().mood == "error"
        home.channels.away = ""
        assert home.panel.scene().mood == mood
    home.hold(True, 1.0)
    home.channels.away = "no sound card"
    assert any(map(is_red, shown(home, bench))), "mute is shown all the same"


def test_an_update_shows_in_silence_and_never_over_the_conversation(home):
    home.channels.updating = True
    assert home.panel.scene().mood == "updating"
    home.main.send(m.Show("speaking"))
    assert home.panel.scene().mood == "speaking"
    home.main.send(m.Show("idle"))
    home.channels.updating = False
    assert home.panel.scene().mood == "idle"


def test_six_seconds_shut_down_unless_the_owner_says_no(bench):
    for wanted in (True, False):
        home = Home(bench.board)
        settings = with_overrides(SETTINGS, {"button.shutdown": wanted})
        home.panel = Panel(bench.board, home.channels, lambda: False, settings)
        home.hold(True, 6.5)
        assert bool(home.of(m.PowerHeld)) is wanted


def test_a_real_edge_goes_all_the_way(home, bench):
    controls = Controls(bench.board, home.panel)
    home.say()
    bench.header.drive(17, 0)
    home.run()
    assert home.main.mode is Mode.IDLE and home.of(m.Pressed)
    controls.close()


def test_a_button_without_edges_goes_all_the_way(monkeypatch):
    bench = put_on_bench("respeaker_2mic", monkeypatch, edges=False)
    home = Home(bench.board)
    controls = Controls(bench.board, home.panel)
    bench.header.drive(17, 0)
    controls.look(1.0)
    home.run()
    assert home.main.mode is Mode.LISTENING
    controls.close()


def test_the_light_points_where_the_voice_came_from(monkeypatch):
    bench = put_on_bench("respeaker_usb_v2", monkeypatch)
    home, controls = Home(bench.board), None
    bench.device.angle = 90
    controls = Controls(bench.board, home.panel)
    controls.look(0.0)
    assert home.panel.direction_deg is None, "nobody asked yet"
    home.main.send(m.Show("listening"))
    controls.look(0.1)
    assert home.panel.scene().direction_deg == 90.0
    colours = shown(home, bench)
    controls.close()
    home.main.send(m.Show("listening", direction_deg=10.0))
    assert home.panel.scene().direction_deg == 10.0, "what the event says comes first"
    assert colours  # closed lights are dark


def test_a_wake_word_carries_its_direction(home):
    home.main.handle(m.WakeHeard(100, 50, "hey_jarvis", 0.9, direction_deg=75.0))
    assert home.channels.shown == m.Show("listening", 75.0)


class HeldDown:
    """A button that somebody has held down for longer than anything else takes."""

    edges = True

    def __init__(self, changed) -> None:
        changed(time.monotonic() - 2 * VERY_LONG_S, True)

    def down(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing to release."""


def test_the_whole_speaker_shuts_down_when_the_button_is_held(tmp_path, monkeypatch, capsys):
    board = replace(load_board("default"), open_button=HeldDown)
    off: list[str] = []
    monkeypatch.setattr(app, "find_board", lambda name, system: (board, []))
    monkeypatch.setattr(app, "open_or_wait", lambda settings, board, patient: Loud())
    monkeypatch.setattr(app, "power_off", lambda: off.append("off"))
    settings = with_overrides(
        Settings(),
        {
            "store.path": str(tmp_path / "a.db"),
            "skills.folder": str(tmp_path / "none"),
            "speech.recogniser": "vosk-household",
            "speech.voice": "espeak:en-us",
        },
    )
    interval, before = sys.getswitchinterval(), set(threading.enumerate())
    try:
        assert app.run(settings) == 0
    finally:
        sys.setswitchinterval(interval)
    assert off == ["off"] and "shutting down" in capsys.readouterr().out
    assert set(threading.enumerate()) <= before


# --- the mute switch of the board -----------------------------------------------------------


def test_the_boards_own_button_mutes_the_speaker_too(monkeypatch):
    bench = put_on_bench("respeaker_xvf3800", monkeypatch)
    home = Home(bench.board)
    controls = Controls(bench.board, home.panel)

    def look_around(times: int = 15) -> None:
        for _ in range(times):
            controls.look(home.now)
            home.run(1)

    look_around()
    assert not home.audio.muted
    for muted in (1, 0, 1):
        bench.device.muted = muted
        look_around()
        assert home.audio.muted is bool(muted) is bool(bench.device.muted)
    assert len(home.of(m.MuteSet)) == 3, "it must not argue with itself"
    home.channels.inbox.put(m.MuteSet(False))
    look_around()
    assert bench.device.muted == 0 and not home.audio.muted
    controls.close()


def test_a_slow_main_is_not_argued_with(monkeypatch):
    bench = put_on_bench("respeaker_xvf3800", monkeypatch)
    home = Home(bench.board)
    controls = Controls(bench.board, home.panel)
    controls.look(0.0)
    bench.device.muted = 1
    for _ in range(40):  # main handles nothing meanwhile
        controls.look(0.0)
    assert bench.device.muted == 1
    home.run()
    assert home.audio.muted and len(home.of(m.MuteSet)) == 1
    controls.close()


def test_a_board_muted_at_the_start_mutes_the_speaker(monkeypatch):
    bench = put_on_bench("respeaker_xvf3800", monkeypatch)
    bench.device.muted = 1
    home = Home(bench.board)
    controls = Controls(bench.board, home.panel)
    for _ in range(10):
        controls.look(0.0)
        home.run(1)
    assert home.audio.muted and bench.device.muted == 1
    assert home.panel.scene().muted
    controls.close()


@pytest.mark.parametrize(
    ("board", "speaker", "board_was", "speaker_was", "step"),
    [
        (False, False, None, False, MuteStep()),
        (True, False, None, False, MuteStep(post=True)),
        (False, True, None, False, MuteStep(write=True)),
        (True, False, False, False, MuteStep(post=True)),
        (False, True, True, True, MuteStep(post=False)),
        (False, True, False, False, MuteStep(write=True)),
        (True, False, True, True, MuteStep(write=False)),
        (True, False, True, False, MuteStep()),
    ],
)
def test_who_follows_whom(board, speaker, board_was, speaker_was, step):
    assert reconcile(board, speaker, board_was, speaker_was) == step


# --- drivers that fail ------------------------------------------------------------------------


class Stuck:
    """Lights that never return from anything."""

    count = 12
    gate = threading.Event()

    def show(self, colours) -> None:
        self.gate.wait(60.0)

    def close(self) -> None:
        self.gate.wait(60.0)


class Broken(Stuck):
    """Lights that throw whatever they are asked."""

    def show(self, colours) -> None:
        raise OSError("no such device")

    close = show


@pytest.mark.parametrize("kind", [Stuck, Broken])
def test_bad_lights_never_stop_the_sound_nor_the_button(kind):
    kind.gate.clear()
    board = replace(load_board("virtual"), ring=Ring(12), open_lights=kind)
    home = Home(board)
    home.panel.start()
    try:
        home.say(2.0)
        before = len(home.audio.device.played)
        home.run(60)
        assert len(home.audio.device.played) == before + 60
        assert np.abs(np.concatenate(home.audio.device.played)).max() > 0.1
        home.panel.feed(0.0, True)
        home.run(1)
        assert home.main.mode is Mode.IDLE and not home.audio.mixer.speech.audible
        home.panel.look()
    finally:
        Stuck.gate.set()
        home.panel.stop()


def test_bad_lights_are_reported():
    board = replace(load_board("virtual"), ring=Ring(12), open_lights=Broken)
    home = Home(board)
    home.panel.start()
    try:
        told = home.channels.inbox.get(timeout=20.0)
    finally:
        home.panel.stop()
    assert told == m.BoardTold("lights: no such device")


def test_lights_that_are_switched_off_are_never_opened():
    def opened():
        raise AssertionError("the lights were opened")

    board = replace(load_board("virtual"), open_lights=opened)
    settings = with_overrides(SETTINGS, {"lights.enabled": False})
    panel = Panel(board, Channels(), lambda: False, settings)
    panel.start()
    panel.look()
    panel.stop()


def test_the_owner_is_told_which_board_and_why_not_another(tmp_path):
    system = machine(tmp_path, model=PI_5, cards=(SEEED_4, USB_V2))
    lines = introduce(*find_board("auto", system))
    assert lines[0] == "board: ReSpeaker USB Mic Array v2 (XVF3000)"
    assert len(lines) == 2 and "respeaker_4mic is not used" in lines[1] and "TDM" in lines[1]
