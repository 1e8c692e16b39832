"""How loud the speaker is. Muting the microphones is never done by voice."""

from __future__ import annotations

from assistant import Skill, SkillError, Speaker
from assistant.language.numbers import number_words

skill = Skill("volume", "louder, or set the volume to thirty percent")

STEP, LOWEST = 0.1, 0.1


@skill.on(
    "volume up",
    "(turn|put) (the volume;up)",
    "(turn|crank) (it|that|this) up",
    "(louder|speak up|speak louder)",
    "(raise|increase) the volume",
    "make it louder",
    "[a bit|a little] louder",
)
def up(speaker: Speaker) -> str:
    """A tenth louder."""
    if speaker.volume >= 1.0:
        return "This is as loud as I can."
    return _set(speaker, speaker.volume + STEP)


@skill.on(
    "volume down",
    "(turn|put) (the volume;down)",
    "turn (it|that|this) down",
    "(quieter|softer|speak quieter|not so loud|too loud)",
    "(lower|reduce|decrease) the volume",
    "make it quieter",
    "[a bit|a little] quieter",
)
def down(speaker: Speaker) -> str:
    """A tenth quieter, but never silent."""
    if speaker.volume <= LOWEST + 1e-9:
        return "This is as quiet as I go. Say stop to silence me."
    return _set(speaker, max(LOWEST, speaker.volume - STEP))


@skill.on(
    "[set|turn|put|make] [the|it] [volume] [(to|at|up to|down to)] {percent} percent",
    "[set|turn|put|make] [the] volume [(to|at|up to|down to)] {percent}",
)
def set_to(speaker: Speaker, percent: int) -> str:
    """To a percentage of full volume."""
    return _set(speaker, percent / 100)


@skill.on(
    "(full|maximum) volume",
    "[set|turn] [the] volume [to|all the way] (full|maximum|up all the way)",
)
def full(speaker: Speaker) -> str:
    """As loud as it goes."""
    return _set(speaker, 1.0)


@skill.on("what is the volume", "how loud are you", "volume")
def ask(speaker: Speaker) -> str:
    """Say the volume."""
    return f"The volume is at {_percent(speaker)}."


@skill.on("mute [yourself|the microphone|the microphones|the sound]")
def mute(speaker: Speaker) -> str:
    """Say who may do that."""
    raise SkillError("Only the button mutes me. I can be quieter, or stop.")


@skill.on(
    "unmute [yourself|the microphone|the microphones|the sound]",
    "turn (the microphone|your microphone|the microphones) (on|off)",
)
def unmute(speaker: Speaker) -> str:
    """Refuse: a voice that could unmute it could also be a stranger's, or the television's."""
    raise SkillError("My microphone is switched with the button only. Hold it for a second.")


def _set(speaker: Speaker, level: float) -> str:
    speaker.volume = round(level, 2)
    return f"Volume {_percent(speaker)}."


def _percent(speaker: Speaker) -> str:
    return f"{number_words(round(speaker.volume * 100))} percent"
