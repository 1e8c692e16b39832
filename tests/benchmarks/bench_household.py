"""The household verifier: which false wakes it takes away, and what that costs.

Two households teach it. One is synthetic, two voices of flite saying "hey jarvis" six times
each; it is then asked about new recordings of the same two, about strangers, and about phrases
that resemble the word, said by them and by strangers, of which only those that do wake the
speaker count. The other is eight recordings of people saying "alexa" in ../shared/data; everybody
else there is a guest (the recordings have no speakers' names, so owners cannot be asked again).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from rich.table import Table

from assistant.audio.files import read_audio
from assistant.audio.openwakeword_ import CHUNK, EMBEDDINGS, Models
from assistant.audio.verifier import CLEAR
from assistant.audio.wake import WakeDecision
from assistant.settings import Wake
from assistant.teach.features import Features
from assistant.teach.household import Learned, learn
from assistant.teach.phrase import Phrase, near_misses, pronounce
from assistant.teach.recordings import find_word
from assistant.teach.talkers import Talker, people, speak, varied
from tests.benchmarks.bench_wake import in_room
from tests.data import data_root

OWNERS = (Talker("flite", "slt"), Talker("flite", "rms"))
TAKES, NEAR, AGAIN = 6, 120, 30
PEAK = 0.2


def run(quick: bool, console) -> dict:
    """Print a table of each household on ``console`` and return the figures."""
    few = 4 if quick else 1
    figures = {"hey_jarvis": synthetic(few)}
    if (data_root() / "alexa").is_dir():
        figures["alexa"] = recorded(few)
    for word, rows in figures.items():
        table = Table(f"{word}: hits", "unsure", "let through", "all", "let through")
        for name, (unsure, kept, every, left) in rows.items():
            table.add_row(name, *(str(n) for n in (unsure, kept, every, left)))
        console.print(table)
    return figures


def synthetic(few: int) -> dict[str, tuple[int, ...]]:
    """Return the counts of the synthetic household."""
    random, word = np.random.default_rng(11), "hey jarvis"
    own = [mild(talker, word, random) for talker in OWNERS for _ in range(TAKES)]
    learned = learn("hey_jarvis", own, None, ("espeak",))
    strangers = [v for v in people(("flite", "festival")) if v not in OWNERS]
    phrase = Phrase(word, pronounce(word))
    near = [n.say for n in near_misses(phrase, 3 * NEAR, np.random.default_rng(77)) if n.spelled]
    near, again = near[: NEAR // few], AGAIN // few
    ear = Ear("hey_jarvis", learned)
    return {
        "owners": ear.count(mild(OWNERS[i % 2], word, random) for i in range(again)),
        "strangers": ear.count(
            speak(varied(strangers[i % len(strangers)], random), word) for i in range(again)
        ),
        "near, by owners": ear.count(speak(OWNERS[i % 2], n) for i, n in enumerate(near)),
        "near, by strangers": ear.count(
            speak(strangers[i % len(strangers)], n) for i, n in enumerate(near)
        ),
    }


def recorded(few: int) -> dict[str, tuple[int, ...]]:
    """Return the counts of the household of recorded people."""
    paths = sorted((data_root() / "alexa").glob("*.flac"))
    own, guests = paths[::19][:8], [p for p in paths if p not in paths[::19][:8]]
    learned = learn("alexa", [find_word(read_audio(p)) for p in own], None, ("espeak",))
    ear, voices = Ear("alexa", learned), people()
    phrase = Phrase("alexa", pronounce("alexa"))
    near = near_misses(phrase, 2 * NEAR, np.random.default_rng(78))
    near = [n.say for n in near if n.spelled][: NEAR // few]
    return {
        "guests": ear.count(read_audio(p) for p in guests[::few]),
        "near, synthetic": ear.count(
            speak(voices[i * 3 % len(voices)], n) for i, n in enumerate(near)
        ),
    }


def mild(talker: Talker, text: str, random: np.random.Generator) -> np.ndarray:
    """Return a person in one of everyday's moods."""
    pitch, pace = int(random.integers(35, 65)), int(random.integers(125, 176))
    return speak(Talker(talker.engine, talker.name, pitch, pace), text)


class Ear:
    """Hears sounds as the speaker does, and asks the verifier about every hit."""

    def __init__(self, word: str, learned: Learned) -> None:
        self._features, self._models, self._learned = Features(), Models(word), learned
        self._random = np.random.default_rng(3)

    def count(self, sounds: Iterable[np.ndarray]) -> tuple[int, int, int, int]:
        """Return the unsure hits, those let through, and both of all hits."""
        found = [hit for x in sounds if x.size and (hit := self._hit(x)) is not None]
        unsure = [value >= 0 for score, value in found if score < CLEAR]
        clear = [value >= -self._learned.spare for score, value in found if score >= CLEAR]
        return len(unsure), sum(unsure), len(found), sum(unsure) + sum(clear)

    def _hit(self, x: np.ndarray) -> tuple[float, float] | None:
        """Return the score and the verifier's value of the first hit, if there is one."""
        rows = self._features.of(in_room(x / np.abs(x).max() * PEAK, self._random))
        decision = WakeDecision(Wake().threshold)
        for end in range(EMBEDDINGS, len(rows) + 1):
            window = rows[None, end - EMBEDDINGS : end]
            hit = decision.update(end * CHUNK, self._models.score(window))
            if hit:
                value = float(np.vdot(self._learned.weights, window)) + self._learned.bias
                return hit.score, value
        return None
