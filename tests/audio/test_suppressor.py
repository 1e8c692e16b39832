"""The suppressor: echo down, people whole, and nothing touched while nothing plays."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.suppressor import FIRM, GENTLE, Suppressor
from tests.audio.sounds import speech_like


def run(suppressor: Suppressor, x: np.ndarray, echo: np.ndarray, sounding: bool = True):
    """Return ``x`` (n,) suppressed, its latency taken out."""
    out = np.zeros_like(x)
    for i in range(0, len(x) - HOP + 1, HOP):
        hop = slice(i, i + HOP)
        out[hop] = suppressor.process(x[None, hop], echo[hop], sounding)[0]
    return out[suppressor.latency :]


def db(x: np.ndarray) -> float:
    return 10 * float(np.log10(np.mean(x**2) + 1e-12))


def test_nothing_is_changed_while_nothing_plays():
    x = speech_like(1, 2.0)
    out = run(Suppressor(1), x, np.zeros_like(x), sounding=False)
    np.testing.assert_allclose(out[HOP : -2 * HOP], x[HOP : -3 * HOP], atol=1e-6)


def test_going_between_playing_and_not_makes_no_click():
    x = 0.1 * np.sin(np.arange(40 * HOP) * 0.05).astype(np.float32)
    suppressor, parts = Suppressor(1), []
    for i in range(40):  # no echo was subtracted: nothing is expected to be left
        hop = slice(i * HOP, (i + 1) * HOP)
        sounding = i // 5 % 2 == 1
        out = suppressor.process(x[None, hop], np.zeros(HOP, np.float32), sounding)
        parts.append(out[0].copy())
    out = np.concatenate(parts)
    assert np.abs(np.diff(out[2 * HOP :])).max() < 3 * np.abs(np.diff(x)).max()


def test_what_is_left_of_the_echo_goes_down_and_a_person_stays():
    echo = speech_like(2, 8.0)
    left = 0.05 * echo  # 26 dB below what was subtracted
    person = np.zeros_like(echo)
    person[5 * SAMPLE_RATE :] = 0.3 * speech_like(3, 8.0)[5 * SAMPLE_RATE :]
    out = run(Suppressor(1), left + person, echo)
    before, after = slice(3 * SAMPLE_RATE, 5 * SAMPLE_RATE), slice(5 * SAMPLE_RATE, None)
    assert db(out[before]) < db(left[before]) - 6
    assert abs(db(out[after]) - db(person[after])) < 2


def test_for_people_it_suppresses_more_than_for_detectors():
    echo = speech_like(4, 5.0)
    quieter = [db(run(Suppressor(1, s), 0.05 * echo, echo)[-SAMPLE_RATE:]) for s in (GENTLE, FIRM)]
    assert quieter[1] < quieter[0] - 6
