"""Scenes built in code from the recordings under ../shared/data."""

from __future__ import annotations

from pathlib import Path

from assistant.room.scene import Person, Placement, Press, Room, Say, Scene, When

DISTANCE_M = 2.5
GAP_S = 3.0
LEAD_S = 1.0

STORY = """
The kitchen is the warmest room in the house. In the morning the light comes in over the sink,
and the kettle is always the first to speak. There is bread on the table, and somebody has left
the butter out again. Nobody minds. The cat sleeps on the chair by the door, the window is open a
hand's width, and outside it has begun to rain. By noon the soup is on the stove. An onion, two
carrots, a handful of lentils, and the end of a piece of cheese that would not have lasted the
week. It does not look like much, and it never does, until the lid comes off. Then the whole house
comes down the stairs at once, and asks what it is, and when it will be ready. In the afternoon
the children do their homework at the long side of the table. Seven times eight, they say, and look
at the ceiling. Somewhere a door falls shut. Somebody whistles, stops, and begins the same song
again from the start. In the evening there are plates, and forks, and four stories told at the same
time. Who said what to whom on the bus. Why the neighbour has bought a second ladder. How much a
bicycle costs today, and how little it used to cost. Later it is quiet. The machine hums, the clock
over the door says twenty to eleven, and the last one to leave turns off the light.
"""


def people_talking(
    wavs: list[Path], *, gap_s: float, settings: dict[str, object], seed: int = 3
) -> Scene:
    """Return a scene in which recorded people speak one after another, 2.5 m from the speaker."""
    speaker = Placement()
    x, y, z = speaker.position_m
    place = (x + 0.7, y + (DISTANCE_M**2 - 0.7**2 - 0.6**2) ** 0.5, z + 0.6)
    lines = tuple(
        Say("Somebody", When(at_s=LEAD_S + i * gap_s), wav=path) for i, path in enumerate(wavs)
    )
    return Scene(
        title="Recorded people",
        duration_s=LEAD_S + gap_s * len(wavs) + 2.0,
        seed=seed,
        room=Room(),
        device=speaker,
        settings=settings,
        people=(Person("Somebody", place),),
        says=lines,
    )


def story_skill(folder: Path, minutes: float) -> dict[str, object]:
    """Write a skill that reads for ``minutes`` into ``folder``; return settings that load it."""
    words = STORY.split()
    text = " ".join(words * (int(minutes * 60 * 2.9) // len(words) + 1))
    source = (
        "from assistant import Reply, Segment, Skill\n"
        'skill = Skill("story", "reads aloud")\n'
        f"TEXT = {text!r}\n"
        '@skill.on("sing a song")\n'
        "def read(speaker):\n"
        '    return Reply(tuple(Segment(s.strip() + ".") for s in TEXT.split(".") if s.strip()))\n'
    )
    (folder / "story.py").write_text(source, encoding="utf-8")
    return {"skills.folder": str(folder), "conversation.follow_up_s": 0.0}


def reading_aloud(folder: Path, minutes: float, seed: int, **device: float) -> Scene:
    """Return a scene in which the speaker reads a long text at 70 dB and nobody else speaks."""
    settings = story_skill(folder, minutes) | {"speech.recogniser": "vosk-household"}
    ask = Say("Ana", When(at_s=1.0), text="sing a song")
    return Scene(
        title="Reading aloud",
        duration_s=60.0 * minutes,
        seed=seed,
        device=Placement(**{"speaker_db": 70.0, **device}),
        settings=settings,
        people=(Person("Ana", (3.0, 2.2, 1.5), "espeak:en-us+f3", 66.0),),
        says=(ask,),
        presses=(Press(When(at_s=0.5)),),  # so that there is a reply in every room
    )
