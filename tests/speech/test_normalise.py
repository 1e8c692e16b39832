from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.speech.normalise import for_speech


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("It is 7:30.", "It is 7 30."),
        ("at 7:05 pm today", "at 7 oh 5 PM today"),
        ("at 12:00", "at 12 o'clock"),
        ("2 l of milk & 1 kg rice", "2 litres of milk and 1 kilogram rice"),
        ("500g flour, 0.5 l oil", "500 grams flour, 0.5 litres oil"),
        ("1½ cups", "1 and a half cups"),
        ("volume 40%", "volume 40 percent"),
        ("21 °C outside", "21 degrees outside"),
        ("Bread, e.g. rye", "Bread, for example rye"),
        ("Nothing odd here.", "Nothing odd here."),
        ("the 3 sisters", "the 3 sisters"),
    ],
)
def test_what_is_read(text, spoken):
    assert for_speech(text) == spoken


@given(st.text(st.sampled_from("ab12:.%&½ lgkmp°C"), max_size=40))
def test_reading_twice_changes_nothing_more(text):
    assert for_speech(for_speech(text)) == for_speech(text)
