"""What the speaker plays in the benchmarks: it reads aloud, or it plays music made here."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from assistant.audio.format import SAMPLE_RATE, samples
from assistant.audio.mixer import volume_gain
from assistant.room.people import active_level, speak
from assistant.settings import Settings
from assistant.speech.espeak_ import EspeakVoice
from tests.scenes.recorded import STORY

LEVEL_DB = -20.0  # active level of the music before the volume, dBFS: as loud as the voices
CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (2, 5, 9), (4, 7, 11))  # semitones
SCALE = (0, 2, 4, 5, 7, 9, 11, 12, 14)
VOICES = ("en-us+f2", "en-us+m3", "en-gb+f4", "en-gb+m7", "en-us+f5", "en-us+m1")
VERSES = (
    "the river runs down to the harbour and all the lights come on",
    "hold me a little while longer until the morning train is gone",
    "I never asked the moon for silver and I never asked the sea for gold",
    "come back tomorrow and tell me everything that you were told",
)


def volume() -> np.float32:
    """Return the gain of the speaker's usual volume."""
    return np.float32(volume_gain(Settings().volume.level))


@lru_cache(maxsize=1)
def reading() -> np.ndarray:
    """Return the speaker's own voice reading a story, float32, before the volume."""
    voice = EspeakVoice()
    try:
        parts = [voice.speak(f"{s.strip()}.").samples for s in STORY.split(".") if s.strip()]
    finally:
        voice.close()
    return np.concatenate(parts)


def far_end(kind: str, size: int, seed: int) -> np.ndarray:
    """Return ``size`` samples of "speech" or "music" as they are handed to the device."""
    if kind == "music":
        return music(size, seed) * volume()
    x = np.roll(reading(), -(seed * samples(7.3) % reading().size))
    return np.tile(x, size // x.size + 1)[:size] * volume()


def music(size: int, seed: int) -> np.ndarray:
    """Return a song: pads, bass, a plucked melody, drums and a spoken-sung voice; float32."""
    rng = np.random.default_rng([seed, 41])
    out = np.zeros(size + samples(4.0), np.float32)
    beat = samples(60.0 / rng.uniform(76, 132))
    root = 130.8 * 2 ** (rng.integers(0, 12) / 12)
    order = rng.permutation(len(CHORDS))[:4]
    for bar, start in enumerate(range(0, size, 4 * beat)):
        chord = CHORDS[order[bar % 4]]
        _put(out, start, 0.12 * _pad(root, chord, 4 * beat))
        if bar // 4 % 4 != 3:
            _drums(out, start, beat, rng)
        _melody(out, start, beat, root, chord, rng)
    _sing(out, size, rng)
    x = out[:size]
    return (x * 10 ** ((LEVEL_DB - active_level(x)) / 20)).astype(np.float32)


def _put(out: np.ndarray, start: int, x: np.ndarray) -> None:
    end = min(out.size, start + x.size)
    out[start:end] += x[: end - start].astype(np.float32)


def _pad(root: float, chord: tuple[int, ...], size: int) -> np.ndarray:
    """Return held strings: a few harmonics of each note, slightly out of tune, and a bass."""
    t = np.arange(size) / SAMPLE_RATE
    notes = [root * 2 ** (n / 12) for n in chord] + [root * 2 ** (chord[0] / 12) / 2] * 2
    x = np.zeros(size)
    for f in notes:
        for detune in (0.997, 1.003):
            for k in range(1, 7):
                x += np.sin(2 * np.pi * f * detune * k * t) / k**1.3
    return x * np.minimum(1, np.minimum(t, t[::-1]) / 0.08) / len(notes)


def _pluck(f: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return a plucked string (Karplus & Strong 1983), a period at a time."""
    period = max(2, round(SAMPLE_RATE / f))
    wave, parts = rng.uniform(-1, 1, period), []
    for _ in range(size // period + 1):
        parts.append(wave)
        wave = 0.498 * (wave + np.roll(wave, 1))
    return np.concatenate(parts)[:size]


def _melody(out, start: int, beat: int, root: float, chord, rng: np.random.Generator) -> None:
    for eighth in range(8):
        if rng.random() < 0.6:
            tone = chord[eighth % 3] if eighth % 2 == 0 else SCALE[rng.integers(len(SCALE))]
            note = _pluck(2 * root * 2 ** (tone / 12), 2 * beat, rng)
            _put(out, start + eighth * beat // 2, 0.35 * note)


def _drums(out: np.ndarray, start: int, beat: int, rng: np.random.Generator) -> None:
    t = np.arange(samples(0.25)) / SAMPLE_RATE
    kick = np.sin(2 * np.pi * (55 * t + 6 * (1 - np.exp(-t / 0.02)))) * np.exp(-t / 0.09)
    for quarter in range(4):
        noise = rng.standard_normal(t.size)
        strike = kick if quarter % 2 == 0 else 0.5 * noise * np.exp(-t / 0.05)
        _put(out, start + quarter * beat, 0.9 * strike)
        hat = np.diff(noise, prepend=0.0) * np.exp(-t / 0.015)
        for half in (0, 1):
            _put(out, start + quarter * beat + half * beat // 2, 0.12 * hat)


def _sing(out: np.ndarray, size: int, rng: np.random.Generator) -> None:
    voice, at = VOICES[rng.integers(len(VOICES))], samples(rng.uniform(2, 6))
    while at < size:
        line = speak(voice, VERSES[rng.integers(len(VERSES))])
        _put(out, at, line / (np.abs(line).max() + 1e-9))
        at += line.size + samples(rng.uniform(0.3, 3.0))
