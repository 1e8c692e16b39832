"""Wake word: recall, false wakes, how late a hit comes, and the cost, beside pocketsphinx.

Every recording of ../shared/data is heard once by both: people saying "alexa", clean and with
background noise 10 dB below them, and people saying anything else.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from rich.table import Table

from assistant.audio.files import read_audio
from assistant.audio.format import HOP, SAMPLE_RATE, gain, level_db, to_int16
from assistant.audio.openwakeword_ import FRAMES, MELS, STEP, Embedder, Models
from assistant.audio.voice_activity import VoiceActivity
from assistant.audio.wake import WakeDecision, WakeWord
from tests.data import data_root

WORD = "alexa"
SNR_DB = 10.0
AROUND = SAMPLE_RATE  # samples of room before and after each recording
NOISES = ("kitchen_1", "noise1", "noise2", "kettle", "vacuum_cleaner")
THRESHOLDS = (1e-10, 1e-30)  # of the peer, from strict to eager
Spotter = Callable[[np.ndarray], list[int]]  # a recording's hits, in samples


def run(quick: bool, console) -> dict:
    """Print the tables on ``console`` and return the figures; ``quick`` hears a fifth of it."""
    if not (data_root() / WORD).is_dir():
        console.print(f"bench wake: no recordings in {data_root()} (set ASSISTANT_TEST_DATA)")
        return {}
    sets = recordings(quick)
    spotters: dict[str, Spotter] = {"ours, 0.5": ours()}
    spotters |= {f"pocketsphinx, {t:g}": pocketsphinx(t) for t in THRESHOLDS}
    heard = {
        name: {kind: sum(bool(spot(x)) for x in sounds) for kind, sounds in sets.items()}
        for name, spot in spotters.items()
    }
    counts = {kind: len(sounds) for kind, sounds in sets.items()}
    table = Table("recordings with a hit", *[f"{k} ({n})" for k, n in counts.items()])
    for name, row in heard.items():
        table.add_row(name, *[str(hits) for hits in row.values()])
    console.print(table)
    lag_ms = lags(sets["alexa"])
    console.print("a hit comes after the word's end by, ms: " + numbers(lag_ms, ".0f"))
    cost = cost_ms(sets["commands"][:20])
    for what, figures in cost.items():
        console.print(f"{what}, ms: " + numbers(figures, ".3f"))
    return {"recordings": counts, "heard": heard, "lag_ms": lag_ms, "cost_ms": cost}


def numbers(figures: dict[str, float], form: str) -> str:
    """Return the figures on one line."""
    return ", ".join(f"{name} {value:{form}}" for name, value in figures.items())


def recordings(quick: bool) -> dict[str, list[np.ndarray]]:
    """Return the sets to hear, each recording with quiet room before and after it."""

    def load(pattern: str) -> list[np.ndarray]:
        return [read_audio(path) for path in sorted(data_root().glob(pattern))][
            :: 5 if quick else 1
        ]

    random = np.random.default_rng(0)
    noises = [read_audio(data_root() / "sounds" / f"{name}.flac") for name in NOISES]
    words = load("alexa/*.flac")
    others = [read_audio(p) for p in sorted(data_root().glob("wake_other/hey_*.flac"))]
    sets = {
        "alexa": words,
        "alexa in noise": [mixed(x, noises[i % len(noises)], random) for i, x in enumerate(words)],
        "commands": load("commands/*.flac"),
        "other words": load("other_words/*.flac"),
        "other wake words": others,
    }
    return {kind: [in_room(x, random) for x in sounds] for kind, sounds in sets.items()}


def in_room(x: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return ``x`` in the noise of a quiet room (-65 dB), at a random place of the 80 ms grid."""
    before = AROUND + int(random.integers(5 * HOP))
    room = random.normal(0, gain(-65.0), before + len(x) + AROUND).astype(np.float32)
    room[before : before + len(x)] += x
    return room


def mixed(x: np.ndarray, noise: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return ``x`` with ``noise`` SNR_DB below its loudest half second."""
    noise = np.resize(noise, len(noise) + len(x))
    start = int(random.integers(len(noise) - len(x)))
    part = noise[start : start + len(x)]
    size = SAMPLE_RATE // 2
    loudest = max(level_db(x[i : i + size]) for i in range(0, max(1, len(x) - size), size // 4))
    return x + part * np.float32(gain(loudest - SNR_DB - level_db(part)))


def ours() -> Spotter:
    """Return our wake word as a spotter."""
    word = WakeWord(WORD)

    def spot(x: np.ndarray) -> list[int]:
        word.reset()
        decision, hits = WakeDecision(0.5, lag=word.lag), []
        for at in range(HOP, len(x) + 1, HOP):
            score = word.process(x[at - HOP : at])
            if score is not None and (hit := decision.update(at, score)):
                hits.append(hit.at)
        return hits

    return spot


def pocketsphinx(threshold: float, word: str = WORD) -> Spotter:
    """Return pocketsphinx's keyphrase search as a spotter of ``word``."""
    from pocketsphinx import Decoder

    decoder = Decoder(lm=None, keyphrase=word, kws_threshold=threshold, loglevel="FATAL")

    def spot(x: np.ndarray) -> list[int]:
        decoder.start_utt()
        hits = []
        for at in range(1024, len(x) + 1, 1024):
            decoder.process_raw(to_int16(x[at - 1024 : at]).tobytes())
            if decoder.hyp() is not None:
                hits.append(at)
                break
        decoder.end_utt()
        return hits

    return spot


def lags(sounds: list[np.ndarray]) -> dict[str, float]:
    """Return how long after the word's end its hit comes, in ms.

    The end is the last 10 ms within 12 dB of the loudest.
    """
    spot, found = ours(), []
    for x in sounds:
        frames = x[: len(x) // 160 * 160].reshape(-1, 160)
        power = np.mean(np.square(frames), axis=1)
        end = 160 * (int(np.flatnonzero(power > power.max() * 10**-1.2)[-1]) + 1)
        found += [(hit - end) * 1000 / SAMPLE_RATE for hit in spot(x)[:1]]
    return {f"p{q}": float(np.percentile(found, q)) for q in (5, 50, 95)}


def cost_ms(sounds: list[np.ndarray]) -> dict[str, dict[str, float]]:
    """Return what a hop costs the audio thread, alone on the machine or not."""
    word, voice = WakeWord(WORD), VoiceActivity()
    hops = np.concatenate(sounds)
    hops = hops[: len(hops) // HOP * HOP].reshape(-1, HOP)
    spent = np.empty((len(hops), 2))
    for i, hop in enumerate(hops):
        start = time.perf_counter()
        word.process(hop)
        middle = time.perf_counter()
        voice.process(hop)
        spent[i] = middle - start, time.perf_counter() - middle
    spent *= 1000.0
    columns = {"wake": spent[:, 0], "voice activity": spent[:, 1], "both": spent.sum(axis=1)}
    return {what: _figures(x) for what, x in columns.items()} | embedding_ms()


def embedding_ms(chunks: int = 200) -> dict[str, dict[str, float]]:
    """Return what an embedding costs, of new frames alone and as openWakeWord asks for it."""
    models = Models(WORD)
    embedder, window = Embedder(models), np.ones((1, FRAMES, MELS, 1), np.float32)
    frames = np.random.default_rng(0).normal(3, 2, (chunks, STEP, MELS)).astype(np.float32)
    spent = np.empty((chunks, 2))
    for k, part in enumerate(frames):
        start = time.perf_counter()
        embedder.push(part[None])
        middle = time.perf_counter()
        models.embed(window)
        spent[k] = middle - start, time.perf_counter() - middle
    spent *= 1000.0
    return {
        "embedding of new frames": _figures(spent[:, 0]),
        "openWakeWord's of a whole window": _figures(spent[:, 1]),
    }


def _figures(ms: np.ndarray) -> dict[str, float]:
    return {"mean": float(ms.mean()), "p99": float(np.percentile(ms, 99)), "worst": float(ms.max())}
