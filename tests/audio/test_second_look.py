"""A closer look at what was nearly the wake word."""

from __future__ import annotations

import time

import numpy as np
import pytest

from assistant.audio import second_look
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.openwakeword_ import Models
from assistant.audio.second_look import DUE, SIZE, Look, SecondLook
from assistant.audio.wake import SAID, SURE
from assistant.audio.wake_views import KNOWN, WAIT, Wakes
from assistant.room.people import speak
from tests.audio.sounds import hops

SILENCE = np.zeros(HOP, np.float32)
WORD, OTHER = "hey jarvis", "add some milk"


@pytest.fixture(scope="module")
def models() -> Models:
    return Models("hey_jarvis")


def spoken(text: str) -> np.ndarray:
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE)
    return np.concatenate((quiet, 0.3 * speak("en-us+f3", text), quiet[: HOP * 20])).astype("f4")


def look_at(look: SecondLook, sound: np.ndarray, echo: float = 0.0, seconds: float = 10.0) -> Look:
    for hop in hops(sound):
        look.hear(np.stack([np.zeros_like(hop)] * 2), hop, echo * hop)
    look.ask()
    until = time.monotonic() + seconds
    for polls in range(1, 10**9):
        found = look.poll()
        if found is not None:
            assert polls >= DUE and not look.busy
            return found
        assert time.monotonic() < until, "no result"
    raise AssertionError


@pytest.mark.parametrize("background", [False, True])
def test_it_finds_the_word_in_any_of_its_streams_and_no_other(models, background):
    look = SecondLook(models, 4, background)
    assert look_at(look, spoken(WORD)).score >= SURE
    assert look_at(look, np.zeros(2 * SIZE, np.float32)).score < 0.05
    assert look_at(look, spoken(OTHER)).score < 0.05
    look.close()


def test_it_hears_those_who_speak_slowly_and_low(models, monkeypatch):
    word = speak("en-us+f3", WORD)
    slowly = np.interp(np.arange(0, len(word) - 1, 0.8), np.arange(len(word)), word)
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE)
    sound = np.concatenate((quiet, 0.3 * slowly, quiet[: HOP * 20])).astype("f4")
    look = SecondLook(models, 4, False)
    assert look_at(look, sound).score >= SURE
    monkeypatch.setattr(second_look, "SPEEDS", ())
    assert look_at(look, sound).score < SURE


def test_it_tells_whether_a_second_stream_agrees(models):
    look, sound = SecondLook(models, 3, False), spoken(WORD)
    for share in (0.0, 0.5):
        for hop in hops(sound):
            look.hear(np.stack([hop, share * hop]), SILENCE)
        look.ask()
        while (found := look.poll()) is None:
            pass
        assert found.score >= SURE and (found.second >= SURE) == (share > 0)


def test_it_hears_whether_the_word_is_in_the_echo(models):
    look = SecondLook(models, 4, False)
    assert look_at(look, spoken(WORD)).echo < 0.05
    assert look_at(look, spoken(WORD), echo=0.5).echo >= SURE


def test_it_sees_the_word_wherever_its_looks_fall(models):
    """The usual look every 80 ms loses some of these."""
    look, sound = SecondLook(models, 4, False), spoken(WORD)
    for cut in range(0, 1280, 256):
        assert look_at(look, sound[cut:]).score >= SURE


def test_it_looks_at_the_newest_sound_whole(models, monkeypatch):
    look, seen = SecondLook(models, 4, False), []
    monkeypatch.setattr(look._aside, "_work", lambda sounds: seen.append(sounds) or Look(0.0, None))
    sound = np.random.default_rng(1).standard_normal(5 * SIZE // HOP * HOP).astype("f4")
    for n, hop in enumerate(hops(sound), start=1):
        look.hear(np.stack([hop, -hop]), 2 * hop, 3 * hop)
        if n % 97 == 0 and n * HOP >= SIZE:
            seen.clear()
            look.ask()
            while look.poll() is None:
                pass
            newest = sound[n * HOP - SIZE : n * HOP]
            np.testing.assert_array_equal(
                seen[0], np.stack([newest, -newest, 2 * newest, 3 * newest])
            )


def wakes_scoring(monkeypatch, scores: list[float], found: float, echo: float = 0.0) -> Wakes:
    """Return views that score ``scores``; on a closer look, ``found`` and ``echo``."""
    wakes, left = Wakes("hey_jarvis", 2), iter(scores)

    def score(views: np.ndarray) -> list[float]:
        return [next(left, 0.0)]

    monkeypatch.setattr(wakes.first, "process", score)
    monkeypatch.setattr(wakes._pairs[1], "process", lambda views: None)
    monkeypatch.setattr(
        wakes._look._aside, "_work", lambda sounds: Look(found, np.ones(1), echo=echo)
    )
    for _ in range(-(-SIZE // HOP)):
        wakes._look.hear(np.stack([SILENCE] * 2), SILENCE, SILENCE)
    return wakes


def found(wakes: Wakes, count: int, playing: bool = True) -> list[int]:
    """Return in which of ``count`` hops there was a score above 0.5."""
    scores = [
        wakes.process(np.stack([SILENCE] * 2), SILENCE, SILENCE, playing) for _ in range(count)
    ]
    return [i for i, score in enumerate(scores) if score is not None and score > SURE]


@pytest.mark.parametrize(
    ("score", "closer", "playing", "heard"),
    [
        (0.2, 0.9, True, True),
        (0.2, 0.2, True, False),
        (0.02, 0.9, True, False),
        (0.2, 0.9, False, False),
    ],
)
def test_a_low_score_over_playback_is_looked_at_again(monkeypatch, score, closer, playing, heard):
    wakes = wakes_scoring(monkeypatch, [score] * 5, closer)
    assert found(wakes, 40, playing) == ([WAIT + DUE] if heard else [])


def test_a_word_of_our_own_is_not_found_by_looking_closer(monkeypatch):
    wakes = wakes_scoring(monkeypatch, [0.2] * 5, 0.9, echo=SAID)
    assert found(wakes, 40) == []


def test_the_score_and_what_it_was_made_of_belong_together(monkeypatch):
    wakes = wakes_scoring(monkeypatch, [0.2] * 5, 0.9)
    found(wakes, WAIT + DUE)
    assert np.shares_memory(wakes.embeddings, wakes.first.embeddings(0))
    found(wakes, 1)
    assert wakes.embeddings.shape == (1,)


def test_a_score_that_rises_by_itself_needs_no_closer_look(monkeypatch):
    wakes = wakes_scoring(monkeypatch, [0.2, 0.3, 0.9], 0.9)
    assert found(wakes, 40) == [2]


def test_it_is_not_asked_before_it_has_heard_enough(models):
    look = SecondLook(models, 4, False)
    for _ in range(SIZE // HOP):
        look.hear(np.zeros((2, HOP), np.float32), SILENCE, SILENCE)
        assert not look.ready
    look.hear(np.zeros((2, HOP), np.float32), SILENCE, SILENCE)
    assert look.ready


def test_a_word_that_has_woken_it_is_not_looked_at_again(monkeypatch):
    wakes = wakes_scoring(monkeypatch, [0.2] * (KNOWN + DUE), 0.9)
    wakes.believed()
    assert found(wakes, KNOWN + DUE - 1) == []
    assert found(wakes, 1) == [0]
