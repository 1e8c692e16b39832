"""The shopping list, and any other list by its name."""

from __future__ import annotations

from assistant import (
    Ask,
    Items,
    Needs,
    Ordinal,
    Policy,
    Quantity,
    Reply,
    Segment,
    Skill,
    SkillError,
    Speaker,
)
from assistant.language.numbers import number_words
from assistant.language.quantities import say
from assistant.language.slots import read_items
from assistant.language.text import join, words

from . import _lists as lists
from ._household import ITEMS, LISTS
from ._lists import SHOPPING, Entry, contents, fill

skill = Skill(
    "shopping",
    "add milk and eggs to the shopping list",
    rules={
        "list": "([the|my|our] [shopping|grocery|groceries] list|(the|my|our) {name} list)",
        "to": "(to|on|onto) <list>",
        "from": "[(from|off|of)] <list>",
        "remove": "(remove|delete|take|take off|cross|cross off)",
        "missing": "(I am|we are|I have|we have) [(all|almost|run|running)] out of",
    },
    words={"items": ITEMS, "name": LISTS},
    tables=lists.TABLES,
)


@skill.on("add {items} [<to>]", "put {items} <to>")
def add(speaker: Speaker, items: Items, name: str = SHOPPING) -> str | Ask | Reply:
    """Add things, merging what is there already."""
    if not items:
        return Ask("Sorry, what should I add?", hear=add_heard, data={"name": name})
    name = lists.list_name(name)
    said, there, touched = [], [], []
    with speaker.store.step(skill.name) as step:
        for item in items:
            entry, changed = lists.put(step, name, item)
            (said if changed else there).append((item, entry))
            touched.append(entry)
        things = join([say(item.quantity, item.name) for item, _ in said])
        step.label = f"adding {things}"
    speaker.store.set(skill.name, "touched", touched[-1].id)
    return Reply.of(lists.added(said, there, name, items.missed), item=touched[-1])


def add_heard(speaker: Speaker, text: str, name: str) -> str | Ask | Reply:
    """Add what was answered to "what should I add?"."""
    return add(speaker, read_items(words(text), ITEMS), name)


@skill.on(
    "(add|put) [(something|things|some things)] <to>",
    "add (something|an item|things)",
)
def add_what(speaker: Speaker, name: str = SHOPPING) -> Ask:
    """Ask what to add."""
    return Ask("What should I add?", hear=add_heard, data={"name": lists.list_name(name)})


@skill.on("((I|we) (need|want) [(to buy|to get)]|<missing>|we ran out of|buy|get) {items}")
def need(speaker: Speaker, items: Needs) -> str | Ask | Reply:
    """Add what somebody says is missing."""
    return add(speaker, items)


@skill.on("<remove> {items} [off] [<from>]")
def remove(speaker: Speaker, items: Items, name: str = "") -> str | Reply:
    """Take things off a list, by name."""
    name = _known_list(speaker, name)
    found = {item.name: lists.find(speaker.store, name, item.name) for item in items}
    entries = [entry for entry in found.values() if entry is not None]
    absent = [thing for thing, entry in found.items() if entry is None]
    if not entries:
        raise SkillError(lists.absent(absent, name))
    done = _take_off(speaker, entries)
    return f"{done} {lists.absent(absent, name)}" if absent else done


@skill.on(
    "<remove> [the] {which} [(one|item|thing)] [(off|out)] [<from>]",
    "<remove> number {number} [<from>]",
)
def remove_nth(speaker: Speaker, which: Ordinal | None = None, number: int = 0, name: str = ""):
    """Take off the entry at a place: of what was just read, else of the list."""
    place = int(which if which is not None else number)
    return _take_off(speaker, [_at(speaker, place, name)])


@skill.on("<remove> (that|this|it) [(one|item)] [(off|out)] [<from>]")
def remove_that(speaker: Speaker, name: str = "") -> str | Ask:
    """Take off the entry that is being read."""
    entry = _pointed(speaker)
    if entry is not None:
        return _take_off(speaker, [entry])
    name = _known_list(speaker, name)
    entries = lists.entries(speaker.store, name)
    if not entries:
        raise SkillError(f"Your {name} list is empty.")
    options = {e.name: e.id for e in entries}
    return Ask("Which one?", options=options, choose=remove_chosen, data={"name": name})


def remove_chosen(speaker: Speaker, value: int, name: str) -> str:
    """Take off the entry that was chosen."""
    chosen = [e for e in lists.entries(speaker.store, name) if e.id == value]
    if not chosen:
        raise SkillError("That one is gone already.")
    return _take_off(speaker, chosen)


@skill.on(
    "[actually] make (that|it|them) {amount}",
    "[actually] change (that|it) to {amount}",
    "I (want|need) {amount} of (that|those|them|it)",
)
def amend(speaker: Speaker, amount: Quantity) -> str | Reply:
    """Set how much is wanted of the entry being read, or else the one added last."""
    entry = _pointed(speaker) or _touched(speaker)
    if entry is None:
        raise SkillError("I don't know which one you mean.")
    with speaker.store.step(skill.name) as step:
        changed = lists.set_quantity(step, entry, amount)
        step.label = f"changing {entry.name} to {changed}"
    return Reply.of(f"Okay, {changed}.", item=changed)


@skill.on(
    "(is|are) [there] {items} on <list>",
    "do (I|we) [already] (have|need) [any] {items} [on <list>]",
)
def check(speaker: Speaker, items: Items, name: str = "") -> str:
    """Say whether things are on a list."""
    if not items:
        raise SkillError("I didn't catch what to look for.")
    name = _known_list(speaker, name)
    found = [(i.name, lists.find(speaker.store, name, i.name)) for i in items]
    yes = [str(entry) for _, entry in found if entry is not None]
    no = [thing for thing, entry in found if entry is None]
    if not no:
        return f"Yes, {join(yes)}."
    if not yes:
        return lists.absent(no, name)
    return f"{join(yes).capitalize()}, but no {join(no, 'or')}."


@skill.on(
    "what is (on|in) <list>",
    "(read|tell|show|list) [me] <list> [(again|out|aloud)]",
    "what (do I|do we) need [to buy]",
    "what (have I got|do I have|do we have) on <list>",
)
def read(speaker: Speaker, name: str = "") -> str | Reply:
    """Read a list, one segment per entry."""
    name = _known_list(speaker, name)
    entries = lists.entries(speaker.store, name)
    if not entries:
        return f"Your {name} list is empty."
    if len(entries) == 1:
        return Reply.of(f"You only have {entries[0]}.", item=entries[0])
    intro = f"You have {number_words(len(entries))} things:"
    if name != SHOPPING:
        intro = f"Your {name} list has {number_words(len(entries))} things:"
    segments = [Segment(f"{entry},", entry) for entry in entries[:-2]]
    comma = "," if len(entries) > 2 else ""
    segments.append(Segment(f"{entries[-2]}{comma}", entries[-2]))
    segments.append(Segment(f"and {entries[-1]}.", entries[-1]))
    return Reply((Segment(intro), *segments))


@skill.on(
    "how many (items|things|entries) are [there] (on|in) <list>",
    "how (long|big) is <list>",
)
def count(speaker: Speaker, name: str = "") -> str:
    """Say how many entries a list has."""
    name = _known_list(speaker, name)
    number = len(lists.entries(speaker.store, name))
    return f"{number_words(number).capitalize()} thing{'s' * (number != 1)}."


@skill.on(
    "(clear|empty|erase|delete|remove) <list>",
    "(clear|delete|remove) everything [(from|on)] <list>",
)
def clear(speaker: Speaker, name: str = "") -> str | Ask:
    """Ask before a list is emptied."""
    name = _known_list(speaker, name)
    number = len(lists.entries(speaker.store, name))
    if not number:
        return f"Your {name} list is empty already."
    what = {1: "the one thing", 2: "both things"}.get(number, f"all {number_words(number)} things")
    return Ask(
        f"Remove {what} from {lists.the(name)}?",
        yes=clear_now,
        no="Okay, I kept it.",
        data={"name": name},
        policy=Policy.CLOSED,
    )


def clear_now(speaker: Speaker, name: str) -> str:
    """Empty the list."""
    with speaker.store.step(skill.name, f"clearing {lists.the(name)}") as step:
        lists.remove(step, lists.entries(speaker.store, name))
    return f"Your {name} list is empty now."


@skill.on(
    "(create|make|start) [a|an] [new] {name} list",
    "(create|make|start) [a] [new] list (called|named|for) {name}",
)
def create(speaker: Speaker, name: str) -> str:
    """Make a new list."""
    name = lists.list_name(name)
    if lists.exists(speaker.store, name):
        return f"You have {lists.the(name, 'a')} already."
    with speaker.store.step(skill.name, f"making {lists.the(name)}") as step:
        lists.create(step, name)
    return f"You have {lists.the(name, 'a')} now."


@skill.on(
    "(which|what) lists (do I have|do we have|are there)",
    "(read|tell me|list) [all] [my|the] lists",
)
def which_lists(speaker: Speaker) -> str:
    """Name all lists."""
    names = lists.names(speaker.store)
    if len(names) == 1:
        return "You only have your shopping list."
    return f"You have {number_words(len(names))} lists: {join(names)}."


@skill.on("[what is] [the] {which} (one|item|thing) [on <list>]")
def nth(speaker: Speaker, which: Ordinal, name: str = "") -> Reply:
    """Say which entry is at a place, so that it can be pointed at."""
    entry = _at(speaker, which, name)
    return Reply.of(f"That's {entry}.", item=entry)


@skill.on("(that|this) one")
def this_one(speaker: Speaker) -> Reply:
    """Say which entry is meant."""
    entry = _pointed(speaker)
    if entry is None:
        raise SkillError("I don't know which one you mean.")
    return Reply.of(f"That's {entry}.", item=entry)


def _known_list(speaker: Speaker, said: str) -> str:
    name = lists.list_name(said)
    if not lists.exists(speaker.store, name):
        raise SkillError(f"You have no {name} list.")
    return name


def _take_off(speaker: Speaker, entries: list[Entry]) -> str:
    things = join([entry.name for entry in entries])
    with speaker.store.step(skill.name, f"removing {things}") as step:
        lists.remove(step, entries)
    return f"Removed {things}."


def _still_there(speaker: Speaker, entry: object) -> Entry | None:
    if not isinstance(entry, Entry):
        return None
    now = [e for e in lists.entries(speaker.store, entry.list) if e.id == entry.id]
    return now[0] if now else None


def _pointed(speaker: Speaker) -> Entry | None:
    return _still_there(speaker, speaker.last.item) if speaker.last is not None else None


def _touched(speaker: Speaker) -> Entry | None:
    row = speaker.store.get(skill.name, "touched")
    rows = speaker.store.read("SELECT list FROM entries WHERE id = ?", row)
    return _still_there(speaker, Entry(int(row), rows[0][0], "", Quantity())) if rows else None


def _at(speaker: Speaker, place: int, said: str) -> Entry:
    """Return the entry at a place: of what was just read out, unless a list is named."""
    read_out = speaker.last.items if speaker.last is not None and not said else ()
    name = _known_list(speaker, said)
    items = [i for i in read_out if isinstance(i, Entry)]
    entries = items if len(items) > 1 else lists.entries(speaker.store, name)
    index = place - 1 if place > 0 else place
    if not entries:
        raise SkillError(f"Your {name} list is empty.")
    if not -len(entries) <= index < len(entries):
        raise SkillError(f"There are only {number_words(len(entries))}.")
    entry = _still_there(speaker, entries[index])
    if entry is None:
        raise SkillError("That one is gone already.")
    return entry


skill.contents, skill.fill = contents, fill
