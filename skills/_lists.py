"""Named lists of things with amounts, in the store; what the shopping skill talks about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assistant.journal import Step
from assistant.language.quantities import Quantity, say
from assistant.language.slots import Item, read_items
from assistant.language.text import join, words
from assistant.language.words import singular
from assistant.store import Store

SHOPPING = "shopping"
TABLES = (
    """
    CREATE TABLE lists (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY, list TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL,
        quantity TEXT NOT NULL DEFAULT '', UNIQUE (list, key));
    """,
)
_SAME_LIST = {"grocery": SHOPPING, "groceries": SHOPPING, "": SHOPPING, "shop": SHOPPING}


@dataclass(frozen=True)
class Entry:
    """One line of a list; ``id`` orders the list."""

    id: int
    list: str
    name: str
    quantity: Quantity

    def __str__(self) -> str:
        return say(self.quantity, self.name)


def list_name(said: str) -> str:
    """Return the name under which a list is stored: the grocery list is the shopping list."""
    name = " ".join(w for w in said.split() if w not in ("the", "my", "our", "list"))
    return _SAME_LIST.get(name, name)


def key(name: str) -> str:
    """Return what makes two names the same thing: egg and eggs."""
    return singular(" ".join(words(name)))


def entries(store: Store, name: str) -> list[Entry]:
    """Return a list's entries in the order they were added."""
    rows = store.read("SELECT * FROM entries WHERE list = ? ORDER BY id", name)
    return [_entry(row) for row in rows]


def find(store: Store, name: str, thing: str) -> Entry | None:
    """Return the entry for ``thing``, also by its last word ("oil" finds the only oil)."""
    wanted = key(thing)
    all_ = entries(store, name)
    exact = [e for e in all_ if key(e.name) == wanted]
    ending = [e for e in all_ if key(e.name).endswith(f" {wanted}")]
    found = exact or (ending if len(ending) == 1 else [])
    return found[0] if found else None


def exists(store: Store, name: str) -> bool:
    """Return whether a list was ever made; the shopping list always is."""
    return name == SHOPPING or bool(store.read("SELECT 1 FROM lists WHERE name = ?", name))


def names(store: Store) -> list[str]:
    """Return all lists, the shopping list first."""
    rows = store.read("SELECT name FROM lists WHERE name != ? ORDER BY id", SHOPPING)
    return [SHOPPING, *(row["name"] for row in rows)]


def create(step: Step, name: str) -> None:
    """Make a list unless it is there."""
    if step.db.execute("SELECT 1 FROM lists WHERE name = ?", (name,)).fetchone() is None:
        step.insert("lists", name=name)


def put(step: Step, name: str, item: Item) -> tuple[Entry, bool]:
    """Add a thing to a list, merging it with what is there; return the entry and if it changed."""
    create(step, name)
    old = step.db.execute(
        "SELECT * FROM entries WHERE list = ? AND key = ?", (name, key(item.name))
    ).fetchone()
    if old is None:
        row = step.insert(
            "entries",
            list=name,
            name=item.name,
            key=key(item.name),
            quantity=item.quantity.encode(),
        )
        return Entry(row, name, item.name, item.quantity), True
    before = _entry(old)
    total = before.quantity + item.quantity
    if total != before.quantity:
        step.update("entries", before.id, quantity=total.encode())
    return Entry(before.id, name, before.name, total), total != before.quantity


def set_quantity(step: Step, entry: Entry, quantity: Quantity) -> Entry:
    """Replace how much of a thing is wanted."""
    step.update("entries", entry.id, quantity=quantity.encode())
    return Entry(entry.id, entry.list, entry.name, quantity)


def remove(step: Step, gone: Iterable[Entry]) -> None:
    """Take entries off their lists."""
    for entry in gone:
        step.delete("entries", entry.id)


def the(name: str, article: str = "your") -> str:
    """Return a list's name with its article."""
    return f"{article} {name} list"


def added(said: list, there: list, name: str, missed: bool) -> str:
    """Return the confirmation: what was added, what was there already, what was missed."""
    sentences = []
    if said:
        things = join([say(item.quantity, item.name) for item, _ in said])
        totals = [str(e) for item, e in said if e.quantity != item.quantity]
        where = "" if name == SHOPPING else f" to your {name} list"
        sentences.append(f"Added {things}{where}" + (f", that makes {join(totals)}" * bool(totals)))
    if there:
        things = join([str(entry) for _, entry in there])
        many = len(there) > 1 or there[0][1].name.endswith("s")
        things = things[0].upper() + things[1:]
        sentences.append(f"{things} {'are' if many else 'is'} already on {the(name)}")
    if missed:
        sentences.append("I missed one of them")
    return ". ".join(sentences) + "."


def absent(things: list[str], name: str) -> str:
    """Return "Milk isn't on your shopping list." for things that were asked for."""
    if not things:
        return "I didn't catch which one."
    said = join(things, "or")
    many = things[-1].endswith("s")
    return f"{said[0].upper()}{said[1:]} {'are' if many else 'is'}n't on {the(name)}."


def contents(store: Store) -> dict[str, list[str]]:
    """Return every list with its entries as said, for reports."""
    return {name: [str(e) for e in entries(store, name)] for name in names(store)}


def fill(store: Store, name: str, things: Iterable[str]) -> None:
    """Put things on a list without a word, for scenes that begin with one."""
    with store.step(SHOPPING, "filling the list") as step:
        for thing in things:
            for item in read_items(words(thing)):
                put(step, list_name(name), item)


def _entry(row) -> Entry:
    return Entry(row["id"], row["list"], row["name"], Quantity.decode(row["quantity"]))
