"""Talking over the speaker at a stated speech-to-echo ratio, and what every hop of it looked like.

The canceller runs once per recording; thresholds are then swept over what it left, in memory.

Speech-to-echo ratio (SER): mean power of the speech while it sounds (its active frames, ITU-T
P.56) over mean power of the echo while it plays, at microphone 1, both reverberated.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE, samples
from assistant.audio.front_end import FrontEnd
from assistant.audio.voice_activity import VoiceActivity
from assistant.board import load_board
from assistant.room.device import VirtualRoom
from assistant.room.people import active_level, at_level, read_recording, speak, trim
from assistant.settings import Settings
from tests.benchmarks.bargein_homes import Home, active_span, draw_home, draw_place
from tests.benchmarks.far_end import far_end, reading, volume

LEAD_S = 8.0  # the speaker talks alone: a reply that has just begun is measured elsewhere
EVERY_S = 6.0
LINE_S = 2.5  # of each recorded person
SER_WORDS = (
    "Speech-to-echo ratio: mean power of the speech while it sounds (active frames, ITU-T P.56) "
    "over mean power of the echo while it plays, at microphone 1, both reverberated"
)


@dataclass(frozen=True)
class Over:
    """What two microphones heard of a reply and of people talking over it; samples."""

    mics: np.ndarray  # float32 (2, n)
    reference: np.ndarray  # float32 (n,)
    near: np.ndarray  # float32 (n,): the people alone, at the first microphone
    onsets: tuple[int, ...]  # where each person's speech becomes active there
    lag: int  # the echo's bulk delay


@dataclass(frozen=True)
class Hops:
    """What the front end and the voice activity detector made of each hop of a recording."""

    speech: np.ndarray  # float32 (n,): voice activity in the clean channel
    suppressed: np.ndarray  # float32 (n,): ... with the residual echo turned down as well
    output: np.ndarray  # float32 (n, BANDS)
    residual: np.ndarray  # float32 (n, BANDS)
    broadband: np.ndarray  # float32 (n,): mean square of the cleaned signal
    converged: np.ndarray  # bool (n,)
    near: np.ndarray  # float32 (n,): mean square of the people alone
    onsets: tuple[int, ...]  # samples


def record_over(
    seed: int, kind: str, ser_db: float, lines: list[np.ndarray], alone_s: float = LEAD_S
) -> Over:
    """Return home ``seed``: "speech" or "music" plays alone, then ``lines`` are said over it."""
    home, rng = draw_home(seed), np.random.default_rng([seed, 31])
    size = samples(alone_s + EVERY_S * len(lines)) // HOP * HOP
    reply = far_end(kind, size, seed)
    room = VirtualRoom(home.room, home.device, load_board(home.device.board), seed=seed)
    room.calibrate(active_level(reading() * volume()))
    mics, echo = np.zeros((2, size), np.float32), np.zeros(size, np.float32)
    for i in range(0, size, HOP):
        mics[:, i : i + HOP] = room.exchange(reply[i : i + HOP])[list(room.layout.mics)]
        echo[i : i + HOP] = room.echo_hop[0]
    near, onsets = np.zeros((2, size), np.float32), []
    wanted = np.mean(np.square(echo, dtype=np.float64)) * 10 ** (ser_db / 10)
    for i, line in enumerate(lines):
        heard = _in_the_room(room, home, rng, line)
        start, stop = active_span(heard[0])
        power = 10 ** (active_level(heard[0]) / 10)
        at = samples(alone_s + EVERY_S * i + rng.uniform(0.0, 2.0))
        end = min(size, at + heard.shape[1])
        near[:, at:end] += heard[:, : end - at] * np.float32(np.sqrt(wanted / power))
        onsets.append(at + start)
    mics = np.clip(np.rint((mics + near) * 32768.0), -32768, 32767) / np.float32(32768.0)
    lag = samples(home.device.latency_ms / 1000) + room.travel(room.loudspeaker_m)
    return Over(mics.astype(np.float32), reply, near[0], tuple(onsets), lag)


def _in_the_room(room: VirtualRoom, home: Home, rng, line: np.ndarray) -> np.ndarray:
    place = draw_place(rng, np.array(home.device.position_m), np.array(home.room.size_m))
    return room.at_mics(at_level(line, 60.0), place, talker=True)


def listen(over: Over, mics: int = 2) -> Hops:
    """Return what the shipped front end and detector make of a recording, hop by hop."""
    front_end = FrontEnd(mics, Settings().echo)
    voice, other = VoiceActivity(), VoiceActivity()
    canceller, rows = front_end.canceller, []
    count = over.reference.size // HOP
    output, residual = np.zeros((2, count, canceller.output_bands.size), np.float32)
    for i in range(count):
        here = slice(i * HOP, (i + 1) * HOP)
        clean = front_end.process(over.mics[:mics, here], over.reference[here], True)
        output[i], residual[i] = canceller.output_bands, canceller.residual_bands
        power = float(np.dot(clean, clean)) / HOP
        late = other.process(front_end.detectors[-1])
        rows.append((voice.process(clean), late, power, canceller.converged))
    speech, late, broadband, converged = (np.array(column) for column in zip(*rows, strict=True))
    near = np.mean(over.near.reshape(-1, HOP) ** 2, axis=1)
    return Hops(
        speech.astype(np.float32), late.astype(np.float32), output, residual,
        broadband.astype(np.float32), converged.astype(bool), near, over.onsets,
    )  # fmt: skip


def people(folder: Path, seed: int, count: int, kept_back: bool) -> list[np.ndarray]:
    """Return ``count`` lines of recorded people; synthetic ones where there is no ``folder``.

    Every third recording is for tuning, the others are ``kept_back``.
    """
    files = [f for i, f in enumerate(sorted(folder.glob("*.flac"))) if (i % 3 != 0) == kept_back]
    if not files:
        texts = ("what time is it", "turn it down please", "remove the milk", "how do I do that")
        return [speak(f"en-us+{'fm'[i % 2]}{3 + i % 2}", texts[i % 4]) for i in range(count)]
    chosen = np.random.default_rng([seed, 29]).permutation(len(files))[:count]
    return [trim(read_recording(files[i]))[: samples(LINE_S)] for i in chosen]


def seconds_of(hops: Hops) -> float:
    """Return how long a recording is, in seconds."""
    return hops.speech.size * HOP / SAMPLE_RATE
