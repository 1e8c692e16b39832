"""Records of imagined scenes, for the tests of report, plot and console."""

from __future__ import annotations

import numpy as np

from assistant import messages as m
from assistant.audio.format import HOP, samples
from assistant.memory import Peak
from assistant.room.record import Hop, Record, Sounding
from assistant.speech.voice import Clip, WordTime

LATENCY = 640
CONTEXT = {
    "title": "A story",
    "duration_s": 12.0,
    "engines": {"wake": "w", "recogniser": "r", "voice": "v"},
    "memory": Peak(120.04, (20.0, 8.5)),
    "wake_word": "hey jarvis",
    "lists": {"shopping": ["milk"]},
    "expects": (),
}


def at(seconds: float) -> int:
    """Return the sample of the end of the hop in which ``seconds`` lies."""
    return -(-samples(seconds) // HOP) * HOP


def clip(text: str, seconds: float) -> Clip:
    """Return a clip whose words have equal lengths."""
    words, n = text.split(), samples(seconds)
    step = n // len(words)
    times = tuple(WordTime(w, i * step, (i + 1) * step) for i, w in enumerate(words))
    return Clip(np.zeros(n, np.float32), times)


def record(messages, soundings=(), *, loud=(), duration=12.0, ducked=(), erle_db=20.0) -> Record:
    """Make a record: ``loud`` and ``ducked`` are (start, end) seconds of the echo at the mics."""
    out = Record(latency=LATENCY)
    out.messages = sorted(messages, key=lambda pair: pair[0])
    out.soundings = list(soundings)
    rng = np.random.default_rng(0)
    for hop in range(int(samples(duration) / HOP)):
        t = hop * HOP / 16000
        level = 0.1 * any(a <= t < b for a, b in loud) + 0.01 * any(a <= t < b for a, b in ducked)
        echo = (level * rng.standard_normal((2, HOP))).astype(np.float32)
        near = np.zeros((2, HOP), np.float32)
        if any(s.onset <= hop * HOP < s.end for s in soundings):
            near[:] = 0.01
        clean = echo[0] * 10 ** (-erle_db / 20)
        out.add_sound(echo + near, echo[0], clean, echo, near)
        out.hops.append(Hop(0.1, 0.2, 1.0, level > 0, False, "idle", 0.5))
    return out


def say(who, text, start, end, recorded=False) -> Sounding:
    """Return a line heard between two times."""
    return Sounding("say", who, text, samples(start), samples(end), recorded)


def reply(turn, texts, start, *, seconds_each=1.0):
    """Return the messages of a reply that begins to leave the mixer at ``start``."""
    out = [(at(start), m.ReplyPlanned(turn, tuple(texts)))]
    for index, text in enumerate(texts):
        last = index == len(texts) - 1
        piece = clip(text, seconds_each)
        out.append((at(start), m.SegmentReady(turn, index, piece, last)))
        begins = at(start + index * seconds_each)
        out.append((begins, m.SegmentStarted(begins, turn, index)))
    return out
