"""Numbers, quantities, plurals and the normal form of an utterance."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import text
from assistant.numbers import LARGEST, number_words, ordinal_words, read_number
from assistant.quantities import UNITS, Quantity, read_quantity, say
from assistant.words import plural, singular

amounts = st.builds(Fraction, st.integers(1, 40), st.sampled_from((1, 2)))
quantities = st.lists(
    st.tuples(st.sampled_from(["", *sorted(set(UNITS.values()))]), amounts), max_size=3
)


def built(parts) -> Quantity:
    total = Quantity()
    for unit, amount in parts:
        total += Quantity.of(amount, unit)
    return total


@given(st.integers(0, LARGEST))
def test_numbers_are_read_as_they_are_said(n):
    words = number_words(n).split()
    assert read_number(words) == (n, len(words))
    assert text.words(str(n)) == tuple(words)


@given(st.integers(0, 999), st.sampled_from(("milk", "bottles", "and", "of")))
def test_a_number_ends_where_the_next_word_begins(n, following):
    words = number_words(n).split()
    assert read_number([*words, following]) == (n, len(words))


@pytest.mark.parametrize(
    ("said", "value"),
    [("a hundred", 100), ("two hundred and ten", 210), ("three thousand and five", 3005)],
)
def test_numbers_as_people_say_them(said, value):
    assert read_number(said.split()) == (value, len(said.split()))


def test_numbers_that_are_none():
    assert read_number(["milk"]) is None
    assert read_number([]) is None
    with pytest.raises(ValueError, match="outside"):
        number_words(-1)


@pytest.mark.parametrize(
    ("n", "said"),
    [(1, "first"), (2, "second"), (12, "twelfth"), (20, "twentieth"), (23, "twenty third")],
)
def test_ordinals(n, said):
    assert ordinal_words(n) == said


@given(quantities, quantities, quantities)
def test_merging_quantities_knows_no_order(a, b, c):
    a, b, c = built(a), built(b), built(c)
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Quantity() == a


@given(quantities)
def test_quantities_survive_the_store(parts):
    quantity = built(parts)
    assert Quantity.decode(quantity.encode()) == quantity


@given(st.sampled_from(sorted(set(UNITS.values()))), amounts)
def test_a_quantity_is_understood_as_it_is_said(unit, amount):
    quantity = Quantity.of(amount, unit)
    words = text.words(say(quantity, "flour"))
    read, at = read_quantity(words)
    assert (read, words[at:]) == (quantity, ("flour",))


@pytest.mark.parametrize(
    ("said", "back"),
    [
        ("2 liters of milk", "two litres of milk"),
        ("1.5l milk", "one and a half litres of milk"),
        ("half a kilo of flour", "half a kilo of flour"),
        ("a dozen eggs", "a dozen eggs"),
        ("500g ham", "five hundred grams of ham"),
        ("a couple of lemons", "two lemons"),
        ("a hundred grams of ham", "one hundred grams of ham"),
        ("one loaf of bread", "one loaf of bread"),
        ("two toilet paper", "two toilet paper"),
        ("three tomato", "three tomatoes"),
        ("some milk", "milk"),
        ("a box", "one box"),
    ],
)
def test_quantities_as_people_say_them(said, back):
    words = text.words(said)
    quantity, at = read_quantity(words)
    assert say(quantity, " ".join(words[at:])) == back


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("egg", "eggs"),
        ("light bulb", "light bulbs"),
        ("tomato", "tomatoes"),
        ("cherry", "cherries"),
        ("cookie", "cookies"),
        ("box", "boxes"),
        ("peach", "peaches"),
        ("loaf", "loaves"),
        ("battery", "batteries"),
        ("milk", "milk"),
        ("scissors", "scissors"),
        ("hummus", "hummus"),
        ("pear", "pears"),
    ],
)
def test_singular_and_plural(one, many):
    assert plural(one) == many
    assert singular(many) == one
    assert singular(one) == one and plural(many) == many


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("What's on my list?", "what is on my list"),
        ("whats on my list", "what is on my list"),
        ("I\u2019m out of milk", "i am out of milk"),
        ("set volume to 30%", "set volume to thirty percent"),
        ("25", "twenty five"),
        ("salt & pepper", "salt and pepper"),
        ("to-do list", "to do list"),
        ("two Litres", "two liters"),
        ("o'clock", "o'clock"),
        ("[unk] stop", "[unk] stop"),
    ],
)
def test_one_normal_form(typed, heard):
    assert text.words(typed) == tuple(heard.split())


@given(st.text(max_size=60))
def test_any_text_has_a_normal_form_that_stays(said):
    words = text.words(said)
    assert text.words(" ".join(words)) == words
    assert all(core for core in text.cores(words))
