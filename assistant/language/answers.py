"""Answers to an open question: yes, no, one of the options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assistant.language import text
from assistant.language.numbers import ORDINALS, read_number
from assistant.language.words import singular
from assistant.skill import Ask

_YES = (
    "yes", "yeah", "yep", "yup", "sure", "okay", "right", "correct", "that's right", "do it",
    "do that", "go ahead", "please do", "of course", "definitely", "absolutely", "yes do it",
    "yes do", "yes I am", "I am", "I'm sure", "yes I'm sure", "sure do it", "fine", "all right",
    "alright", "yes that's right", "exactly", "go on", "yes clear it", "clear it", "yes yes",
)  # fmt: skip
_NO = (
    "no", "nope", "nah", "don't", "do not", "no don't", "don't do that", "don't do it", "wrong",
    "that's wrong", "leave it", "keep it", "keep them", "no keep it", "no keep them", "not now",
    "no thank you", "no way", "cancel", "cancel that", "never mind", "no never mind", "forget it",
    "stop", "stop it", "no stop", "no no", "rather not", "better not", "not really", "none",
)  # fmt: skip
_BACKCHANNELS = (
    "uh huh", "mhm", "mm", "mm hmm", "hmm", "aha", "ah", "oh", "okay", "yeah", "yes", "yep",
    "right", "sure", "thanks", "thank you", "great", "good", "nice", "cool", "fine", "i see",
    "got it", "okay thanks", "all right", "alright", "uh", "um", "wow", "really", "no", "correct",
    "thank you very much", "that's right", "interesting", "exactly", "perfect", "okay okay",
)  # fmt: skip
# The short ones a stop phrase has to stand out from: with them beside it and without "enough", a
# spotter takes 3 of 609 listening words for a stop phrase that free words leave open, else 156.
LISTENING = (
    "uh huh", "mhm", "mm", "mm hmm", "hmm", "aha", "ah", "oh", "okay", "yeah", "right", "sure",
    "wow", "i see",
)  # fmt: skip

_GREETINGS = (
    "hello", "hi", "hey", "hello hello", "hi there", "hello there", "hey there", "good morning",
    "good afternoon", "good evening", "good night", "bye", "goodbye", "bye bye", "how are you",
    "how are you today", "how are you doing",
)  # fmt: skip


def _phrases(phrases: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(text.words(p) for p in phrases)


YES, NO, BACKCHANNELS = _phrases(_YES), _phrases(_NO), _phrases(_BACKCHANNELS)
GREETINGS = _phrases(_GREETINGS)
ANSWERS = tuple(dict.fromkeys(p.lower() for p in (*_YES, *_NO, *_BACKCHANNELS)))


@dataclass(frozen=True)
class Answer:
    """What an utterance does to an open question: calls ``function(speaker, *values)``."""

    function: Callable | str | None
    values: tuple[object, ...] = ()


def read_answer(ask: Ask, said: str) -> Answer | None:
    """Return the answer that ``said`` is, or ``None`` when it is something else."""
    words = text.words(said)
    forms = text.cores(words)
    if ask.options and ask.choose is not None:
        for form in forms:
            value = _option(ask.options, form)
            if value is not None:
                return Answer(ask.choose, (ask.options[value],))
    if any(form in NO for form in forms):
        return Answer(ask.no)
    if ask.yes is not None and any(form in YES for form in forms):
        return Answer(ask.yes)
    return None


def possible_answers(ask: Ask) -> tuple[str, ...]:
    """Return the phrases that ``read_answer`` takes, for a recogniser that listens for few."""
    places = [f"{form}{n} one" for n in ORDINALS for form in ("", "the ")][: 2 * len(ask.options)]
    named = [" ".join(text.spoken(text.words(name))) for name in ask.options]
    said = (*named, *places, *(_YES if ask.yes is not None else ()), *_NO)
    return tuple(dict.fromkeys(p.lower() for p in said))


def is_backchannel(said: str) -> bool:
    """Return whether ``said`` only shows that somebody listens ("uh huh", "thanks")."""
    words = text.words(said)
    return words in BACKCHANNELS or text.strip_trail(words) in BACKCHANNELS


def is_greeting(said: str) -> bool:
    """Return whether ``said`` only greets: over a reply, that is somebody coming in.

    With a name, too: most names are of no speaker here.
    """
    return text.strip_trail(text.words(said)) in GREETINGS


def _option(options: Mapping[str, object], words: tuple[str, ...]) -> str | None:
    """Return the option that was named, or pointed at by its place."""
    names = list(options)
    place = _place(words)
    if place is not None and -len(names) <= place < len(names):
        return names[place]
    said = singular(" ".join(w for w in words if w not in ("the", "my", "one", "please")))
    for name in names:
        if singular(" ".join(text.words(name))) == said:
            return name
    return None


def _place(words: tuple[str, ...]) -> int | None:
    rest = [w for w in words if w not in ("the", "one", "number", "option", "item")]
    phrase = " ".join(rest)
    if phrase in ORDINALS:
        return ORDINALS[phrase] - 1
    if phrase == "last":
        return -1
    rest = list(words[1:]) if words[:1] in (("number",), ("option",)) else list(words)
    number = read_number(rest)
    return number[0] - 1 if number and number[1] == len(rest) and number[0] else None
