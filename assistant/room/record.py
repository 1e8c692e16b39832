"""What is written down while a scene runs: every message, every hop, and who made which sound."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import get_args

import numpy as np

from assistant import messages as m
from assistant.audio.format import HOP, SAMPLE_RATE, seconds
from assistant.room.tape import Tape

_COMMANDS = get_args(m.Command)


@dataclass(frozen=True)
class Sounding:
    """Something that really happened in the room; samples at the nearest microphone."""

    kind: str  # "say", "sound", "press", "unplug" (until it can be opened) or "xrun"
    who: str  # the person, the sound or the button
    text: str
    onset: int
    end: int
    recorded: bool = False  # a recording: its words are known only as far as ``text`` tells


@dataclass(frozen=True)
class Hop:
    """One hop as the speaker saw it and as the room knows it."""

    wake: float
    speech: float
    gain: float
    playing: bool
    held: bool
    mode: str
    cost_ms: float  # computing time of the audio thread without the room


@dataclass
class Record:
    """Everything the report, the plot and the files are made from."""

    latency: int = 0  # samples from the mixer to the microphones
    messages: list[tuple[int, object]] = field(default_factory=list)
    soundings: list[Sounding] = field(default_factory=list)
    hops: list[Hop] = field(default_factory=list)
    mic: Tape = field(default_factory=Tape)  # int16 (channels, HOP)
    played: Tape = field(default_factory=Tape)  # int16 (HOP,)
    clean: Tape = field(default_factory=Tape)  # int16 (HOP,)
    echo: Tape = field(default_factory=Tape)  # float32 (HOP,), first microphone
    near: list[float] = field(default_factory=list)  # power of people and sounds there
    alignment: dict[str, float] = field(default_factory=dict)  # delay, drift, jumps at the end

    def observe(self, message: object, at: int) -> None:
        """Note an event or command; an observer of the speaker."""
        self.messages.append((at, message))

    def of(self, *kinds: type) -> list[tuple[int, object]]:
        """Return the messages of some kinds, in order."""
        return [(at, msg) for at, msg in self.messages if isinstance(msg, kinds)]

    def add_sound(self, mic, played, clean, echo, near) -> None:
        """Note one hop of sound; the arrays are copied."""
        self.mic.append(_pcm(mic))
        self.played.append(_pcm(played))
        self.clean.append(_pcm(clean))
        self.echo.append(echo[0])
        self.near.append(float(np.dot(near[0], near[0])) / HOP)

    def air(self, at: int) -> float:
        """Return when what the mixer rendered in the hop ending ``at`` is heard, in seconds."""
        return seconds(at - HOP + self.latency)


def write_files(record: Record, folder: Path) -> None:
    """Write events.jsonl, mic.wav, speaker.wav and clean.wav into ``folder``."""
    with open(folder / "events.jsonl", "w", encoding="utf-8") as out:
        for at, message in record.messages:
            out.write(json.dumps(as_json(message, at), ensure_ascii=False) + "\n")
    write_wav(folder / "mic.wav", record.mic.sound())
    write_wav(folder / "speaker.wav", record.played.sound())
    write_wav(folder / "clean.wav", record.clean.sound())


def write_wav(path: Path, pcm: np.ndarray) -> None:
    """Write int16 (n,) or (channels, n) as a WAV file at 16 kHz, sample for sample."""
    with wave.open(str(path), "wb") as out:
        out.setparams((1 if pcm.ndim == 1 else len(pcm), 2, SAMPLE_RATE, 0, "NONE", None))
        out.writeframes(np.ascontiguousarray(pcm.T).astype("<i2").tobytes())


def _pcm(x: np.ndarray) -> np.ndarray:
    """Return 16-bit samples that read back (``from_int16``) as what the converter gave."""
    return np.clip(np.rint(x * 32768.0), -32768, 32767).astype(np.int16)


def as_json(message: object, at: int) -> dict[str, object]:
    """Return one message as a flat JSON object, without its sound."""
    kind = "command" if isinstance(message, _COMMANDS) else "event"
    row: dict[str, object] = {"t_s": round(seconds(at), 3), kind: type(message).__name__}
    for f in fields(message):
        row[f.name] = _plain(getattr(message, f.name))
    return row


def _plain(value: object) -> object:
    if isinstance(value, m.Clip):
        return f"{value.samples.size / SAMPLE_RATE:.2f} s"
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, np.generic):
        return value.item()
    return list(value) if isinstance(value, tuple) else value
