"""The shopping list in conversation."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.language.quantities import Quantity
from assistant.language.text import words
from assistant.plugins import attach
from tests.talking import Talk, shipped

attach("skills")
shipped()
from assistant.skills import shopping  # noqa: E402


@pytest.fixture
def talk(tmp_path):
    talk = Talk(tmp_path / "assistant.db")
    yield talk
    talk.store.close()


def on_list(talk: Talk, name: str = "shopping") -> list[str]:
    return shopping.contents(talk.store).get(name, [])


@pytest.mark.parametrize(
    ("said", "reply", "entries"),
    [
        (
            "add two litres of milk, eggs and olive oil to the shopping list",
            "Added two litres of milk, eggs and olive oil.",
            ["two litres of milk", "eggs", "olive oil"],
        ),
        (
            "add milk eggs and olive oil",
            "Added milk, eggs and olive oil.",
            ["milk", "eggs", "olive oil"],
        ),
        ("put bread on my list", "Added bread.", ["bread"]),
        ("add twenty two eggs to the grocery list", "Added twenty two eggs.", ["twenty two eggs"]),
        ("i need batteries", "Added batteries.", ["batteries"]),
        ("we are out of toilet paper", "Added toilet paper.", ["toilet paper"]),
        ("we need more milk", "Added milk.", ["milk"]),
        ("buy printer ink", "Added printer ink.", ["printer ink"]),
        ("add [unk] and eggs", "Added eggs. I missed one of them.", ["eggs"]),
        ("add half a kilo of flour", "Added half a kilo of flour.", ["half a kilo of flour"]),
    ],
)
def test_adding(talk, said, reply, entries):
    assert talk.say(said) == reply
    assert on_list(talk) == entries


@pytest.mark.parametrize(
    ("first", "second", "reply", "entries"),
    [
        ("add milk", "add milk", "Milk is already on your shopping list.", ["milk"]),
        ("add eggs", "add an egg", "Added one egg.", ["one egg"]),
        (
            "add two eggs",
            "add three eggs",
            "Added three eggs, that makes five eggs.",
            ["five eggs"],
        ),
        (
            "add two litres of milk",
            "add milk",
            "Two litres of milk is already on your shopping list.",
            ["two litres of milk"],
        ),
        ("add milk", "add two litres of milk", "Added two litres of milk.", ["two litres of milk"]),
        (
            "add two litres of milk",
            "add a bottle of milk",
            "Added one bottle of milk, that makes one bottle and two litres of milk.",
            ["one bottle and two litres of milk"],
        ),
        (
            "add eggs",
            "add eggs and milk",
            "Added milk. Eggs are already on your shopping list.",
            ["eggs", "milk"],
        ),
        ("add tomato", "add tomatoes", "Tomato is already on your shopping list.", ["tomato"]),
    ],
)
def test_duplicates_merge(talk, first, second, reply, entries):
    talk.say(first)
    assert talk.say(second) == reply
    assert on_list(talk) == entries


@pytest.mark.parametrize(
    ("said", "reply", "left"),
    [
        ("remove milk", "Removed milk.", ["three eggs", "olive oil"]),
        ("take the egg off the list", "Removed eggs.", ["milk", "olive oil"]),
        ("delete oil from my list", "Removed olive oil.", ["milk", "three eggs"]),
        ("remove milk and eggs", "Removed milk and eggs.", ["olive oil"]),
        ("remove the second one", "Removed eggs.", ["milk", "olive oil"]),
        ("delete the last item from the list", "Removed olive oil.", ["milk", "three eggs"]),
        ("remove number three", "Removed olive oil.", ["milk", "three eggs"]),
        (
            "remove beer",
            "Beer isn't on your shopping list.",
            ["milk", "three eggs", "olive oil"],
        ),
        (
            "remove milk and beer",
            "Removed milk. Beer isn't on your shopping list.",
            ["three eggs", "olive oil"],
        ),
        ("remove the tenth one", "There are only three.", ["milk", "three eggs", "olive oil"]),
    ],
)
def test_removing(talk, said, reply, left):
    talk.say("add milk, three eggs and olive oil")
    talk.dialogue.speaker.last = None
    assert talk.say(said) == reply
    assert on_list(talk) == left


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("is milk on the list", "Yes, two litres of milk."),
        ("do we need bread", "Bread isn't on your shopping list."),
        ("are there eggs on my shopping list", "Yes, eggs."),
        ("is there any beer or bread on my list", "Beer or bread isn't on your shopping list."),
        ("is there any beer or milk on the list", "Two litres of milk, but no beer."),
        ("do we need apples", "Apples aren't on your shopping list."),
        ("do we have milk and beer", "Two litres of milk, but no beer."),
        ("how many items are on the list", "Two things."),
        ("what's on the hardware list", "You have no hardware list."),
        ("which lists do i have", "You only have your shopping list."),
    ],
)
def test_asking(talk, said, reply):
    talk.say("add two litres of milk and eggs")
    assert talk.say(said) == reply


def test_a_list_is_read_in_segments_that_know_their_entries(talk):
    assert talk.say("what's on my list") == "Your shopping list is empty."
    talk.say("add milk")
    assert talk.say("what's on my list") == "You only have milk."
    talk.say("add eggs and bread")
    assert talk.say("read my list") == "You have three things: milk, eggs, and bread."
    assert [s.text for s in talk.reply.segments] == [
        "You have three things:",
        "milk,",
        "eggs,",
        "and bread.",
    ]
    assert [s.item.name for s in talk.reply.segments[1:]] == ["milk", "eggs", "bread"]


def test_undo_and_redo_of_several_steps(talk):
    talk.say("add milk and eggs")
    talk.say("add two litres of milk")
    talk.say("remove eggs")
    assert talk.say("undo") == "Undone: removing eggs."
    assert on_list(talk) == ["two litres of milk", "eggs"]
    assert talk.say("undo that") == "Undone: adding two litres of milk."
    assert on_list(talk) == ["milk", "eggs"]
    assert talk.say("redo") == "Done again: adding two litres of milk."
    talk.say("undo")
    assert talk.say("undo") == "Undone: adding milk and eggs."
    assert on_list(talk) == []
    assert talk.say("undo") == "There is nothing to undo."


def test_an_addition_that_changed_nothing_is_no_step(talk):
    talk.say("add milk")
    talk.say("add milk")
    assert talk.say("undo") == "Undone: adding milk."
    assert talk.say("redo") == "Done again: adding milk."
    assert talk.say("redo") == "There is nothing to redo."


def test_clearing_asks_and_can_be_undone(talk):
    assert talk.say("clear my list") == "Your shopping list is empty already."
    talk.say("add milk, eggs and bread")
    assert talk.say("clear the list") == "Remove all three things from your shopping list?"
    assert on_list(talk) == ["milk", "eggs", "bread"]
    assert talk.say("yes") == "Your shopping list is empty now."
    assert talk.say("undo") == "Undone: clearing your shopping list."
    assert on_list(talk) == ["milk", "eggs", "bread"]


def test_named_lists(talk):
    assert talk.say("create a camping list") == "You have a camping list now."
    assert talk.say("create a camping list") == "You have a camping list already."
    talk.say("add a tent to the camping list")
    reply = talk.say("add nails and two boxes of screws to the hardware list")
    assert reply == "Added nails and two boxes of screws to your hardware list."
    assert on_list(talk, "hardware") == ["nails", "two boxes of screws"] and on_list(talk) == []
    assert (
        talk.say("which lists do i have") == "You have three lists: shopping, camping and hardware."
    )
    reply = talk.say("what's on the hardware list")
    assert reply == "Your hardware list has two things: nails and two boxes of screws."
    assert talk.say("remove nails from the hardware list") == "Removed nails."
    assert talk.say("clear the hardware list").startswith("Remove the one thing")
    assert talk.say("yes") == "Your hardware list is empty now."
    assert on_list(talk, "camping") == ["one tent"]


def test_make_that_two_can_be_undone(talk):
    talk.say("add milk")
    assert talk.say("actually make that two litres") == "Okay, two litres of milk."
    assert talk.say("make it three") == "Okay, three milk."
    assert talk.say("undo") == "Undone: changing milk to three milk."
    assert on_list(talk) == ["two litres of milk"]


def test_an_entry_that_is_gone_cannot_be_removed_twice(talk):
    talk.say("add milk, eggs and bread")
    talk.say("read my list")
    assert talk.say("remove the second one", cut=(3, 600)) == "Removed eggs."


def test_scenes_can_begin_with_a_list(talk):
    shopping.fill(talk.store, "shopping", ["milk", "two litres of juice"])
    assert on_list(talk) == ["milk", "two litres of juice"]


names = st.sampled_from(["milk", "eggs", "olive oil", "bread", "light bulbs", "mac and cheese"])
counts = st.integers(1, 60)


@settings(max_examples=40)
@given(st.lists(st.tuples(names, counts), min_size=1, max_size=5))
def test_amounts_of_the_same_thing_add_up(tmp_path_factory, additions):
    talk = Talk(tmp_path_factory.mktemp("db") / "x.db")
    wanted: dict[str, int] = {}
    for name, count in additions:
        talk.say(f"add {count} {name}")
        wanted[name] = wanted.get(name, 0) + count
    from assistant.skills import _lists

    found = {e.name: e.quantity for e in _lists.entries(talk.store, "shopping")}
    assert found == {name: Quantity.of(Fraction(n)) for name, n in wanted.items()}
    talk.store.close()


@given(st.lists(names, min_size=1, max_size=4, unique=True))
def test_known_things_are_split_with_or_without_separators(wanted):
    for glue in (" ", " and ", ", "):
        items = shipped().match(f"add {glue.join(wanted)}").slots["items"]
        assert [i.name for i in items] == wanted


def test_the_items_are_words_a_recogniser_may_say():
    from assistant.skills._household import ITEMS

    assert len(ITEMS) > 140 and len(set(ITEMS)) == len(ITEMS)
    assert all(words(item) == tuple(item.split()) for item in ITEMS)


def test_a_thing_that_was_not_understood_is_asked_about_and_not_affirmed(talk):
    assert talk.say("is [unk] on my shopping list") == "I didn't catch what to look for."
