"""Word and intent error rates of the recognisers on household commands, per condition."""

from __future__ import annotations

import json

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant.audio.files import read_audio
from assistant.language import text
from tests.benchmarks.speech_conditions import CONDITIONS, ENGINES, VOICES, clip, measure
from tests.data import data_root
from tests.talking import shipped

COMMANDS = (
    "add milk and eggs to the shopping list", "what's on my shopping list", "stop",
    "remove the second one", "set the volume to thirty percent", "what time is it",
    "add two bottles of olive oil to my shopping list", "clear the shopping list", "undo that",
    "do we need coffee", "we are out of bread", "read my shopping list",
)  # fmt: skip


def run_errors(quick: bool, console: Console) -> dict:
    """Print and return word and intent error rates, cost, load time and memory per engine."""
    voices, commands = (VOICES[:2], COMMANDS[::3]) if quick else (VOICES, COMMANDS)
    said = [(v, c) for v in voices for c in commands]
    sounds = {
        condition: [clip(c, v, condition, seed) for seed, (v, c) in enumerate(said)]
        for condition in CONDITIONS
    }
    numbers: dict = {}
    for engine in ENGINES:
        rows = {name: measure(engine, clips) for name, clips in sounds.items()}
        numbers[engine] = {
            name: _rates([c for _, c in said], row["texts"]) for name, row in rows.items()
        } | {key: max(row[key] for row in rows.values()) for key in ("rtf", "load_s", "memory_mb")}
        numbers[engine]["recorded sentences, words wrong"] = _recorded(engine)
    _print(numbers, len(said), console)
    return numbers


def _rates(said: list[str], heard: list[str]) -> dict:
    wrong = total = misunderstood = 0
    for wanted, got in zip(said, heard, strict=True):
        a, b = (text.spoken(text.words(t)) for t in (wanted, got))
        wrong, total = wrong + edits(a, b), total + len(a)
        misunderstood += _intent(wanted) != _intent(got)
    return {"words_wrong": wrong / total, "intents_wrong": misunderstood / len(said)}


def _intent(said: str) -> tuple | None:
    understanding = shipped()
    if understanding.is_stop(said):
        return ("stop",)
    match = understanding.match(said)
    if match is None:
        return None
    return match.skill.name, match.handler.name, repr(sorted(match.slots.items()))


def edits(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    """Return the least number of words to insert, delete or replace between ``a`` and ``b``."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j - 1] + (x != y), above[j] + 1, row[-1] + 1))
    return row[-1]


def _recorded(engine: str) -> float | None:
    folder = data_root() / "sentences"
    if not (folder / "transcripts.json").exists():
        return None
    wanted = json.loads((folder / "transcripts.json").read_text())
    clips = [read_audio(folder / f"{name}.flac").astype(np.float32) for name in wanted]
    return _rates([t.lower() for t in wanted.values()], measure(engine, clips)["texts"])[
        "words_wrong"
    ]


def _print(numbers: dict, count: int, console: Console) -> None:
    title = f"{count} commands a condition, voices not trained on: words / intents wrong"
    table = Table("", *numbers, title=title)
    for name in CONDITIONS:
        cells = (n[name] for n in numbers.values())
        table.add_row(name, *(f"{c['words_wrong']:.1%} / {c['intents_wrong']:.1%}" for c in cells))
    recorded = (n["recorded sentences, words wrong"] for n in numbers.values())
    table.add_row("5 recorded sentences", *("-" if r is None else f"{r:.0%}" for r in recorded))
    table.add_row("real-time factor", *(f"{n['rtf']:.3f}" for n in numbers.values()))
    table.add_row("load", *(f"{1000 * n['load_s']:.0f} ms" for n in numbers.values()))
    table.add_row("memory", *(f"{n['memory_mb']:.0f} MB" for n in numbers.values()))
    console.print(table)
