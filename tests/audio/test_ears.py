"""The wake word's thresholds: in silence, while the speaker sounds, and inside a command."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.ears import Ears
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.room.people import speak
from assistant.settings import Settings, with_overrides
from tests.audio.sounds import hops

LOW, HIGH = 0.3, 0.95  # the first recording below scores 0.7: nearly the wake word
LOWEST = 0.2  # the second one scores 0.3
SILENCE = np.zeros(HOP, np.float32)


def thresholds(usual: float, playing: float) -> Settings:
    return with_overrides(Settings(), {"wake.threshold": usual, "wake.threshold_playing": playing})


def nearly() -> np.ndarray:
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    return np.concatenate((quiet, 0.3 * speak("en-us+f3", "hey jar this"), quiet)).astype("f4")


def barely() -> np.ndarray:
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    return np.concatenate((quiet, 0.3 * speak("en-us+f3", "a jarvis"), quiet)).astype("f4")


@pytest.mark.parametrize("usual", [LOW, HIGH])
@pytest.mark.parametrize(("playing", "held"), [(False, False), (True, False), (True, True)])
def test_the_threshold_is_the_one_of_the_moment(usual, playing, held):
    ears = Ears(1, thresholds(usual, LOW + HIGH - usual))
    heard = [
        ears.hear(hop[None], SILENCE, playing, following=False, held=held).hit
        for hop in hops(nearly())
    ]
    hits = [hit for hit in heard if hit is not None]
    assert len(hits) == ((usual == LOW) != (playing and not held))
    assert all(LOW <= hit.score < HIGH for hit in hits)


@pytest.mark.parametrize(
    ("moment", "woken"),
    [((), True), (("listening",), False), (("following",), False), (("listening", "held"), True)],
)
def test_inside_a_command_only_a_clear_word_wakes(moment, woken):
    """The first words of "sing a song" were "hey jarvis" with 0.42, and the song was lost."""
    ears = Ears(1, with_overrides(Settings(), {"wake.threshold": 0.2}))
    now = dict.fromkeys(moment, True)
    assert any(ears.hear(hop[None], SILENCE, False, **now).hit for hop in hops(barely())) == woken


@pytest.mark.parametrize(
    ("following", "second", "woken"), [(False, 0.13, True), (True, 0.13, False), (True, 0.6, True)]
)
def test_inside_a_command_two_views_must_hear_the_word(monkeypatch, following, second, woken):
    """Somebody's "from my shopping list" was "hey jarvis" with 0.98 in one view."""
    ears, scores = Ears(1, thresholds(LOWEST, LOWEST)), iter([0.0] * 40 + [0.98])
    monkeypatch.setattr(ears._wakes, "process", lambda *views: next(scores))
    monkeypatch.setattr(ears._voice, "process", lambda clean: 0.9)
    ears._wakes.second = second
    sound = 0.1 * np.random.default_rng(0).standard_normal((41, 1, HOP)).astype("f4")
    assert any(ears.hear(hop, SILENCE, True, following).hit for hop in sound) == woken


def test_what_the_residual_echo_explains_without_a_voice_is_no_hit(monkeypatch):
    ears = Ears(1, thresholds(LOW, LOW))
    monkeypatch.setattr(type(ears.front_end), "residual_power", property(lambda self: 1.0))
    monkeypatch.setattr(ears._voice, "process", lambda clean: 0.1)
    assert not [hop for hop in hops(nearly()) if ears.hear(hop[None], SILENCE, True).hit]


def test_a_weak_word_must_rise_above_the_echo_even_with_a_voice(monkeypatch):
    """The residual of our own voice is a voice, too."""
    ears = Ears(1, thresholds(HIGH, LOWEST))
    monkeypatch.setattr(type(ears.front_end), "residual_power", property(lambda self: 1.0))
    monkeypatch.setattr(ears._voice, "process", lambda clean: 0.9)
    assert not [hop for hop in hops(barely()) if ears.hear(hop[None], SILENCE, True).hit]


@pytest.mark.parametrize(("speech", "woken"), [(0.04, False), (0.4, True)])
@pytest.mark.parametrize("playing", [False, True])
def test_what_has_no_voice_is_no_wake_word(monkeypatch, speech, woken, playing):
    ears = Ears(1, thresholds(LOW, LOW))
    monkeypatch.setattr(ears._voice, "process", lambda clean: speech)
    heard = [ears.hear(hop[None], SILENCE, playing).hit for hop in hops(nearly())]
    assert any(heard) == woken


@pytest.mark.parametrize(
    ("score", "second", "background", "woken"),
    [(0.95, 0.85, 0.15, False), (0.95, 0.95, 0.15, True), (0.99, 0.1, 0.15, False),
     (0.98, 0.6, 0.15, True), (0.98, 0.6, 0.5, False), (0.95, 0.95, 0.5, True),
     (0.98, 0.6, 0.05, False), (0.99, 0.99, 0.05, False)],
)  # fmt: skip
def test_a_word_without_any_voice_must_be_surely_heard(
    monkeypatch, score, second, background, woken
):
    """Thirty decibels below the echo many a word leaves no voice activity at all.

    But the hiss that music left had 0.98 in one view, too, the hum after a knock 0.996, and sneezes
    0.96 and 0.94 in two: loud as they were, they would have left more of a voice, if it had been.
    """
    ears, scores = Ears(1, thresholds(LOW, LOW)), iter([0.0] * 40 + [score] * 40)
    monkeypatch.setattr(ears._wakes, "process", lambda *views: next(scores))
    monkeypatch.setattr(ears._voice, "process", lambda clean: 0.04)
    ears._wakes.second = second
    sound = 0.1 * np.random.default_rng(0).standard_normal((80, 1, HOP)).astype("f4")
    sound[:20] *= background
    assert any(ears.hear(hop, SILENCE, True).hit for hop in sound) == woken


@pytest.mark.parametrize(("playing", "woken"), [(True, False), (False, True)])
def test_an_unsure_word_over_the_reply_needs_a_clear_voice(monkeypatch, playing, woken):
    """Echoes of music scored up to 0.41, with a voice activity of up to 0.3."""
    ears = Ears(1, thresholds(LOWEST, LOWEST))
    monkeypatch.setattr(ears._voice, "process", lambda clean: 0.3)
    assert any(ears.hear(hop[None], SILENCE, playing).hit for hop in hops(barely())) == woken


@pytest.mark.parametrize(
    ("second", "speech", "every", "woken"),
    [(0.4, 0.3, 4, False), (0.6, 0.3, 4, True), (0.4, 0.4, 4, True), (0.4, 0.3, 1, True)],
)  # fmt: skip
def test_a_word_without_a_clear_voice_must_be_sure_in_two_views(
    monkeypatch, second, speech, every, woken
):
    """A phrase of our own scored 0.9 in one of four views, and 0.2 in the others.

    A voice that is never clear, but goes on, will do.
    """
    ears, hop = Ears(1, thresholds(LOWEST, LOWEST)), iter(range(1, 21))
    monkeypatch.setattr(ears._wakes, "process", lambda *views: 0.9)
    monkeypatch.setattr(ears._voice, "process", lambda clean: 0 if next(hop) % every else speech)
    ears._wakes.second = second
    loud = 0.1 * np.random.default_rng(0).standard_normal((20, 1, HOP)).astype("f4")
    assert any(ears.hear(hop, SILENCE, True).hit for hop in loud) == woken


@pytest.mark.parametrize(
    ("closer", "second", "speech", "woken"),
    [(True, 0.6, 0.0, False), (False, 0.6, 0.0, True), (True, 0.95, 0.0, True),
     (True, 0.6, 0.03, True), (True, 0.1, 0.03, False), (True, 0.1, 0.4, True)],
)  # fmt: skip
def test_what_a_closer_look_finds_needs_some_voice(monkeypatch, closer, second, speech, woken):
    """Mere echo scored 0.79 and 0.58 in two streams, and 0.99 in one."""
    ears, scores = Ears(1, thresholds(LOWEST, LOWEST)), iter([0.0] * 20 + [0.98] * 20)
    monkeypatch.setattr(ears._wakes, "process", lambda *views: next(scores))
    monkeypatch.setattr(ears._voice, "process", lambda clean: speech)
    ears._wakes.second, ears._wakes.closer = second, closer
    loud = 0.1 * np.random.default_rng(0).standard_normal((40, 1, HOP)).astype("f4")
    assert any(ears.hear(hop, SILENCE, True).hit for hop in loud) == woken


def test_a_word_that_was_not_believed_is_when_it_becomes_clear(monkeypatch):
    """Half of the words 30 dB below the echo were lost to a first, weak hit."""
    ears = Ears(1, thresholds(LOWEST, LOWEST))
    scores = iter([0.3, 0.25, 0.9, 0.9])
    monkeypatch.setattr(ears._wakes, "process", lambda *views: next(scores))
    monkeypatch.setattr(ears, "_believed", lambda hit, playing: hit.score > 0.5)
    heard = [ears.hear(SILENCE[None], SILENCE, True).hit for _ in range(4)]
    assert [hit and hit.score for hit in heard] == [None, None, 0.9, None]


@pytest.mark.parametrize(
    ("closer", "playing", "woken"), [(True, False, 0), (False, False, 1), (True, True, 1)]
)
def test_what_a_closer_look_finds_after_the_reply_must_be_sure(monkeypatch, closer, playing, woken):
    """The "stop" that ended it resembles many a word."""
    ears = Ears(1, thresholds(LOWEST, LOWEST))
    scores = iter([0.45, 0.01])
    monkeypatch.setattr(ears._wakes, "process", lambda *views: next(scores))
    monkeypatch.setattr(ears, "_believed", lambda hit, playing: True)
    ears._wakes.closer = closer
    heard = [ears.hear(SILENCE[None], SILENCE, playing).hit for _ in range(2)]
    assert len([hit for hit in heard if hit]) == woken


@pytest.mark.parametrize(("voiced_s", "remembered"), [(0.3, False), (1.2, True)])
def test_only_who_talks_on_must_be_outdone_after_a_false_duck(monkeypatch, voiced_s, remembered):
    ears, burnt = Ears(1, Settings()), []
    monkeypatch.setattr(ears.evidence, "update", lambda *now, **how: True)
    monkeypatch.setattr(ears.evidence, "burn", lambda at, power: burnt.append(power))
    loud = 0.1 * np.random.default_rng(0).standard_normal((1, HOP)).astype("f4")
    said = round(voiced_s * SAMPLE_RATE / HOP)
    for n in range(SAMPLE_RATE * 2 // HOP):
        monkeypatch.setattr(
            ears._voice, "process", lambda clean, n=n: 0.9 if 0 < n <= said else 0.0
        )
        now = ears.hear(loud, SILENCE, True)
        if n == 0:
            assert ears.suspicious(now)
    ears.doubt()
    assert (burnt[0] > 0) == remembered


def test_for_a_second_after_a_glitch_nothing_ducks(monkeypatch):
    """All of the echo may be heard until its delay is known again."""
    ears = Ears(1, Settings())
    monkeypatch.setattr(ears.evidence, "update", lambda *now, **known: True)
    ears.expect_jump()
    ducks = [ears.suspicious(ears.hear(SILENCE[None], SILENCE, True)) for _ in range(70)]
    assert ducks.index(True) == SAMPLE_RATE // HOP and all(ducks[SAMPLE_RATE // HOP :])


@pytest.mark.parametrize(
    ("score", "second", "alike", "clearly", "lately", "woken"),
    [(0.7, 0.6, 0.5, False, False, True), (0.7, 0.6, 0.75, False, False, False),
     (0.7, 0.6, 0.75, True, False, True), (0.95, 0.95, 0.75, False, False, True),
     (0.7, 0.6, 0.5, True, True, True), (0.7, 0.6, 0.75, True, True, False),
     (0.4, 0.3, 0.5, True, True, False), (0.4, 0.3, 0.5, True, False, True),
     (0.97, 0.97, 0.75, True, True, False)],
)  # fmt: skip
def test_what_has_the_echoes_rhythm_is_echo(
    monkeypatch, score, second, alike, clearly, lately, woken
):
    """Right after the speaker was moved, its own loud echo was a word with 0.81, and a voice."""
    ears, scores = Ears(1, thresholds(LOWEST, LOWEST)), iter([0.0] * 40 + [score, 0.0])
    monkeypatch.setattr(ears._wakes, "process", lambda *views: next(scores))
    monkeypatch.setattr(ears._voice, "process", lambda clean: 0.9)
    monkeypatch.setattr(ears._last_second._likeness, "value", lambda: alike)
    expected = property(lambda self: 0.0 if clearly else 1.0)
    monkeypatch.setattr(type(ears.front_end), "residual_power", expected)
    ears._wakes.second = second
    if lately:
        ears._last_second._since_solved = 0
    loud = 0.1 * np.random.default_rng(0).standard_normal((42, 1, HOP)).astype("f4")
    assert any(ears.hear(hop, SILENCE, True).hit for hop in loud) == woken
