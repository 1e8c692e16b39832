"""Amounts: read, merged, stored and said."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language import text
from assistant.language.quantities import UNITS, Quantity, read_quantity, say

amounts = st.builds(Fraction, st.integers(1, 40), st.sampled_from((1, 2)))
quantities = st.lists(
    st.tuples(st.sampled_from(["", *sorted(set(UNITS.values()))]), amounts), max_size=3
)


def built(parts) -> Quantity:
    total = Quantity()
    for unit, amount in parts:
        total += Quantity.of(amount, unit)
    return total


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
