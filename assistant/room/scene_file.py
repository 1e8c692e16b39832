"""Reads a scene from TOML, and refuses what is wrong in it with one helpful sentence."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable
from pathlib import Path

from assistant.errors import BadInput, did_you_mean
from assistant.room import scene as s
from assistant.room.expectations import check_expectation
from assistant.room.noises import KINDS
from assistant.settings import Settings, with_overrides

_MISSING = object()


class Table:
    """One TOML table being read: every getter takes a key out, ``done`` refuses the rest."""

    def __init__(self, values: object, where: str) -> None:
        if not isinstance(values, dict):
            raise BadInput(where, "is not a table", "write it as [name] with key = value lines")
        self.where = where
        self._left = dict(values)
        self._known: list[str] = []

    def bad(self, key: str, problem: str, remedy: str) -> BadInput:
        return BadInput(f"{self.where}, key {key}", problem, remedy)

    def get(self, key: str, default: object = _MISSING) -> object:
        self._known.append(key)
        value = self._left.pop(key, default)
        if value is _MISSING:
            raise self.missing(key, f"add {key} = ...")
        return value

    def missing(self, key: str, remedy: str) -> BadInput:
        """Return the error for a key that is not there, or for its misspelling that is."""
        for typo in difflib.get_close_matches(key, self._left, n=1, cutoff=0.7):
            return self.bad(typo, "is unknown", f'did you mean "{key}"?')
        return self.bad(key, "is missing", remedy)

    def has(self, key: str) -> bool:
        return key in self._left

    def number(self, key: str, low: float, high: float, default: object = _MISSING) -> float:
        value = self.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.bad(key, f"is not a number: {value!r}", f"write a number, {low} to {high}")
        if not low <= value <= high:
            raise self.bad(key, f"{value} is out of range", f"use {low} to {high}")
        return float(value)

    def whole(self, key: str, low: int, high: int, default: object = _MISSING) -> int:
        value = self.number(key, low, high, default)
        if value != int(value):
            raise self.bad(key, f"{value} is not a whole number", f"use {low} to {high}")
        return int(value)

    def text(self, key: str, default: object = _MISSING) -> str:
        value = self.get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.bad(key, f"is not a text: {value!r}", 'write it in quotes, "like this"')
        return value

    def point(self, key: str, default: object = _MISSING) -> s.Point:
        value = self.get(key, default)
        good = isinstance(value, list | tuple) and len(value) == 3
        if not good or not all(_is_number(v) for v in value):
            raise self.bad(key, f"is not three numbers: {value!r}", "write [x, y, z] in metres")
        return tuple(float(v) for v in value)

    def done(self) -> None:
        for key in self._left:
            raise BadInput(f"{self.where}, key {key}", "is unknown", did_you_mean(key, self._known))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def read_scene(path: Path) -> s.Scene:
    """Read the scene file at ``path``."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(str(path), error.strerror or "cannot be read", "check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(str(path), f"is not TOML: {error}", "mend that line") from error
    return parse_scene(data, path)


def parse_scene(data: dict, path: Path) -> s.Scene:
    """Turn parsed TOML into a Scene; ``path`` names it and is where its recordings are found."""
    name = path.name
    top = Table(data, name)
    room = _room(Table(top.get("room", {}), f"{name}, [room]"))
    people = _each(top, "person", name, lambda t: _person(t, room))
    _check_unique(people, name)
    folder = path.parent
    scene = s.Scene(
        title=top.text("title", path.stem),
        duration_s=top.number("duration_s", 0.5, 7200),
        seed=top.whole("seed", 0, 2**31, 1),
        room=room,
        device=_device(Table(top.get("device", {}), f"{name}, [device]"), room),
        start=_start(top.get("start", {}), name),
        settings=_settings(top.get("settings", {}), name),
        people=people,
        says=_each(top, "say", name, lambda t: _say(t, people, folder)),
        sounds=_each(top, "sound", name, lambda t: _sound(t, room, folder)),
        presses=_each(top, "press", name, lambda t: s.Press(_when(t), t.text("button", "action"))),
        unplugs=_each(top, "unplug", name, _unplug),
        xruns=_each(top, "xrun", name, lambda t: s.Xrun(_when(t), t.number("ms", 1, 400))),
        expects=_each(top, "expect", name, check_expectation),
        source=name,
    )
    top.done()
    return scene


def _each(top: Table, key: str, name: str, read: Callable) -> tuple:
    rows = top.get(key, [])
    if not isinstance(rows, list):
        raise BadInput(f"{name}, [{key}]", "is a single table", f"write [[{key}]], it may repeat")
    out = []
    for number, row in enumerate(rows, 1):
        table = Table(row, f"{name}, [[{key}]] number {number}")
        out.append(read(table))
        table.done()
    return tuple(out)


def _room(t: Table) -> s.Room:
    size = t.point("size_m", s.Room.size_m)
    if not all(1.0 <= edge <= 30.0 for edge in size):
        raise t.bad("size_m", f"{list(size)} is no room", "use edges of 1 to 30 metres")
    room = s.Room(
        size_m=size,
        rt60_s=t.number("rt60_s", 0.0, 3.0, s.Room.rt60_s),
        noise_db=t.number("noise_db", 0, 90, s.Room.noise_db),
    )
    t.done()
    return room


def _device(t: Table, room: s.Room) -> s.Placement:
    base = s.Placement
    device = s.Placement(
        board=t.text("board", base.board),
        position_m=_inside(t, "position_m", room, base.position_m),
        speaker_offset_m=t.point("speaker_offset_m", base.speaker_offset_m),
        speaker_db=t.number("speaker_db", 30, 100, base.speaker_db),
        latency_ms=t.number("latency_ms", 0, 500, base.latency_ms),
        drift_ppm=t.number("drift_ppm", -1000, 1000, base.drift_ppm),
        distortion=t.number("distortion", 0, 0.3, base.distortion),
    )
    speaker = [p + o for p, o in zip(device.position_m, device.speaker_offset_m, strict=True)]
    if not _within(speaker, room):
        raise t.bad("speaker_offset_m", "puts the loudspeaker outside the room", "move it inside")
    t.done()
    return device


def _inside(t: Table, key: str, room: s.Room, default: object = _MISSING) -> s.Point:
    point = t.point(key, default)
    if not _within(point, room):
        raise t.bad(key, f"{list(point)} is outside the room", f"stay within {list(room.size_m)}")
    return point


def _within(point, room: s.Room) -> bool:
    return all(0.0 < x < edge for x, edge in zip(point, room.size_m, strict=True))


def _person(t: Table, room: s.Room) -> s.Person:
    voice = t.text("voice", "-")
    if voice != "-" and not (voice.startswith("espeak:") and len(voice) > 7):
        raise t.bad("voice", f'"{voice}" is no voice', 'write it like "espeak:en-us+f2"')
    return s.Person(
        name=t.text("name"),
        position_m=_inside(t, "position_m", room),
        voice=None if voice == "-" else voice,
        level_db=t.number("level_db", 30, 100, s.Person.level_db),
    )


def _check_unique(people: tuple[s.Person, ...], name: str) -> None:
    seen = set()
    for number, person in enumerate(people, 1):
        if person.name in seen:
            where = f"{name}, [[person]] number {number}, key name"
            raise BadInput(where, f'"{person.name}" is there twice', "give everybody a name")
        seen.add(person.name)


def _when(t: Table) -> s.When:
    remedy = 'give either at_s = 1.0 or after = "wake" with offset_s'
    if t.has("at_s") and t.has("after"):
        raise t.bad("at_s", "and after are both given", remedy)
    if not t.has("at_s") and not t.has("after"):
        raise t.missing("at_s", remedy)
    if t.has("at_s"):
        when = s.When(at_s=t.number("at_s", 0, 7200))
        for key in ("after", "nth", "offset_s"):
            if t.has(key):
                raise t.bad(key, "needs after", f"remove {key}, or replace at_s by after")
            t.get(key, None)
        return when
    t.get("at_s", None)
    after = t.text("after")
    if after not in s.EVENTS:
        raise t.bad("after", f'"{after}" is no event', did_you_mean(after, s.EVENTS))
    nth, offset = t.whole("nth", 1, 1000, 1), t.number("offset_s", 0, 3600, 0.0)
    return s.When(after=after, nth=nth, offset_s=offset)


def _say(t: Table, people: tuple[s.Person, ...], folder: Path) -> s.Say:
    name = t.text("person")
    person = next((p for p in people if p.name == name), None)
    if person is None:
        raise t.bad(
            "person", f'nobody is called "{name}"', did_you_mean(name, (p.name for p in people))
        )
    wav = _wav(t, folder)
    text = t.text("text") if t.has("text") or wav is None else t.get("text", "")
    if wav is None and person.voice is None:
        raise t.bad(
            "text", f'"{name}" has no voice', f'give [[person]] "{name}" a voice, or a wav here'
        )
    level = t.number("level_db", 30, 100) if t.has("level_db") else t.get("level_db", None)
    return s.Say(name, _when(t), text, wav, level)


def _sound(t: Table, room: s.Room, folder: Path) -> s.Sound:
    wav = _wav(t, folder)
    kind = t.text("sound") if t.has("sound") else t.get("sound", None)
    if (wav is None) == (kind is None):
        raise t.bad("wav", "or sound must be given, and only one", 'e.g. sound = "noise:plates"')
    if kind is not None and kind not in KINDS:
        raise t.bad("sound", f'"{kind}" is no sound', did_you_mean(kind, KINDS))
    position = _inside(t, "position_m", room)
    return s.Sound(_when(t), position, wav, kind, t.number("level_db", 30, 110, 66.0))


def _unplug(t: Table) -> s.Unplug:
    back_after_s = t.number("back_after_s", 0, 7200)
    return s.Unplug(_when(t), back_after_s, t.number("busy_s", 0, 7200, 0.0))


def _wav(t: Table, folder: Path) -> Path | None:
    if not t.has("wav"):
        return t.get("wav", None)
    path = folder / t.text("wav")
    if not path.is_file():
        raise t.bad("wav", f"there is no file {path}", "paths are relative to the scene")
    return path


def _start(values: object, name: str) -> dict[str, tuple[str, ...]]:
    table = Table(values, f"{name}, [start]")
    lists = {}
    for key in list(values):
        items = table.get(key)
        if not isinstance(items, list) or not all(isinstance(i, str) and i for i in items):
            raise table.bad(key, "is not a list of texts", f'write {key} = ["milk", "eggs"]')
        lists[key] = tuple(items)
    return lists


def _settings(values: object, name: str) -> dict[str, object]:
    where = f"{name}, [settings]"
    Table(values, where)
    flat = {}
    for key, value in values.items():
        nested = value.items() if isinstance(value, dict) else None
        flat.update({f"{key}.{k}": v for k, v in nested} if nested is not None else {key: value})
    with_overrides(Settings(), flat, where)
    return flat
