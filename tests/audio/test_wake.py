"""The wake word on real recordings, and the decision on scores."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.files import read_audio
from assistant.audio.format import HOP
from assistant.audio.wake import REFRACTORY, WakeDecision, WakeWord, WakeWords
from assistant.errors import BadInput
from tests.data import shared

CHUNK = 1280


def scores(word: WakeWord, sound: np.ndarray) -> list[float]:
    """Return every new score of ``word`` on ``sound``, with a second of silence around it."""
    silence = np.zeros(16_000, np.float32)
    sound = np.concatenate([silence, sound, silence])
    hops = (word.process(sound[i : i + HOP]) for i in range(0, len(sound) - HOP + 1, HOP))
    return [score for score in hops if score is not None]


@pytest.mark.parametrize("name", ["alexa", "hey_jarvis", "hey_mycroft"])
def test_hears_its_own_word_and_no_other(name):
    word = WakeWord(name)
    for other in ("alexa", "hey_jarvis", "hey_mycroft"):
        sound = read_audio(shared(f"wake_other/{other}_2.flac"))
        word.reset()
        assert (max(scores(word, sound)) >= 0.5) == (other == name)


def test_twenty_people_say_alexa():
    word, heard = WakeWord("alexa"), 0
    clips = sorted(shared("alexa").glob("*.flac"))[:20]
    for clip in clips:
        word.reset()
        heard += max(scores(word, read_audio(clip))) >= 0.5
    assert heard >= 19


def test_score_every_fifth_hop_and_phase_shifts_it():
    hop = np.zeros(HOP, np.float32)
    for phase in range(5):
        word = WakeWord("alexa", phase)
        given_on = [i for i in range(15) if word.process(hop) is not None]
        assert given_on == [4 - phase, 9 - phase, 14 - phase]


def test_of_several_sounds_each_is_looked_at_a_hop_before_the_last():
    random = np.random.default_rng(5)
    sounds = random.normal(0, 0.05, (3, 120, HOP)).astype(np.float32)
    together, alone = WakeWords("hey_jarvis", 3), [WakeWord("hey_jarvis") for _ in sounds]
    compared = 0
    for n in range(sounds.shape[1]):
        scores = together.process(sounds[:, n])
        late = [np.zeros(HOP, "f4") if n < k else sounds[k, n - k] for k in range(3)]
        expected = [word.process(hop) for word, hop in zip(alone, late, strict=True)]
        assert (scores is None) == (expected[0] is None)
        if scores is not None:
            assert scores == pytest.approx(expected, rel=1e-3, abs=1e-6)
            compared += expected[0] > 0.0
    made_of = [together.embeddings(k) for k in range(3)]
    for mine, word in zip(made_of, alone, strict=True):
        assert np.allclose(mine, word.embeddings(0), atol=1e-3)
    assert compared > 0 and not np.allclose(made_of[0], made_of[1], atol=1e-1)


def test_reset_makes_it_repeatable():
    sound = np.random.default_rng(3).normal(0, 0.05, 32_000).astype(np.float32)
    word = WakeWord("hey_jarvis")
    first = scores(word, sound)
    word.process(sound[:HOP])
    word.reset()
    assert scores(word, sound) == first


def test_two_instances_do_not_disturb_each_other():
    sound = read_audio(shared("wake_other/alexa_1.flac"))
    alone = scores(WakeWord("alexa"), sound)
    one, two = WakeWord("alexa"), WakeWord("alexa", phase=2)
    together = []
    for _ in range(0, 16_000, HOP):
        two.process(np.full(HOP, 0.3, np.float32))
        if (score := one.process(np.zeros(HOP, np.float32))) is not None:
            together.append(score)
    assert together == alone[: len(together)]


def test_names_as_people_write_them():
    assert WakeWord(" Hey Jarvis ").word == WakeWord("hey-jarvis").word == "hey_jarvis"


def test_unknown_word_suggests_the_right_one():
    with pytest.raises(BadInput, match='wake.word: no wake word "hey jarvus".*"hey_jarvis"'):
        WakeWord("hey jarvus")


def test_path_of_a_model_that_is_none(tmp_path):
    with pytest.raises(BadInput, match="no such model file"):
        WakeWord(str(tmp_path / "computer.onnx"))
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"this is no model")
    with pytest.raises(BadInput, match="not a usable ONNX model"):
        WakeWord(str(bad))


def test_a_model_of_another_kind_is_refused():
    from assistant.audio.openwakeword_ import _bundled

    with pytest.raises(BadInput, match="not an openWakeWord classifier of one word"):
        WakeWord(str(_bundled("timer_v0.1.onnx")))


def test_a_path_works_like_the_name():
    from assistant.audio.openwakeword_ import find_word

    sound = np.random.default_rng(3).normal(0, 0.05, 16_000).astype(np.float32)
    by_path = WakeWord(str(find_word("alexa")))
    assert scores(by_path, sound) == scores(WakeWord("alexa"), sound)


def test_needs_no_heavy_package():
    code = (
        "import sys; from assistant.audio.wake import WakeWord;"
        "from assistant.audio.voice_activity import VoiceActivity;"
        "WakeWord('alexa'); VoiceActivity();"
        "heavy = {'openwakeword', 'silero_vad', 'sklearn', 'scipy', 'torch'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


stream = st.lists(st.floats(0, 1), max_size=80)


@given(stream, st.floats(0.05, 0.99))
def test_hits_are_above_the_threshold_and_apart(values, threshold):
    decision, last = WakeDecision(threshold, lag=800), None
    for i, score in enumerate(values):
        at = CHUNK * (i + 1)
        hit = decision.update(at, score)
        if hit is None:
            continue
        assert hit.score >= threshold and hit.score in (score, values[i - 1])
        assert 0 <= hit.end <= hit.at == at
        assert last is None or at - last >= REFRACTORY
        last = at


def hits_of(spans: list[tuple[int, int]]) -> list[int]:
    """Return the steps of 80 ms that are hits, when those in ``spans`` (from, to) score 0.9."""
    decision, found = WakeDecision(0.3), []
    for step in range(60):
        score = 0.9 if any(start <= step < stop for start, stop in spans) else 0.1
        if decision.update(step * CHUNK, score) is not None:
            found.append(step)
    return found


def test_one_utterance_is_one_hit_though_its_score_pauses():
    assert hits_of([(5, 12), (17, 19)]) == [5]  # paused for 0.4 s, 1 s after its hit
    assert hits_of([(5, 30)]) == [5]  # as long as it lasts


def test_who_says_it_again_at_once_is_heard():
    assert hits_of([(5, 16), (21, 30)]) == [5, 21]  # 0.4 s after the first stopped scoring
    assert hits_of([(5, 8), (16, 18)]) == [5, 16]  # ... or 0.6 s


@given(stream, st.floats(0.05, 0.99))
def test_the_first_word_above_the_threshold_always_hits(values, threshold):
    decision = WakeDecision(threshold)
    values = [*values, 0.0]  # whatever was rising stops
    hits = [decision.update(CHUNK * i, score) is not None for i, score in enumerate(values)]
    above = [score >= threshold for score in values]
    assert any(hits) == any(above)
    if any(above):
        first = above.index(True)
        assert hits.index(True) >= first
        assert all(a < b for a, b in pairwise(values[first : hits.index(True)]))


def test_a_clear_score_hits_at_once_and_a_weak_one_when_it_stops_rising():
    def first_hit(*values: float) -> int:
        decision = WakeDecision(0.3)
        return [decision.update(CHUNK * i, v) is not None for i, v in enumerate(values)].index(True)

    assert first_hit(0.1, 0.9, 0.95) == 1
    assert first_hit(0.1, 0.35, 0.8) == 2
    assert first_hit(0.1, 0.35, 0.45, 0.4) == 3
    assert first_hit(0.1, 0.35, 0.0) == 2


def test_one_long_utterance_is_one_hit_and_the_next_is_another():
    decision = WakeDecision(0.5)
    at = [CHUNK * i for i in range(60)]
    score = [0.9 if i < 20 or 40 <= i < 44 else 0.1 for i in range(60)]
    hits = [a for a, s in zip(at, score, strict=True) if decision.update(a, s)]
    assert hits == [0, 40 * CHUNK]


def test_threshold_of_the_moment():
    decision = WakeDecision(0.5)
    assert decision.update(CHUNK, 0.6, threshold=0.8) is None
    assert decision.update(2 * CHUNK, 0.6) is not None
