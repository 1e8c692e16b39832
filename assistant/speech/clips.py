"""Turn what an engine returns into a clip: 16 kHz, trimmed, every word with its samples."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from assistant.audio.format import SAMPLE_RATE
from assistant.audio.resample import Resampler
from assistant.speech.segments import has_word
from assistant.speech.voice import Clip, WordTime

_PIECE = 4096  # samples resampled at a time: a sentence at once would take 40 MB


def to_speaker_rate(x: np.ndarray, rate: int) -> np.ndarray:
    """Return mono ``x`` of ``rate`` Hz as float32 at 16 kHz, without the filter's delay."""
    x = np.asarray(x, dtype=np.float32)
    if rate == SAMPLE_RATE or not x.size:
        return x
    change = Resampler(rate, SAMPLE_RATE)
    tail = np.zeros(int(np.ceil(change.delay * rate)) + 1, dtype=np.float32)
    late = round(change.delay * SAMPLE_RATE)
    wanted = round(len(x) * SAMPLE_RATE / rate)
    whole = np.concatenate((x, tail))[None]
    parts = [change.process(whole[:, i : i + _PIECE]).copy() for i in range(0, whole.size, _PIECE)]
    return np.concatenate(parts, axis=1)[0, late : late + wanted]


def trim_silence(samples: np.ndarray, keep: int = 480) -> np.ndarray:
    """Return ``samples`` without the silence at their end, but for ``keep`` samples of it."""
    loud = np.flatnonzero(np.abs(samples) > 1e-3)
    return samples[: min(int(loud[-1]) + 1 + keep, len(samples))] if loud.size else samples[:0]


def with_pause(clip: Clip, text: str, pause: int) -> Clip:
    """Return the clip of ``text`` with the silence of ``pause`` samples after it.

    Half of it where the sentence goes on: after a clause or an item of a list.
    """
    ended = text.rstrip(" \"')]")[-1:] in (*".!?…",)
    silence = np.zeros(pause if ended else pause // 2, np.float32)
    return Clip(np.concatenate((clip.samples, silence)), clip.words)


def interpolate(text: str, start: int, end: int) -> tuple[WordTime, ...]:
    """Spread the words of ``text`` over samples ``start`` to ``end`` by their length.

    For clips of engines that tell no times. A word counts its letters and one more; punctuation
    after it adds two, for the pause.
    """
    words = [w for w in text.split() if has_word(w)]
    weights = [len(w) + 1 + 2 * (not w[-1].isalnum()) for w in words]
    edges = start + (np.cumsum([0, *weights]) * (end - start)) // max(sum(weights), 1)
    return tuple(
        WordTime(w, int(a), int(b)) for w, a, b in zip(words, edges, edges[1:], strict=False)
    )


def word_times(text: str, marks: Sequence[tuple[int, int]], length: int) -> tuple[WordTime, ...]:
    """Return the words of ``text`` with times from an engine's ``marks``.

    A mark is (index of a character of the text, sample of the clip). A word starts at the first
    mark inside it and ends where the next one starts; words without a mark share the stretch
    between their neighbours. ``length`` is the clip's, in samples.
    """
    words = [m for m in re.finditer(r"\S+", text) if has_word(m.group())]
    starts: list[int | None] = []
    for m in words:
        inside = [sample for at, sample in marks if m.start() <= at < m.end()]
        starts.append(min(inside) if inside else None)
    if not words:
        return ()
    starts[0] = starts[0] or 0
    return _fill([m.group() for m in words], starts, length)


def _fill(words: list[str], starts: list[int | None], length: int) -> tuple[WordTime, ...]:
    known = [i for i, s in enumerate(starts) if s is not None]
    times: list[WordTime] = []
    edge = 0
    for i, after in zip(known, [*known[1:], len(words)], strict=True):
        begin = min(max(starts[i], edge), length)
        stop = length if after == len(words) else min(max(starts[after], begin), length)
        times.extend(interpolate(" ".join(words[i:after]), begin, stop))
        edge = stop
    return tuple(times)
