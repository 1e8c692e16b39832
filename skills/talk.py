"""Talking about the talk: repeat, continue, next, undo, help, and a few courtesies."""

from __future__ import annotations

from assistant import Again, Reply, Skill, SkillError, Speaker

skill = Skill("talk", "repeat that, continue, go back, undo")


@skill.on(
    "repeat [(that|it|the question)]",
    "say (that|it) again",
    "[say (that|it)] again",
    "[sorry] what did you say",
    "what was that",
    "(pardon|pardon me|excuse me|come again)",
    "I did not (hear|get|catch|understand) (that|you)",
)
def repeat(speaker: Speaker) -> Again:
    """Say it again: from the sentence or item that was cut off, or all of it."""
    last = _last(speaker)
    if last.segment is None:
        return Again(last.reply)
    return Again(last.reply, max(0, last.segment - last.early))


@skill.on(
    "start over",
    "(start|read it|say it) again from the (start|beginning|top)",
    "from the (start|beginning|top)",
)
def start_over(speaker: Speaker) -> Again:
    """Say all of it again."""
    return Again(_last(speaker).reply)


@skill.on(
    "(continue|go on|carry on|keep going|resume)",
    "(continue|go on|carry on|keep) (reading|talking)",
    "go ahead",
    "and then",
)
def go_on(speaker: Speaker) -> Again:
    """Go on with what was cut off, from the start of its sentence or item."""
    paused = speaker.paused
    if paused is None or paused.segment is None:
        raise SkillError("There is nothing to continue.")
    return Again(paused.reply, paused.segment)


@skill.on(
    "(next|skip) [(one|item)]",
    "(skip|next) (that|it|this)",
    "the next one",
    "go to the next [(one|item)]",
)
def following(speaker: Speaker) -> Again:
    """Go on with the next item."""
    last = _interrupted(speaker)
    at = (last.segment or 0) + 1 - last.early
    if at >= len(last.reply.segments):
        raise SkillError("That was the last one.")
    return Again(last.reply, at)


@skill.on("(previous|back) [(one|item)]", "go back [one]", "(the one before|the previous one)")
def previous(speaker: Speaker) -> Again:
    """Go back by one item and on from there."""
    last = _interrupted(speaker)
    return Again(last.reply, max(0, (last.segment or 0) - 1))


@skill.on(
    "undo [(that|it|this)]",
    "(take|put) (that|it) back",
    "(scratch that|I did not mean that|that was a mistake)",
)
def undo(speaker: Speaker) -> str:
    """Take back the last change."""
    label = speaker.store.undo()
    if label is None:
        raise SkillError("There is nothing to undo.")
    return f"Undone: {label}."


@skill.on("redo [(that|it)]", "(do that again|undo the undo)")
def redo(speaker: Speaker) -> str:
    """Make an undone change again."""
    label = speaker.store.redo()
    if label is None:
        raise SkillError("There is nothing to redo.")
    return f"Done again: {label}."


@skill.on(
    "help [me]", "what can you do", "what can I (say|ask)", "(I|we) need help", "how do you work"
)
def help_(speaker: Speaker) -> Reply:
    """Name one sentence of each skill."""
    return Reply.of("You can say:", *(f"{about}." for about in speaker.about))


@skill.on("(hello|hi|hey|good evening|good afternoon)", "(hey|hello|hi) computer")
def hello(speaker: Speaker) -> str:
    """Greet back."""
    return "Hello."


@skill.on("good morning")
def morning(speaker: Speaker) -> str:
    """Greet back in the morning."""
    return "Good morning."


@skill.on("good night")
def night(speaker: Speaker) -> str:
    """Greet back at night."""
    return "Good night."


@skill.on("(thank you|thanks|thanks a lot) [very much|so much]")
def thanks(speaker: Speaker) -> str:
    """Answer a thank you."""
    return "You're welcome."


@skill.on("(who|what) are you", "what is your name")
def who(speaker: Speaker) -> str:
    """Say who is speaking."""
    return "I'm your speaker. I keep your lists, and you can interrupt me any time."


@skill.on("how are you [(today|doing)]")
def how(speaker: Speaker) -> str:
    """Say how it is going."""
    return "I'm fine, thank you."


def _last(speaker: Speaker):
    if speaker.last is None:
        raise SkillError("I have not said anything yet.")
    return speaker.last


def _interrupted(speaker: Speaker):
    last = speaker.last if speaker.last is not None else speaker.paused
    if last is not None and last.segment is None:
        last = speaker.paused
    if last is None:
        raise SkillError("I was not reading anything.")
    return last
