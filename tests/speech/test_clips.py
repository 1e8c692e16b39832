from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.speech import clips
from assistant.speech.segments import has_word

TEXT = "You have 25 items: milk, and bread."


@given(
    st.text(st.sampled_from("ab .,5é"), max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 50_000)), max_size=8),
    st.integers(0, 40_000),
)
def test_word_times_are_ordered_inside_the_clip_and_complete(text, marks, length):
    times = clips.word_times(text, marks, length)
    assert [w.text for w in times] == [w for w in text.split() if has_word(w)]
    edges = [edge for w in times for edge in (w.start, w.end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= length for edge in edges)


def test_a_mark_inside_a_word_is_its_start_and_words_between_marks_share():
    times = clips.word_times(TEXT, [(0, 0), (9, 3000), (10, 5000), (19, 9000)], 20_000)
    by_text = {w.text: w for w in times}
    assert by_text["25"].start == 3000
    assert by_text["milk,"].start == 9000
    assert by_text["You"].end == by_text["have"].start
    assert 3000 < by_text["items:"].start < 9000
    assert times[-1].end == 20_000


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_the_rate_changes_and_nothing_moves(rate):
    tone = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32)
    expected = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    changed = clips.to_speaker_rate(tone, rate)
    assert changed.dtype == np.float32 and len(changed) == 16_000
    assert np.max(np.abs(changed - expected)[400:-400]) < 2e-3


def test_what_16_khz_cannot_carry_is_gone():
    hiss = np.sin(2 * np.pi * 9000 * np.arange(22_050) / 22_050).astype(np.float32)
    assert np.max(np.abs(clips.to_speaker_rate(hiss, 22_050)[400:-400])) < 1e-3


def test_silence_at_the_end_is_cut():
    sound = np.concatenate((np.full(1000, 0.5), np.zeros(9000))).astype(np.float32)
    assert len(clips.trim_silence(sound, keep=100)) == 1100
    assert clips.trim_silence(np.zeros(500, np.float32)).size == 0
