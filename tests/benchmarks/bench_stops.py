"""What stops a reply: people who mean to, and people who only show that they listen.

Every phrase is said once over a held reply and goes through the shipped ``Hearing``. Beside it, on
the same sound: the two rules it is made of, each alone.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant import messages as m
from assistant.audio.capture import CaptureRing
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.speech.hearing import PRE_ROLL, Hearing
from assistant.speech.recogniser import Recogniser, Transcript
from assistant.speech.stop import is_stop
from tests.benchmarks import short_commands
from tests.benchmarks.speech_conditions import ENGINES, VOICES, clip, open_engine
from tests.talking import shipped

CONDITIONS = ("clean", "at 2.5 m")
FIRST_ROOM = 330
MEANT = (
    "stop", "stop it", "please stop", "quiet", "be quiet", "cancel", "never mind", "enough",
    "that's enough", "stop talking", "pause", "shut up", "silence",
)  # fmt: skip
LISTENING = (
    "uh huh", "okay", "mm", "right", "yeah", "mm hmm", "oh", "I see", "sure", "wow", "hmm", "aha",
    "thanks", "great", "nice", "cool", "fine", "got it", "all right", "really", "interesting",
    "exactly", "perfect",
)  # fmt: skip
RULES = ("free words", "phrase spotter", "ours")
TITLE = "Phrases over a reply that stop it, by rule"
CAPTION = (
    "meant: stop phrases, the more the better. listening: backchannels, the fewer the better. "
    "Free words: the recogniser knows every sentence; phrase spotter: only stop phrases."
)
AFTER = short_commands.SILENCE  # until an utterance ends


def run(quick: bool, console: Console) -> dict:
    """Print how many phrases stop the reply by each rule; return the shares."""
    voices = VOICES[:2] if quick else VOICES
    figures: dict = {}
    short: dict = {}
    for engine in ENGINES:
        recogniser = open_engine(engine)
        short[engine] = _short(recogniser, voices)
        for condition in CONDITIONS:
            for kind, phrases in (("meant", MEANT), ("listening", LISTENING)):
                counts = _count(recogniser, phrases, voices, condition)
                figures.setdefault(engine, {}).setdefault(condition, {})[kind] = {
                    rule: counts[rule] / (len(phrases) * len(voices)) for rule in RULES
                } | {"said": len(phrases) * len(voices)}
        recogniser.close()
    console.print(_table(figures, RULES, TITLE, CAPTION))
    console.print(_table(short, short_commands.RULES, short_commands.TITLE, short_commands.CAPTION))
    return figures | {"short": short}


def _short(recogniser: Recogniser, voices: tuple[str, ...]) -> dict:
    """Return how many short commands are obeyed over a reply, by condition, kind and rule."""
    listener, found = short_commands.Listener(recogniser), {}
    for condition in CONDITIONS:
        for kind in ("meant", "sounds"):
            phrases = short_commands.MEANT if kind == "meant" else short_commands.SOUNDS
            sounds = [
                _utterance(clip(phrase, voice, condition, FIRST_ROOM + number + i))
                for number, phrase in enumerate(phrases)
                for i, voice in enumerate(voices)
            ]
            found.setdefault(condition, {})[kind] = short_commands.count(listener, sounds)
    listener.close()
    return found


def _count(
    recogniser: Recogniser, phrases: tuple[str, ...], voices: tuple[str, ...], condition: str
) -> Counter:
    """Return how many of the phrases in all voices stop by each rule."""
    stops, counts = shipped().stop_phrases(), Counter()
    for number, phrase in enumerate(phrases):
        for i, voice in enumerate(voices):
            sound = _utterance(clip(phrase.lower(), voice, condition, FIRST_ROOM + number + i))
            free, spotted = _hear(recogniser, sound), _hear(recogniser, sound, stops)
            counts["free words"] += is_stop(free, stops)
            counts["phrase spotter"] += is_stop(spotted, stops)
            counts["ours"] += _stops(recogniser, sound, stops)
    return counts


def _utterance(sound: np.ndarray) -> np.ndarray:
    """Return ``sound`` from a little before its first to a little after its last word."""
    power = np.convolve(sound**2, np.ones(320) / 320, "same")
    loud = np.flatnonzero(power > 0.01 * power.max())
    return sound[max(0, loud[0] - PRE_ROLL) : loud[-1] + AFTER]


def _hear(recogniser: Recogniser, sound: np.ndarray, phrases=None) -> Transcript:
    stream = recogniser.open(phrases)
    for at in range(0, len(sound), SAMPLE_RATE // 10):
        stream.feed(sound[at : at + SAMPLE_RATE // 10])
    return stream.finish()


def _stops(recogniser: Recogniser, sound: np.ndarray, stops: tuple[str, ...]) -> bool:
    """Return whether the shipped rules take ``sound`` for a stop phrase."""
    ring = CaptureRing()
    for at in range(0, len(sound) // HOP * HOP, HOP):
        ring.write(sound[at : at + HOP])
    hearing = Hearing(m.Recognise(2, 0, over_speech=1), recogniser, stops)
    hearing.feed(ring, ring.position, all_of_it=True)
    early = hearing.stopped
    hearing.finish(ring.position - AFTER)
    return early or hearing.stopped


def _table(figures: dict, rules: tuple[str, ...], title: str, caption: str) -> Table:
    table = Table(title=title, caption=caption)
    for name in ("engine", "where", "what", "said", *rules):
        table.add_column(name)
    for engine, conditions in figures.items():
        for condition, kinds in conditions.items():
            for kind, row in kinds.items():
                cells = (f"{row[rule]:.3f}" for rule in rules)
                table.add_row(engine, condition, kind, str(row["said"]), *cells)
    return table
