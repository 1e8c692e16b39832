"""A conversation in text on the shipped skills, for tests: real store, real understanding."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from assistant.dialogue import Dialogue
from assistant.messages import Position
from assistant.plugins import load_skills
from assistant.settings import Settings
from assistant.skill import Reply
from assistant.store import Store
from assistant.understanding import Understanding


@cache
def shipped() -> Understanding:
    """The understanding of all shipped skills, built once."""
    loaded = load_skills(replace(Settings(), skills=replace(Settings().skills, folder="/nowhere")))
    assert not loaded.failed
    return Understanding(loaded.skills)


@dataclass
class Clock:
    """A clock that a test moves."""

    time: datetime = datetime(2026, 11, 23, 16, 30)

    def __call__(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Talk:
    """One household talking to one speaker."""

    path: Path
    clock: Clock = field(default_factory=Clock)
    posted: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = Store(self.path)
        for skill in shipped().skills:
            self.store.prepare(skill.name, skill.tables)
        self.dialogue = Dialogue(shipped(), self.store, self.posted.append, self.clock)
        self.turn = 0
        self.reply: Reply | None = None

    def say(self, text: str, cut: tuple[int, int] | None = None, *, quiet: bool = False) -> str:
        """Say ``text``; ``cut`` = (segment, ms into it) interrupts the reply before."""
        position = None
        if cut is not None:
            segment, ms = cut
            word = None if ms < 100 else 0
            position = Position(self.turn, segment, word, ms * 16)
        self.reply = self.dialogue.respond(text, position, quiet)
        if self.reply is None:
            return ""
        self.turn += 1
        self.dialogue.note_planned(self.turn, self.reply)
        return self.reply.text
