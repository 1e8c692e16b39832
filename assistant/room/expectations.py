"""What a scene expects of its report: the ``[[expect]]`` tables.

One table is one expectation; all of its keys must hold. What can be expected:

====================================  ========================================================
``lists = { shopping = ["milk"] }``   a stored list at the end, in order, letter case aside
``reply = 2`` with any of             the second reply (the first is 1)
  ``ended = "interrupted"``             how it ended: finished, interrupted or resumed
  ``contains = "milk"``                 a part of its text
  ``spoken = "you have"``               a part of what was really said of it
  ``silent_about = "eggs"``             a part that was not said any more
``utterance = 1`` with any of         the first line of the people
  ``heard = "stop"``                    a part of what was understood of it
  ``answered = true``                   whether a reply followed it
``interruptions = { wake = 1 }``      at least so many replies stopped by each kind
``resumed = 1``                       at least so many replies were ducked and went on to the end
``replies = 3``, ``wakes = 1``        exactly so many
``false_wakes = 0``, ``false_ducks``, ``false_stops``   at most so many
``outages = 2``                       exactly so often was the sound card lost and found again
``back_ms = 3000``                    it was never used later than that after it was there again
``duck_ms = 200``, ``stop_ms = 900``  no interruption took longer from its onset
====================================  ========================================================
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from assistant.errors import did_you_mean

ENDS = ("finished", "interrupted", "resumed")
INTERRUPTIONS = ("wake", "stop", "speech", "button")

_COUNTS = ("resumed", "outages", "replies", "wakes", "false_wakes", "false_ducks", "false_stops")
_OF_REPLY = ("ended", "contains", "spoken", "silent_about")
_OF_UTTERANCE = ("heard", "answered")
_KEYS = (
    "lists", "reply", *_OF_REPLY, "utterance", *_OF_UTTERANCE, "interruptions", *_COUNTS,
    "back_ms", "duck_ms", "stop_ms",
)  # fmt: skip


def check_expectation(table) -> dict[str, object]:
    """Take one ``[[expect]]`` table apart and return it checked; raises BadInput.

    ``table`` is a ``assistant.room.scene_file.Table``.
    """
    found = {key: _value(table, key) for key in _KEYS if table.has(key)}
    for key in _KEYS:
        if key not in found:
            table.get(key, None)
    table.done()
    if not found:
        raise table.bad("reply", "is missing, and so is everything else", "say what to expect")
    for owner, parts in (("reply", _OF_REPLY), ("utterance", _OF_UTTERANCE)):
        given = [key for key in parts if key in found]
        if given and owner not in found:
            raise table.bad(given[0], f"needs {owner}", f"add {owner} = 1")
        if owner in found and not given:
            raise table.bad(owner, "expects nothing", "add one of " + ", ".join(parts))
    return found


def _value(table, key: str) -> object:
    if key in (*_COUNTS, "reply", "utterance"):
        return table.whole(key, 1 if key in ("reply", "utterance") else 0, 10_000)
    if key in ("back_ms", "duck_ms", "stop_ms"):
        return table.number(key, 0, 60_000)
    if key == "ended":
        value = table.text(key)
        if value not in ENDS:
            raise table.bad(key, f'"{value}" is no end', did_you_mean(value, ENDS))
        return value
    if key == "lists":
        return _lists(table)
    if key == "interruptions":
        return _interruptions(table)
    if key == "answered":
        value = table.get(key)
        if not isinstance(value, bool):
            raise table.bad(key, f"is not true or false: {value!r}", "write true or false")
        return value
    return table.text(key)


def _lists(table) -> dict[str, list[str]]:
    value = table.get("lists")
    if not isinstance(value, dict) or not all(
        isinstance(v, list) and all(isinstance(i, str) for i in v) for v in value.values()
    ):
        raise table.bad("lists", "is not a table of lists", 'write { shopping = ["milk"] }')
    return value


def _interruptions(table) -> dict[str, int]:
    value = table.get("interruptions")
    if not isinstance(value, dict):
        raise table.bad("interruptions", "is not a table", "write { wake = 1, stop = 1 }")
    for kind, count in value.items():
        if kind not in INTERRUPTIONS:
            raise table.bad("interruptions", f'"{kind}"', did_you_mean(kind, INTERRUPTIONS))
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise table.bad("interruptions", f"{kind} = {count!r}", "write a whole number")
    return value


def verify(expects, report: dict) -> list[dict[str, object]]:
    """Compare ``expects`` with ``report``; returns ``{"what", "ok"}`` each, "got" when not ok."""
    out = []
    for expect in expects:
        misses = [miss for key in expect if (miss := _CHECKS[key](expect, report)) is not None]
        row: dict[str, object] = {"what": describe(expect), "ok": not misses}
        if misses:
            row["got"] = "; ".join(misses)
        out.append(row)
    return out


def describe(expect: dict[str, object]) -> str:
    """Return one expectation as a short line."""
    return ", ".join(f"{key} {_plain(value)}" for key, value in expect.items())


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_plain(v)}" for k, v in value.items())
    if isinstance(value, list):
        return " + ".join(map(str, value)) or "empty"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _check_lists(expect: dict, report: dict) -> str | None:
    wrong = []
    for name, items in expect["lists"].items():
        got = [str(i).lower() for i in report["lists"].get(name, [])]
        if got != [i.lower() for i in items]:
            wrong.append(f"{name}: {_plain(got)}")
    return "; ".join(wrong) or None


def _row(rows: list[dict], number: int, what: str) -> dict | str:
    return rows[number - 1] if number <= len(rows) else f"only {len(rows)} {what}"


def _part_of_reply(field: str, key: str, wanted: bool = True) -> Callable:
    def check(expect: dict, report: dict) -> str | None:
        row = _row(report["replies"], expect["reply"], "replies")
        if isinstance(row, str):
            return row
        has = expect[key].lower() in row[field].lower()
        return None if has == wanted else f'{field} "{row[field]}"'

    return check


def _check_ended(expect: dict, report: dict) -> str | None:
    row = _row(report["replies"], expect["reply"], "replies")
    if isinstance(row, str):
        return row
    return None if row["ended"] == expect["ended"] else f"ended {row['ended']}"


def _check_heard(expect: dict, report: dict) -> str | None:
    row = _row(report["utterances"], expect["utterance"], "utterances")
    if isinstance(row, str):
        return row
    return None if expect["heard"].lower() in row["heard"].lower() else f'heard "{row["heard"]}"'


def _check_answered(expect: dict, report: dict) -> str | None:
    row = _row(report["utterances"], expect["utterance"], "utterances")
    if isinstance(row, str):
        return row
    answered = row["reply_start_s"] is not None
    return None if answered == expect["answered"] else f"answered {answered}".lower()


def _check_interruptions(expect: dict, report: dict) -> str | None:
    got = Counter(i["kind"] for i in report["interruptions"] if i["stop_s"] is not None)
    short = [k for k, n in expect["interruptions"].items() if got[k] < n]
    return f"{_plain(dict(got)) or 'none'}" if short else None


def _check_resumed(expect: dict, report: dict) -> str | None:
    got = sum(r["ended"] == "resumed" for r in report["replies"])
    return None if got >= expect["resumed"] else f"{got} resumed"


def _exactly(key: str) -> Callable:
    def check(expect: dict, report: dict) -> str | None:
        return None if len(report[key]) == expect[key] else f"{len(report[key])} {key}"

    return check


def _at_most(key: str) -> Callable:
    def check(expect: dict, report: dict) -> str | None:
        return None if report[key] <= expect[key] else f"{report[key]} {key}"

    return check


def _within(key: str, field: str) -> Callable:
    def check(expect: dict, report: dict) -> str | None:
        rows = [i for i in report["interruptions"] if i[field] is not None]
        worst = max((1000 * (i[field] - i["onset_s"]) for i in rows), default=0.0)
        return None if worst <= expect[key] else f"{worst:.0f} ms"

    return check


def _check_back(expect: dict, report: dict) -> str | None:
    worst = max((1000 * row["back_s"] for row in report["outages"]), default=0.0)
    return None if worst <= expect["back_ms"] else f"{worst:.0f} ms"


def _nothing(expect: dict, report: dict) -> None:
    return None


_CHECKS: dict[str, Callable[[dict, dict], str | None]] = {
    "lists": _check_lists,
    "reply": _nothing,
    "utterance": _nothing,
    "ended": _check_ended,
    "contains": _part_of_reply("text", "contains"),
    "spoken": _part_of_reply("spoken", "spoken"),
    "silent_about": _part_of_reply("spoken", "silent_about", wanted=False),
    "heard": _check_heard,
    "answered": _check_answered,
    "interruptions": _check_interruptions,
    "resumed": _check_resumed,
    "replies": _exactly("replies"),
    "wakes": _exactly("wakes"),
    "false_wakes": _at_most("false_wakes"),
    "false_ducks": _at_most("false_ducks"),
    "false_stops": _at_most("false_stops"),
    "outages": _exactly("outages"),
    "back_ms": _check_back,
    "duck_ms": _within("duck_ms", "duck_s"),
    "stop_ms": _within("stop_ms", "stop_s"),
}
