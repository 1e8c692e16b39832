"""A scene: who says what, where and when, in which room; and what should come of it.

``load_scene`` reads the TOML format of DESIGN.md section 8. Everything is frozen and checked;
benchmarks build the same dataclasses in code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

Point = tuple[float, float, float]

EVENTS = ("wake", "reply", "reply-end", "ring")


@dataclass(frozen=True)
class Room:
    """A shoebox room: metres, seconds, and the background at the microphones in dB SPL."""

    size_m: Point = (5.0, 4.0, 2.6)
    rt60_s: float = 0.35
    noise_db: float = 32.0


@dataclass(frozen=True)
class Placement:
    """The speaker in the room; ``speaker_db`` is its speech in dB SPL at 1 m."""

    board: str = "respeaker_2mic"
    position_m: Point = (2.5, 0.5, 0.9)
    speaker_offset_m: Point = (0.0, 0.12, -0.05)
    speaker_db: float = 66.0
    latency_ms: float = 40.0
    drift_ppm: float = 0.0
    distortion: float = 0.03


@dataclass(frozen=True)
class When:
    """A moment: ``at_s`` in scene time, or ``offset_s`` after the ``nth`` event of a kind.

    ``after`` is one of EVENTS: the wake word was heard, a reply's first sound, its last sound
    (finished or cut), something begins to ring.
    """

    at_s: float | None = None
    after: str | None = None
    nth: int = 1
    offset_s: float = 0.0


@dataclass(frozen=True)
class Person:
    """Somebody in the room; ``voice`` ("espeak:VARIANT") speaks texts, ``level_db`` is at 1 m."""

    name: str
    position_m: Point
    voice: str | None = None
    level_db: float = 62.0


@dataclass(frozen=True)
class Say:
    """A line: ``text`` spoken by the person's voice, or the recording ``wav`` (text: its words)."""

    person: str
    when: When
    text: str = ""
    wav: Path | None = None
    level_db: float | None = None


@dataclass(frozen=True)
class Sound:
    """A noise: the recording ``wav`` or a generated kind such as "noise:plates"."""

    when: When
    position_m: Point
    wav: Path | None = None
    kind: str | None = None
    level_db: float = 66.0


@dataclass(frozen=True)
class Press:
    """A finger on a button."""

    when: When
    button: str = "action"


@dataclass(frozen=True)
class Unplug:
    """The sound card is pulled out, and is back after ``back_after_s``.

    After that another program has it for ``busy_s``. In between nothing is played or heard.
    """

    when: When
    back_after_s: float
    busy_s: float = 0.0


@dataclass(frozen=True)
class Xrun:
    """The loudspeaker runs dry for ``ms``: from then on everything is heard so much later."""

    when: When
    ms: float


@dataclass(frozen=True)
class Scene:
    """Everything ``simulate`` needs."""

    title: str
    duration_s: float
    seed: int = 1
    room: Room = field(default_factory=Room)
    device: Placement = field(default_factory=Placement)
    start: dict[str, tuple[str, ...]] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)  # "section.key" -> value
    people: tuple[Person, ...] = ()
    says: tuple[Say, ...] = ()
    sounds: tuple[Sound, ...] = ()
    presses: tuple[Press, ...] = ()
    unplugs: tuple[Unplug, ...] = ()
    xruns: tuple[Xrun, ...] = ()
    expects: tuple[dict[str, object], ...] = ()  # checked by assistant.room.expectations
    source: str = "scene"

    def person(self, name: str) -> Person:
        """Return the person called ``name``."""
        return next(p for p in self.people if p.name == name)


def load_scene(path: str | Path) -> Scene:
    """Read and check a scene file; raises BadInput naming file, table, key and remedy."""
    from assistant.room.scene_file import read_scene

    return read_scene(Path(path))
