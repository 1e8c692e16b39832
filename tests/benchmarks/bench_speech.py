"""The recognisers on the same sound: errors per condition, stop phrases, cost."""

from __future__ import annotations

import time

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant.audio.format import SAMPLE_RATE
from assistant.speech.espeak_ import EspeakVoice
from assistant.speech.pocketsphinx_ import PocketsphinxRecogniser
from assistant.speech.recogniser import Recogniser, Transcript
from assistant.speech.stop import is_stop
from assistant.speech.vosk_ import HOUSEHOLD, VoskRecogniser
from tests.benchmarks.speech_errors import run_errors
from tests.speech.sentences import COMMANDS, GRAMMAR, OTHER, STOPS

VOICES = ("en-us+f3", "en-gb+m2", "en-us+m4", "en-us")
CHUNK = 1600  # 100 ms
TAIL, EARLY = 7000, 2560  # samples after the speech: all of them, and where a quick endpoint cuts
RULES = {
    "any partial": lambda partials, final: any(p in STOPS for p in partials),
    "partial twice": lambda partials, final: _steady(partials, 2),
    "partial 3 times": lambda partials, final: _steady(partials, 3),
    "partial 4 times": lambda partials, final: _steady(partials, 4),
    "partial 6 times": lambda partials, final: _steady(partials, 6),
    "final": lambda partials, final: final.text in STOPS,
    "final >= 0.7": lambda partials, final: final.text in STOPS and final.confidence >= 0.7,
    "final >= 0.8": lambda partials, final: final.text in STOPS and final.confidence >= 0.8,
    "final >= 0.85": lambda partials, final: final.text in STOPS and final.confidence >= 0.85,
    "is_stop(partials)": lambda partials, final: any(
        is_stop(partials[: i + 1], STOPS) for i in range(len(partials))
    ),
    "is_stop(final)": lambda partials, final: is_stop(final, STOPS),
}


def run(quick: bool, console: Console) -> dict:
    """Print commands right, stop-phrase hits and false accepts, start and cost; return them."""
    clips = _clips(VOICES[:1] if quick else VOICES)
    numbers: dict = {}
    for make in (lambda: VoskRecogniser(HOUSEHOLD, "vosk household"),
                 lambda: PocketsphinxRecogniser(GRAMMAR)):  # fmt: skip
        began = time.perf_counter()
        recogniser = make()
        start_s = time.perf_counter() - began
        numbers[recogniser.name] = _measure(recogniser, clips) | {"start_s": start_s}
        recogniser.close()
    _print(numbers, console)
    return {"errors": run_errors(quick, console), "stops": numbers}


def _steady(partials: list[str], times: int) -> bool:
    """Return whether some phrase was the partial result ``times`` times in a row."""
    runs = zip(*(partials[i:] for i in range(times)), strict=False)
    return any(len(set(part)) == 1 and part[0] in STOPS for part in runs)


def _clips(voices: tuple[str, ...]) -> dict[str, list[np.ndarray]]:
    """Return every sentence in every voice, with faint noise around it."""
    noise = np.random.default_rng(0).standard_normal(12_000).astype(np.float32) * 3e-4
    clips: dict[str, list[np.ndarray]] = {}
    for name in voices:
        voice = EspeakVoice(name)
        for text in (*COMMANDS, *STOPS, *OTHER):
            sound = np.concatenate((noise[:5000], voice.speak(text).samples, noise[5000:]))
            clips.setdefault(text, []).append(sound)
        voice.close()
    return clips


def _hear(recogniser: Recogniser, sound: np.ndarray, phrases) -> tuple[list[str], Transcript]:
    stream = recogniser.open(phrases)
    partials = [stream.feed(sound[i : i + CHUNK]) for i in range(0, len(sound), CHUNK)]
    return partials, stream.finish()


def _measure(recogniser: Recogniser, clips: dict[str, list[np.ndarray]]) -> dict:
    began = time.perf_counter()
    commands = [(t, _hear(recogniser, x, None)[1].text) for t in COMMANDS for x in clips[t]]
    cost = time.perf_counter() - began
    length = sum(len(x) for t in COMMANDS for x in clips[t]) / SAMPLE_RATE
    stops = [_hear(recogniser, x, STOPS) for t in STOPS for x in clips[t]]
    others = [_hear(recogniser, x, STOPS) for t in OTHER for x in clips[t]]
    early = [
        _hear(recogniser, x[: EARLY - TAIL], STOPS) for t in (*STOPS, *OTHER) for x in clips[t]
    ]
    stops_early, others_early = early[: len(stops)], early[len(stops) :]
    return {
        "commands_right": sum(text == heard for text, heard in commands) / len(commands),
        "real_time_factor": cost / length,
        "stop": {
            name: {
                "hits": sum(rule(*heard) for heard in stops) / len(stops),
                "false": sum(rule(*heard) for heard in others) / len(others),
            }
            for name, rule in RULES.items()
        }
        | {
            "is_stop(final at 160 ms)": {
                "hits": sum(is_stop(final, STOPS) for _, final in stops_early) / len(stops),
                "false": sum(is_stop(final, STOPS) for _, final in others_early) / len(others),
            }
        },
    }


def _print(numbers: dict, console: Console) -> None:
    engines = list(numbers)
    table = Table("synthetic voices, exact sentences", *engines, title="Recognisers")
    table.add_row("commands right", *(f"{numbers[e]['commands_right']:.0%}" for e in engines))
    table.add_row("start", *(f"{1000 * numbers[e]['start_s']:.0f} ms" for e in engines))
    table.add_row("real-time factor", *(f"{numbers[e]['real_time_factor']:.3f}" for e in engines))
    console.print(table)
    table = Table("a stop is", title="Stop phrases: heard / other sentences taken for one")
    for engine in engines:
        table.add_column(engine, justify="right")
    for name in numbers[engines[0]]["stop"]:
        cells = (numbers[e]["stop"][name] for e in engines)
        table.add_row(name, *(f"{c['hits']:.1%} / {c['false']:.1%}" for c in cells))
    console.print(table)
