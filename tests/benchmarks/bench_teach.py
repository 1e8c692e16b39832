"""A wake word of one's own: learned from espeak-ng alone, heard from other engines and people.

Recall is counted on the voices of flite and festival, which the word was not learned from, and,
where ../shared/data has them, on people. False wakes are counted on every recording of commands
and other words there. pocketsphinx's keyphrase search hears the same sounds. The embeddings are
those of the run path and computed once for all words (tests/teach/test_features.py).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from assistant.audio.files import read_audio
from assistant.audio.openwakeword_ import CHUNK, EMBEDDINGS, Models
from assistant.audio.wake import WakeDecision
from assistant.settings import Wake
from assistant.teach.corpus import Amounts
from assistant.teach.features import FIRST, Features
from assistant.teach.make import Request, Taught, teach
from assistant.teach.talkers import engines, people, speak, varied
from tests.benchmarks.bench_wake import in_room, numbers, pocketsphinx
from tests.data import data_root

PHRASES = ("hey pumpkin", "okay kitchen", "hey computer")
STRANGERS = ("flite", "festival")
MOODS = 8  # ways every strange voice says a word
PEER = 1e-15
PEAK = 0.2
SEED = 5
Sound = np.ndarray
Heard = Callable[[Sound, np.ndarray], bool]  # whether a sound, or its embeddings, has the word


def run(quick: bool, console, only: str = "") -> dict:
    """Print the tables on ``console`` and return the figures; ``quick`` teaches one small word.

    ``only`` names the phrases to teach, with commas between them.
    """
    chosen = tuple(phrase.strip() for phrase in only.split(",")) if only else PHRASES
    features, phrases = Features(), chosen[:1] if quick else chosen
    recordings = load(features, 5 if quick else 1)
    amounts = Amounts().scaled(0.3) if quick else Amounts()
    figures = {}
    for phrase in phrases:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / f"{phrase.replace(' ', '_')}.onnx"
            taught = teach(Request(phrase, out, amounts=amounts, engines=("espeak",)))
            figures[phrase] = examine(phrase, out, features, recordings)
        figures[phrase]["teach"] = cost(taught)
        show(console, phrase, figures[phrase])
    return figures


def load(features: Features, every: int) -> dict[str, list[tuple[str, Sound, np.ndarray]]]:
    """Return the recordings' names, sounds and embeddings by set; none without ../shared/data."""
    random, sets = np.random.default_rng(0), {}
    for name in ("commands", "other_words"):
        paths = sorted((data_root() / name).glob("*.flac"))[::every]
        sounds = [in_room(read_audio(path), random) for path in paths]
        sets[name] = [(p.stem, x, features.of(x)) for p, x in zip(paths, sounds, strict=True)]
    return sets


def strange_voices(phrase: str, features: Features) -> dict[str, list[tuple[Sound, np.ndarray]]]:
    """Return the phrase said by every voice of the other engines this machine has."""
    random = np.random.default_rng(SEED)
    said: dict[str, list[tuple[Sound, np.ndarray]]] = {}
    found = tuple(name for name in STRANGERS if name in engines())
    for talker in people(found) if found else ():
        for _ in range(MOODS):
            clip = speak(varied(talker, random), phrase)
            sound = in_room(clip / np.abs(clip).max() * PEAK, random)
            said.setdefault(talker.person, []).append((sound, features.of(sound)))
    return said


def examine(phrase: str, path: Path, features: Features, recordings: Mapping) -> dict:
    """Return who was heard and what woke it, of ours and of the peer's."""
    spot = pocketsphinx(PEER, phrase)
    spotters: dict[str, Heard] = {
        "ours": hears(path),
        f"pocketsphinx, {PEER:g}": lambda sound, _rows: bool(spot(sound)),
    }
    own = phrase.replace(" ", "_") + "_"
    voices = strange_voices(phrase, features)
    sets: dict[str, list[tuple[Sound, np.ndarray]]] = dict(voices)
    sets["people saying it"] = [x[1:] for x in recordings["other_words"] if x[0].startswith(own)]
    for name, found in recordings.items():
        sets[name] = [x[1:] for x in found if not x[0].startswith(own)]
    counts = {name: len(found) for name, found in sets.items() if found}
    heard = {
        spotter: {name: sum(listen(*x) for x in sets[name]) for name in counts}
        for spotter, listen in spotters.items()
    }
    said = sum(counts[name] for name in voices)
    recall = {
        spotter: sum(row[name] for name in voices) / max(1, said) for spotter, row in heard.items()
    }
    return {"recordings": counts, "heard": heard, "strange voices": said, "recall": recall}


def hears(path: Path, threshold: float = Wake().threshold) -> Heard:
    """Return our wake word as the speaker decides: scores every 80 ms, then a decision."""
    models = Models(str(path))

    def listen(_sound: Sound, rows: np.ndarray) -> bool:
        return bool(hits(scores(models, rows), threshold))

    return listen


def scores(models: Models, rows: np.ndarray) -> Sequence[float]:
    """Return the score of every full window of embeddings."""
    ends = range(EMBEDDINGS, len(rows) + 1)
    return [models.score(rows[None, end - EMBEDDINGS : end]) for end in ends]


def hits(found: Iterable[float], threshold: float) -> list[int]:
    """Return where a row of scores wakes the speaker, in samples."""
    decision, first = WakeDecision(threshold), FIRST + EMBEDDINGS - 1
    made = (decision.update((first + i) * CHUNK, s) for i, s in enumerate(found))
    return [hit.at for hit in made if hit]


def cost(taught: Taught) -> dict[str, float]:
    """Return what learning took and gave."""
    return {
        "seconds": taught.took_s,
        "of our own computing": taught.computed_s,
        "kB": taught.size / 1024,
        "recall, held-out espeak voices": taught.recall,
        "false wakes an hour, synthetic": taught.false_wakes * 3600 / taught.others_s,
        "near phrases that wake": taught.near_woken,
    }


def show(console, phrase: str, figures: dict) -> None:
    """Print one phrase's table."""
    counts = figures["recordings"]
    table = Table(f'"{phrase}"', *[f"{k} ({n})" for k, n in counts.items()], "recall, strangers")
    for name, row in figures["heard"].items():
        table.add_row(name, *[str(x) for x in row.values()], f"{figures['recall'][name]:.2f}")
    console.print(table)
    console.print("teach: " + numbers(figures["teach"], ".2f"))
