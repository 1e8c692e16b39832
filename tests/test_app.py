"""The speaker in its four threads, on a device that plays a recording at the pace of a clock."""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from datetime import datetime

import numpy as np
import pytest

from assistant import cli
from assistant import messages as m
from assistant.app import Speaker, assemble, serve
from assistant.audio.device import DeviceHealth, DeviceLost, EndOfAudio, Layout
from assistant.audio.format import HOP, SAMPLE_RATE, samples
from assistant.audio.mixer import volume_gain
from assistant.audio.reopen import Missing, Reopener
from assistant.errors import BadInput
from assistant.room.people import speak
from assistant.settings import Settings, with_overrides
from tests.alsa import use_alsa

FASTER = 2.0  # than real time
LONGEST = samples(60.0)  # after so much quiet nothing will come any more
HALF_PAST_FOUR = datetime(2026, 11, 23, 16, 30)


class Recording:
    """A sound card in a quiet room in which somebody speaks once; it keeps what it played.

    It waits for the clock as a card does, and is over half a second after its last sound.
    """

    def __init__(
        self, sound: np.ndarray, error: Exception | None = None, fails_at: int = 0
    ) -> None:
        self.layout = Layout((0,))
        self.played: list[np.ndarray] = []
        self.closed = False
        self._sound = np.pad(sound, (0, -len(sound) % HOP)).astype(np.float32)
        self._error, self._fails_at = error, fails_at
        self._quiet = np.random.default_rng(0).standard_normal((64, 1, HOP)).astype("f4") * 1e-4
        self._sounded = 0  # where the loudspeaker last sounded
        self._never = threading.Event()
        self._began: float | None = None

    def exchange(self, out: np.ndarray) -> np.ndarray:
        at = len(self.played) * HOP
        if self._error is not None and at >= self._fails_at:
            raise self._error
        if out.any():
            self._sounded = at
        if at > (self._sounded + SAMPLE_RATE // 2 if self._sounded else LONGEST):
            raise EndOfAudio
        self.played.append(out.copy())
        self._keep_pace(at)
        rows = self._quiet[len(self.played) % 64].copy()
        if at < len(self._sound):
            rows[0] += self._sound[at : at + HOP]
        return rows

    def _keep_pace(self, at: int) -> None:
        now = time.perf_counter()
        self._began = self._began or now
        self._never.wait(max(0.0, self._began + at / SAMPLE_RATE / FASTER - now))

    def health(self) -> DeviceHealth:
        return DeviceHealth()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def settings(tmp_path) -> Settings:
    return with_overrides(
        Settings(),
        {
            "speech.recogniser": "vosk-household",
            "speech.voice": "espeak:en-us",
            "store.path": str(tmp_path / "assistant.db"),
            "skills.folder": str(tmp_path / "skills"),
        },
    )


@pytest.fixture(autouse=True)
def as_it_was():
    """See that no thread of the speaker is left, and give Python its switching back."""
    interval, before = sys.getswitchinterval(), set(threading.enumerate())
    yield
    sys.setswitchinterval(interval)
    assert set(threading.enumerate()) <= before


def said(text: str) -> np.ndarray:
    return np.concatenate((np.zeros(SAMPLE_RATE), 0.3 * speak("en-us+f3", text)))


def started(settings: Settings, device: Recording) -> tuple[Speaker, list]:
    """Return the speaker and the list in which everything main sees will be."""
    speaker = assemble(settings, device, now=lambda: HALF_PAST_FOUR)
    seen: list = []
    speaker.observers.append(lambda message, _at: seen.append(message))
    return speaker, seen


def of(seen: list, kind: type) -> list:
    return [message for message in seen if isinstance(message, kind)]


def closed(speaker: Speaker) -> bool:
    """Return whether device, store and engines were released."""
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        speaker.store.set("a", "b", 1)
    return speaker.audio.device.closed


@pytest.mark.slow
def test_a_spoken_question_is_answered_aloud(settings):
    device = Recording(said("hey jarvis, what time is it"))
    speaker, seen = started(settings, device)
    assert serve(speaker) == "the recording is over"
    (woken,) = of(seen, m.WakeHeard)
    assert woken.word == "hey_jarvis" and woken.at > SAMPLE_RATE
    assert [h.text for h in of(seen, m.Heard) if h.final] == ["what time is it"]
    (ready,) = of(seen, m.SegmentReady)
    played = np.concatenate(device.played)
    begin = int(np.flatnonzero(played)[0] - np.flatnonzero(ready.clip.samples)[0])
    expected = volume_gain(settings.volume.level) * ready.clip.samples
    np.testing.assert_allclose(played[begin : begin + len(expected)], expected, atol=1e-5)
    assert not played[:begin].any() and not played[begin + len(expected) :].any()
    assert of(seen, m.ReplyPlanned)[0].texts == ("It's half past four.",)
    assert [e.turn for e in of(seen, m.SpeechFinished)] == [ready.turn]
    assert closed(speaker)


def test_a_lost_sound_card_ends_it_with_the_reason(settings):
    lost = DeviceLost("the sound card is gone; plug it in again")
    speaker, seen = started(settings, Recording(np.zeros(0), lost, fails_at=20 * HOP))
    assert serve(speaker) == "the sound card is gone; plug it in again"
    assert of(seen, m.Show)[-1].mood == "error"
    assert closed(speaker)


def test_a_bug_in_the_audio_thread_ends_it_with_a_reason(settings):
    speaker, _ = started(settings, Recording(np.zeros(0), ValueError("a bug"), fails_at=20 * HOP))
    assert "a bug" in serve(speaker)
    assert closed(speaker)


def test_ctrl_c_ends_it_without_a_reason(settings):
    def press(message: object, _at: int) -> None:
        raise KeyboardInterrupt

    speaker, _ = started(settings, Recording(np.zeros(0)))
    speaker.observers.append(press)
    speaker.inbox.put(m.VolumeSet(0.5))
    assert serve(speaker) is None
    assert closed(speaker)


def test_it_ends_when_it_is_told_to(settings):
    speaker, _ = started(settings, Recording(np.zeros(0)))
    assert serve(speaker, until=lambda s: s.position > 20 * HOP) is None
    assert closed(speaker)


def test_a_sound_card_that_is_not_there_is_one_sentence(settings, tmp_path, monkeypatch, capfd):
    use_alsa(tmp_path, monkeypatch)
    monkeypatch.setenv("ASSISTANT_CONFIG", str(tmp_path / "assistant.toml"))
    (tmp_path / "assistant.toml").write_text(f'[store]\npath = "{tmp_path / "store.db"}"\n')
    assert cli.main(["run", "--set", "audio.device=gramophone"]) == 2
    printed = capfd.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert "gramophone" in printed.err


def test_a_card_that_is_late_at_the_start_is_waited_for(settings):
    card, looked = Recording(np.zeros(0)), []

    def open_card() -> Recording:
        looked.append(1)
        if len(looked) < 3:
            raise BadInput("audio.device", "no sound card", "plug it in")
        return card

    missing = Missing(Layout((0,)), "no sound card; plug it in")
    speaker = assemble(settings, missing, revival=Reopener(open_card))
    seen: list = []
    speaker.observers.append(lambda message, _at: seen.append(message))
    assert serve(speaker, until=lambda s: len(card.played) > 20) is None
    (gone,), (back,) = of(seen, m.DeviceGone), of(seen, m.DeviceBack)
    assert gone.reason == "no sound card; plug it in" and back.cause is m.Cause.UNPLUGGED
    assert closed(speaker)
