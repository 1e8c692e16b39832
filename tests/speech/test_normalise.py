from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.speech.normalise import for_speech


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("It is 7:30.", "It is 7 30."),
        ("at 7:05 pm today", "at 7 oh 5 PM today"),
        ("at 7:05 p.m. today", "at 7 oh 5 PM today"),
        ("It is 7:05 pm.", "It is 7 oh 5 PM."),
        ("at 12:00", "at 12 o'clock"),
        ("1:30:20", "1:30:20"),
        ("on 2026-11-23", "on the twenty third of November 2026"),
        ("2026-13-40", "2026-13-40"),
        ("2 l of milk & 1 kg rice", "2 litres of milk and 1 kilogram rice"),
        ("500g flour, 0.5 l oil", "500 grams flour, 0.5 litres oil"),
        ("at 100 km/h", "at 100 kilometres per hour"),
        ("3 kWh at 50 Hz", "3 kilowatt hours at 50 hertz"),
        ("1½ cups", "1 and a half cups"),
        ("1 1/2 l milk", "1 and a half litres milk"),
        ("1/2 l milk, ¼ h", "half a litre milk, a quarter of an hour"),
        ("5/8 and AC/DC", "5/8 and AC/DC"),
        ("volume 40%", "volume 40 percent"),
        ("21 °C outside", "21 degrees outside"),
        ("-5 °C", "minus 5 degrees"),
        ("2-3 eggs, 10–12 minutes", "2 to 3 eggs, 10 to 12 minutes"),
        ("-5-10", "minus 5 to 10"),
        ("call 555-1234", "call 555-1234"),
        ("a well-known 3-2 win", "a well-known 3-2 win"),
        ("€3.50 or 3,50 €", "3 euros fifty or 3 euros fifty"),
        ("$1, £0.20, $1,000", "1 dollar, 20 pence, 1,000 dollars"),
        ("2 x milk", "2 times milk"),
        ("Bread, e.g. rye", "Bread, for example rye"),
        ("Dr. Lee", "Doctor Lee"),
        ("no. 5 and #6", "number 5 and number 6"),
        ("No. I won't", "No. I won't"),
        ("milk,eggs,bread", "milk, eggs, bread"),
        ("- milk\n- eggs\n- bread", "milk, eggs, bread"),
        ("First.\nSecond", "First. Second"),
        ("Nothing odd here.", "Nothing odd here."),
        ("the 3 sisters", "the 3 sisters"),
        ("1,000,000 and 3.14", "1,000,000 and 3.14"),
    ],
)
def test_what_is_read(text, spoken):
    assert for_speech(text) == spoken


ODD = st.text(st.sampled_from("ab12:.,%&½ lgkmp°C-/€$#x\n"), max_size=40)


@given(ODD)
def test_reading_twice_changes_nothing_more(text):
    assert for_speech(for_speech(text)) == for_speech(text)


@given(st.one_of(ODD, st.text(max_size=60)))
def test_any_text_is_one_line_without_needless_space(text):
    spoken = for_speech(text)
    assert "\n" not in spoken and "  " not in spoken.replace("\t", " ")
    assert spoken == spoken.strip()


WORDS = ["milk", "and", "two", "the", "bread", "olive", "oil", "eggs"]


@given(
    st.lists(st.sampled_from([*WORDS, "3 l", "7:30", "€2.50", "1/2", "20%", "5-6"]), max_size=12)
)
def test_words_stay_in_their_order(parts):
    kept = [word for word in re.findall(r"[a-z]+", for_speech(" ".join(parts))) if word in WORDS]
    expected = [part for part in parts if part in WORDS]
    rest = iter(kept)
    assert all(word in rest for word in expected)


@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), st.sampled_from([".", "!", "?", ""])
)
def test_plain_sentences_are_left_alone(words, end):
    text = " ".join(words) + end
    assert for_speech(text) == text
