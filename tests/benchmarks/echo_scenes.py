"""Signals for the echo benchmark: recorded people say "alexa" while the loudspeaker talks.

Speech-to-echo ratio (SER): power of the word at microphone 1 while it sounds (20 ms frames within
20 dB of its loudest), over the mean power of the echo at microphone 1 over the whole recording,
both with their reverberation.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from assistant.audio.format import SAMPLE_RATE
from tests.benchmarks import loudspeakers, rooms
from tests.benchmarks.far_ends import far_end, trim

LEAD_S = 6.0  # playback before the first word
GAP_S = 2.6  # from one word's start to the next
EARLIEST_S, LATEST_S = 0.2, 0.8  # a hit belongs to a word from its start to its end, plus these
ECHO_RMS = 0.1

SER = (
    "Speech-to-echo ratio: power of the word while it sounds (20 ms frames within 20 dB of its "
    "loudest) over the mean power of the echo of the whole scene, at microphone 1, with reverb."
)


@dataclass(frozen=True)
class Scene:
    """One recording with its truth; sounds are float32 in [-1, 1] at 16 kHz."""

    mics: np.ndarray  # (m, n): echo + near end + noise, in steps of 16 bits
    near: np.ndarray  # (m, n): near end + noise
    reference: np.ndarray  # (n,)
    words: tuple[tuple[int, int], ...]  # where each word sounds
    latency: int

    @property
    def alone(self) -> np.ndarray:
        """Where only the far end sounds: bool (n,)."""
        alone = np.ones(self.mics.shape[1], bool)
        for start, stop in self.words:
            alone[start : stop + SAMPLE_RATE // 2] = False
        return alone


class Scenes:
    """The scenes of one room: the same people, loudspeaker and noise at every level and array.

    ``clips`` are said one after another during playback, some 2.6 s apart.
    """

    def __init__(self, seed: int, clips: list[Path], people: list[Path]) -> None:
        self.room = room = rooms.draw(seed)
        rng = np.random.default_rng([seed, 11])
        self._size = size = int((LEAD_S + GAP_S * len(clips) + 0.5) * SAMPLE_RATE)
        self.reference = far_end(seed, size, people)
        bent = loudspeakers.distort(self.reference.astype(np.float64), room.thd, room.kind)
        self._played = np.concatenate([np.zeros(room.latency), bent])[:size]
        self._said = [trim(soundfile.read(c, dtype="float32")[0])[: 2 * SAMPLE_RATE] for c in clips]
        starts = LEAD_S + GAP_S * np.arange(len(clips)) + rng.uniform(0, 0.4, len(clips))
        self._starts = (starts * SAMPLE_RATE).astype(int)
        self.words = tuple(
            (int(at), int(at) + len(x)) for at, x in zip(self._starts, self._said, strict=True)
        )

    def parts(self, mics: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return echo, near end at 0 dB SER and noise, each float32 (mics, n)."""
        room, size = self.room, self._size
        paths = rooms.paths(room.seed, mics)
        echo = rooms.convolve(self._played, paths.speaker)
        echo *= ECHO_RMS / np.std(echo[0])
        near = np.zeros_like(echo)
        for start, word in zip(self._starts, self._said, strict=True):
            heard = rooms.convolve(np.pad(word, (0, paths.talker.shape[1])), paths.talker)
            heard *= ECHO_RMS / active_level(heard[0])
            stop = min(size, start + heard.shape[1])
            near[:, start:stop] += heard[:, : stop - start]
        rng = np.random.default_rng([room.seed, 13])
        noise = rng.normal(size=echo.shape) * 10 ** (room.noise_db / 20)
        return tuple(x.astype(np.float32) for x in (echo, near, noise))

    def at(self, parts: tuple[np.ndarray, np.ndarray, np.ndarray], ser_db: float) -> Scene:
        """Return the scene in which people speak this loud."""
        echo, near, noise = parts
        near = near * np.float32(10 ** (ser_db / 20)) + noise
        mics = np.clip(np.round((echo + near) * 32768), -32768, 32767) / np.float32(32768)
        return Scene(mics, near, self.reference, self.words, self.room.latency)


def active_level(x: np.ndarray) -> float:
    """Return the RMS of ``x`` where it is within 20 dB of its loudest 20 ms."""
    power = np.convolve(x**2, np.ones(320) / 320, "same")
    return float(np.sqrt(np.mean(x[power > 0.01 * power.max()] ** 2)))


def count(hits: list[int], words: tuple[tuple[int, int], ...]) -> tuple[list[bool], int]:
    """Return which ``words`` were heard, and how many ``hits`` (samples) belong to no word."""
    early, late = int(EARLIEST_S * SAMPLE_RATE), int(LATEST_S * SAMPLE_RATE)
    heard = [any(start + early < at < stop + late for at in hits) for start, stop in words]
    stray = sum(not any(start < at < stop + late for start, stop in words) for at in hits)
    return heard, stray


def listening_s(words: tuple[tuple[int, int], ...], size: int) -> float:
    """Return for how many seconds a hit would belong to no word."""
    late = int(LATEST_S * SAMPLE_RATE)
    return (size - sum(min(size, stop + late) - start for start, stop in words)) / SAMPLE_RATE
