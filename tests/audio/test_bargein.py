import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.bargein import Evidence, EvidenceRules, NoiseFloor
from assistant.audio.format import HOP, SAMPLE_RATE

QUIET, LOUD = 1e-7, 1e-3


def hops_until_duck(evidence: Evidence, start: int = 0, **hop: float) -> int | None:
    values = {"speech": 0.9, "power": LOUD, "residual": QUIET, "noise": QUIET} | hop
    for n in range(1, 50):
        if evidence.update(start + n * HOP, **values):
            return n
    return None


def test_speech_over_the_reply_ducks_within_a_few_hops():
    assert hops_until_duck(Evidence()) == EvidenceRules().hops


@pytest.mark.parametrize(
    "why",
    [
        {"speech": 0.1},  # a dropped plate
        {"power": 1e-4, "residual": 1e-4},  # our own echo
        {"power": 2e-7},  # the background
    ],
)
def test_no_duck_without_agreement(why):
    assert hops_until_duck(Evidence(), **why) is None


def test_after_a_false_duck_it_asks_for_more_and_forgets_in_time():
    evidence, rules = Evidence(), EvidenceRules()
    barely = {"residual": LOUD / 10 ** ((rules.over_residual_db + 1) / 10)}
    assert hops_until_duck(evidence, **barely) == rules.hops
    evidence = Evidence()
    evidence.burn(0)
    assert hops_until_duck(evidence, **barely) is None
    assert hops_until_duck(evidence) == rules.hops
    evidence = Evidence()
    evidence.burn(0)
    later = int(rules.burnt_db / rules.forgive_db_s * SAMPLE_RATE)
    assert hops_until_duck(evidence, start=later, **barely) == rules.hops


def test_an_unknown_echo_path_needs_more():
    rules = EvidenceRules()
    clear = LOUD / 10 ** ((rules.over_residual_db + rules.unsure_db + 1) / 10)
    barely = LOUD / 10 ** ((rules.over_residual_db + 1) / 10)
    assert hops_until_duck(Evidence(), residual=barely, converged=False) is None
    assert hops_until_duck(Evidence(), residual=clear, converged=False) == rules.hops


def test_it_learns_what_its_own_voice_leaves_behind():
    evidence, rules = Evidence(), EvidenceRules()
    leak = {"residual": LOUD / 10 ** ((rules.over_residual_db + 1) / 10)}
    assert hops_until_duck(evidence, **leak) == rules.hops
    for n in range(400):
        evidence.update(n * HOP, 0.9, LOUD, leak["residual"], QUIET)
    assert hops_until_duck(evidence, **leak) is None
    assert hops_until_duck(evidence) == rules.hops


def test_people_who_are_not_ducked_for_do_not_teach_it_to_ignore_them():
    evidence, rules = Evidence(), EvidenceRules()
    for n in range(4000):
        evidence.update(n * HOP, 0.9, LOUD, QUIET, QUIET)
    over = 10 ** ((rules.most_db + rules.over_usual_db + 1) / 10)
    assert hops_until_duck(evidence, residual=LOUD / over) == rules.hops


def test_onset_lies_before_the_duck():
    assert 0 < Evidence().onset(32_000) < 32_000
    assert Evidence().onset(10) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_noise_floor_never_exceeds_the_quietest_hop_by_more_than_its_rise(powers):
    floor = NoiseFloor()
    for n, power in enumerate(powers):
        level = floor.update(power)
        assert 0 < level <= max(min(powers[: n + 1]), 1e-10) * NoiseFloor.RISE ** (n + 1) * 1.0001
