"""Singular and plural."""

from __future__ import annotations

import pytest

from assistant.language.words import plural, singular


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
