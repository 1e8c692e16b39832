"""The evidence that ducks: what it asks for, and what it learns from being wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.bargein import Evidence, EvidenceRules, NoiseFloor
from assistant.audio.echo import BANDS
from assistant.audio.format import HOP, SAMPLE_RATE

RULES = EvidenceRules()
BACKGROUND = 1e-8


def bands(power: float) -> np.ndarray:
    return np.full(BANDS, power / BANDS, np.float32)


def hops_until_duck(evidence, start=0, speech=0.9, power=1e-4, residual=1e-6, most=60, **how):
    """Give the same hop again and again; return how many it took, or None."""
    for n in range(1, most + 1):
        now = bands(power), bands(residual)
        if evidence.update(start + n * HOP, speech, *now, **how):
            return n
    return None


@pytest.fixture
def evidence() -> Evidence:
    used = Evidence()
    for n in range(20):
        assert not used.update(-n * HOP, 0.01, bands(BACKGROUND), bands(0.0))
    return used


def test_a_loud_voice_ducks_within_five_hops(evidence):
    assert hops_until_duck(evidence) <= 5


def test_a_voice_is_found_sooner_than_a_noise_as_loud(evidence):
    other = Evidence()
    other._floor[:] = evidence._floor
    faint = {"power": 6e-6, "residual": 1e-6}
    noise = hops_until_duck(other, speech=0.01, **faint)
    assert hops_until_duck(evidence, **faint) < (noise or 61)


@pytest.mark.parametrize(
    "why",
    [
        {"speech": 0.3, "power": 1e-4, "residual": 1e-4},  # our own echo
        {"speech": 0.3, "power": 2e-8, "residual": 0.0},  # the background
    ],
)
def test_what_is_expected_does_not_duck(evidence, why):
    assert hops_until_duck(evidence, **why) is None


def test_music_and_an_unknown_echo_path_need_more(evidence):
    usual = hops_until_duck(evidence)
    assert hops_until_duck(evidence, media=True) > usual
    later = {"start": RULES.deaf, "converged": False}
    evidence._hops = RULES.deaf // HOP
    assert hops_until_duck(evidence, **later) > usual


def test_a_bang_must_say_more_than_a_voice(evidence):
    voice = hops_until_duck(evidence, speech=RULES.voiced)
    other = Evidence()
    other._floor[:] = evidence._floor
    other._voiceless = RULES.voice_hops
    assert hops_until_duck(other, speech=RULES.voiced - 0.1) > voice


@pytest.mark.parametrize("how", [{"media": True}, {"converged": False}])
def test_over_music_and_an_unknown_path_only_a_voice_ducks(evidence, how):
    evidence._hops = RULES.deaf // HOP
    evidence._voiceless = RULES.voice_hops
    assert hops_until_duck(evidence, speech=0.01, **how) is None
    assert hops_until_duck(evidence, **how)


def test_the_first_echo_ever_is_no_person(evidence):
    deaf, evidence._hops = RULES.deaf // HOP, 0
    assert hops_until_duck(evidence, most=deaf, converged=False) is None
    assert hops_until_duck(evidence, start=RULES.deaf, converged=False)


def test_where_the_echo_path_is_known_the_first_second_counts(evidence):
    evidence._hops = 0
    assert hops_until_duck(evidence) <= 5


def test_after_a_false_duck_it_asks_for_more_and_forgets_in_time(evidence):
    usual = hops_until_duck(evidence)
    evidence.burn(0)
    assert hops_until_duck(evidence) > usual
    evidence.burn(0)
    assert hops_until_duck(evidence, start=int(RULES.forgive_s * SAMPLE_RATE)) == usual


def test_a_television_ducks_once_and_somebody_louder_again(evidence):
    assert hops_until_duck(evidence, power=1e-4)
    evidence.burn(0, 1e-4)
    assert hops_until_duck(evidence, power=1e-4) is None
    assert hops_until_duck(evidence, power=4e-4)


def test_a_television_that_fell_silent_hides_nobody(evidence):
    evidence.burn(0, 8e-4)
    assert hops_until_duck(evidence, power=1e-4) is None
    evidence.burn(0, 8e-4)
    calm = RULES.calm // HOP + 1
    assert hops_until_duck(evidence, 0, 0.01, BACKGROUND, most=calm) is None
    assert hops_until_duck(evidence, start=calm * HOP, power=1e-4)


def test_after_a_loud_accident_a_quieter_voice_is_heard(evidence):
    evidence.burn(0)
    assert hops_until_duck(evidence, power=1e-4)


@given(
    st.floats(0.0, 1.0),
    st.lists(st.floats(0.0, 1.0), min_size=BANDS, max_size=BANDS),
    st.lists(st.floats(0.0, 1.0), min_size=BANDS, max_size=BANDS),
)
def test_no_hop_is_worth_more_than_the_most(speech, output, residual):
    evidence = Evidence()
    evidence.update(HOP, speech, np.array(output, np.float32), np.array(residual, np.float32))
    assert 0.0 <= evidence.sum <= RULES.most - RULES.drift


def test_the_onset_lies_before_the_duck_and_not_before_the_start():
    assert Evidence().onset(SAMPLE_RATE) == SAMPLE_RATE - RULES.lookback
    assert Evidence().onset(10) == 0


@pytest.mark.parametrize("asked", [RULES.duck, 5 * RULES.duck])
def test_the_onset_of_what_was_hard_to_hear_lies_further_back(asked):
    """A "stop" that ducked after 0.4 s lost its first half to the recogniser."""
    evidence, spoke = Evidence(EvidenceRules(duck=asked)), 200 * HOP
    assert hops_until_duck(evidence, speech=0.01, power=BACKGROUND, most=200) is None
    at = spoke + hops_until_duck(evidence, start=spoke) * HOP
    assert evidence.onset(at) == min(spoke, at - RULES.lookback)
    assert evidence.onset(at + RULES.longest) == at


def test_the_noise_floor_falls_at_once_and_rises_slowly():
    floor = NoiseFloor()
    assert floor.update(1e-6) == 1e-6
    for _ in range(SAMPLE_RATE // HOP):
        floor.update(1.0)
    assert floor.power == pytest.approx(1e-6 * 10**0.1, rel=0.01)
