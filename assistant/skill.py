"""What a skill author writes with: Skill, Reply, Segment, Ask, SkillError."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant.messages import Policy


@dataclass(frozen=True)
class Segment:
    """One part of a reply that can be interrupted and pointed at: a sentence or a list item."""

    text: str
    item: object | None = None  # what it stands for, e.g. a shopping entry


@dataclass(frozen=True)
class Reply:
    """What the speaker says: segments in order, and what may interrupt them."""

    segments: tuple[Segment, ...] = field(default=())
    policy: Policy = Policy.OPEN
    question: bool = False
