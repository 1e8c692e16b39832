"""From the end of a request to the first sound of the reply, in rooms, beside fixed silences.

The speaker's own rule ends a sentence that cannot go on after 130 ms without voice
activity (some 230 ms after the last sound), one that only "again" could follow after 300 ms, one
that has begun after 1.5 s. The peers' rules end every utterance after
the same silence: 700 ms (Home Assistant Assist) and 500 ms (LiveKit's shortest). The sound, the
recogniser and the voice are the same; computing time is fixed (assistant.room.run.FIXED_COSTS),
so that the figures do not depend on what else the machine does. A request is lost when the speaker
did not understand the same by it: cut short (it heard a beginning of it), misheard, or not heard.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant.audio.format import samples
from assistant.room.report import make_report
from assistant.room.run import FIXED_COSTS, context_of, open_scene
from assistant.room.scene import Person, Placement, Room, Say, Scene, When
from assistant.settings import Settings, with_overrides
from tests.talking import shipped

REQUESTS = (
    ("what's on my shopping list", True),
    ("add coffee to my shopping list", True),
    ("what time is it", True),
    ("remove the milk from my shopping list", True),
    ("add bananas and olive oil", False),
    ("turn the volume down", True),
)  # (what is said, whether the sentence is complete: nothing but a few fixed words could follow)
VOICES = ("en-us+f3", "en-us+m4", "en-gb+m2", "en-us+m6")  # none was trained on
ROOMS = (
    (Room((4.6, 3.8, 2.5), 0.3, 32.0), (3.3, 1.9, 1.5)),
    (Room((6.0, 4.5, 2.6), 0.45, 36.0), (3.4, 2.8, 1.5)),
)
BETWEEN_S = 9.5  # from one request to the next; the longest answer takes 5 s
LOST = ("cut short", "misheard", "not heard")
RULES = {"this speaker": None, "700 ms": samples(0.7), "500 ms": samples(0.5)}


@dataclass(frozen=True)
class Answer:
    """One request and how long its answer took, or how it was lost."""

    complete: bool
    latency_s: float | None
    lost: str = ""  # "", or one of LOST


def run(quick: bool, console: Console) -> dict:
    """Print and return p50 and p95 of the latency, and how many requests were answered."""
    scenes = [_scene(v, r, at) for r, at in ROOMS for v in VOICES][: 1 if quick else None]
    numbers = {name: _figures(scenes, silence) for name, silence in RULES.items()}
    table = Table(
        "an utterance ends", "p50", "p95", "p50, complete", "requests", *LOST,
        title=f"End of a request to the first sound of the reply, {len(scenes)} scenes",
    )  # fmt: skip
    for name, n in numbers.items():
        cells = (n["p50_ms"], n["p95_ms"], n["complete_p50_ms"])
        counts = (n["requests"], *(n[kind] for kind in LOST))
        table.add_row(name, *(f"{c:.0f} ms" for c in cells), *map(str, counts))
    console.print(table)
    return numbers


def _scene(voice: str, room: Room, at: tuple[float, float, float]) -> Scene:
    says = tuple(
        Say("Ana", When(at_s=1.0 + i * BETWEEN_S), f"hey jarvis, {text}")
        for i, (text, _) in enumerate(REQUESTS)
    )
    return Scene(
        title=f"{voice} in {room.size_m}",
        duration_s=len(REQUESTS) * BETWEEN_S,
        seed=3,
        room=room,
        device=Placement(position_m=(2.3, 0.5, 0.95), speaker_db=60.0),
        start={"shopping": ("milk", "eggs")},
        people=(Person("Ana", at, f"espeak:{voice}", 65.0),),
        says=says,
    )


def _figures(scenes: list[Scene], silence: int | None) -> dict:
    answers = [a for scene in scenes for a in _play(scene, silence)]
    took = [a.latency_s for a in answers if a.latency_s is not None]
    whole = [a.latency_s for a in answers if a.latency_s is not None and a.complete]
    return {
        "requests": len(answers),
        **{kind: sum(a.lost == kind for a in answers) for kind in LOST},
        "p50_ms": 1000 * float(np.median(took)) if took else float("nan"),
        "p95_ms": 1000 * float(np.percentile(took, 95)) if took else float("nan"),
        "complete_p50_ms": 1000 * float(np.median(whole)) if whole else float("nan"),
    }


def _play(scene: Scene, silence: int | None) -> list[Answer]:
    settings = with_overrides(Settings(), {"speech.recogniser": "vosk-household"})
    with tempfile.TemporaryDirectory() as scratch:
        simulation = open_scene(scene, Path(scratch), settings=settings, costs=FIXED_COSTS)
        try:
            if silence is not None:
                main = simulation.speaker.main
                main.rules = replace(
                    main.rules,
                    silence=silence,
                    silence_complete=silence,
                    silence_settled=silence,
                    silence_unfinished=silence,
                )
            report = make_report(simulation.run(), context_of(simulation))
        finally:
            simulation.speaker.close()
    return [_answer(row) for row in report["utterances"]]


def _answer(row: dict) -> Answer:
    wanted, heard = row["text"].partition(", ")[2], row["heard"]
    complete = dict(REQUESTS)[wanted]
    if row["reply_start_s"] is not None and _meaning(heard) == _meaning(wanted):
        return Answer(complete, row["reply_start_s"] - row["end_s"])
    if not heard:
        return Answer(complete, None, "not heard")
    return Answer(complete, None, "cut short" if wanted.startswith(heard) else "misheard")


def _meaning(said: str) -> tuple[str, dict] | None:
    match = shipped().match(said)
    return (match.handler.name, dict(match.slots)) if match else None
