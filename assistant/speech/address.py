"""The wake word as the recogniser hears it: before a command, in one breath with it.

Recognition begins before the wake word, because an engine that starts in the middle of a word loses
the next ones too. What it made of the wake word is then taken off again: by its text where the
engine knows it, else by the time at which it was certain. Pure; any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.audio.format import SAMPLE_RATE
from assistant.language.text import UNKNOWN
from assistant.speech.recogniser import Grammar, HeardWord

LEAD = 13 * SAMPLE_RATE // 10  # before it was certain: "hey jarvis" takes 0.9 s
NOT_YET = 11 * SAMPLE_RATE // 20  # a word that began so long before then belongs to the wake word
TAIL = 7 * SAMPLE_RATE // 20  # a word ending this soon after it may be the wake word's tail
LEFTOVER = SAMPLE_RATE // 5  # over so soon, it was no word of the command
MOST = 5  # words that an engine makes of a wake word it does not know ("hey jar of lists")
REFUSALS = {"don't", "do", "not", "never", "no"}  # never dropped: they turn a command around

ADDRESSED = "addressed"  # the grammar's rule of sentences with or without it


def called(wake_word: str) -> str:
    """Return how the wake word of the settings is said: "hey jarvis" for "hey_jarvis_v0.1.onnx"."""
    name = Path(wake_word).name.removesuffix(".onnx").lower()
    return " ".join(w for w in name.replace("_", " ").split() if w.isalpha())


def with_address(grammar: Grammar, name: str) -> Grammar:
    """Return the grammar of the same sentences, each also with the wake word ``name`` before it."""
    if not name:
        return grammar
    rules = {**grammar.rules, ADDRESSED: f"[{name}] <{grammar.top}>"}
    return Grammar(rules, top=ADDRESSED)


def after_name(said: str, name: str) -> str | None:
    """Return what follows ``name`` in ``said``, or ``None`` where it is not near the beginning.

    The last word of the name is enough: what comes before it was never meant for the speaker.
    """
    words, last = said.split(), name.split()[-1:]
    for at, word in enumerate(words[:MOST]):
        if [word] == last:
            return " ".join(words[at + 1 :])
    return None


def partial_command(said: str, name: str, is_command: Callable[[str], bool]) -> str:
    """Return what a partial transcript says to the speaker; words have no times yet."""
    rest = after_name(said, name)
    if rest is not None:
        return rest
    words = said.split()
    for start in range(min(MOST, len(words))):
        text = " ".join(words[start:])
        if is_command(text):
            return text
    return said


def command_words(
    words: Sequence[HeardWord],
    woken: int,
    name: str,
    is_command: Callable[[str], bool],
    is_complete: Callable[[str], bool],
) -> list[HeardWord]:
    """Return the words that were said to the speaker, without what was made of the wake word.

    ``woken`` is where the wake word was certain, in samples of the stream. Where the name is not
    among the words, as few go as leave a command; one more that was over by then goes even from a
    command ("is what's on my list") if the rest is complete. Nothing is dropped in vain.
    """
    rest, last = list(words), name.split()[-1:]
    for at, word in enumerate(rest[:MOST]):
        if [word.text] == last and word.start < woken:
            return rest[at + 1 :]
    while rest and rest[0].start < woken - NOT_YET and rest[0].text not in REFUSALS:
        rest.pop(0)
    begun = list(rest)
    while rest and not is_command(_text(rest)):
        if not _may_be_tail(rest[0], woken):
            return begun
        rest.pop(0)
    early = bool(rest) and rest[0].end <= woken + LEFTOVER and rest[0].text not in REFUSALS
    if early and is_complete(_text(rest[1:])):
        return rest[1:]
    return rest or begun


def _may_be_tail(word: HeardWord, woken: int) -> bool:
    """Whether a first word may be the end of the wake word; an unknown one may be "don't"."""
    if word.text in REFUSALS:
        return False
    return word.end <= woken + (0 if word.text == UNKNOWN else TAIL)


def _text(words: Sequence[HeardWord]) -> str:
    return " ".join(w.text for w in words)
