"""Two hundred sounds nobody means: recorded ones, made ones, and people who only show they listen.

Every third recording-free sound differs by its seed; the voices are espeak-ng's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant.audio.format import SAMPLE_RATE, samples
from assistant.room.people import speak, trim
from assistant.room.record import write_wav

KINDS = ("recorded", "cough", "sneeze", "plates", "door", "knock", "backchannel")
BACKCHANNELS = ("uh huh", "okay", "mm", "right", "yeah", "mm hmm", "oh", "I see", "sure", "wow")
VOICES = tuple(f"en-us+{v}" for v in ("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m5", "m7"))
RECORDED = ("dog", "glass", "kettle", "hammer", "cow", "crow", "drumkit", "rubberduck", "bee")
RECORDED_S = 1.5  # of each: a kettle would whistle on


def accident(number: int) -> tuple[str, str]:
    """Return the kind of accident ``number`` and its name; four in ten are backchannels."""
    if number % 5 in (1, 3):
        which = number // 5 * 2 + number % 5 // 2
        phrase = BACKCHANNELS[which % len(BACKCHANNELS)]
        return "backchannel", f"{VOICES[which // 3 % len(VOICES)]}:{phrase}"
    which = number // 5 * 3 + (0, 0, 1, 1, 2)[number % 5]
    kind = ("recorded", "cough", "sneeze", "plates", "door", "knock")[which % 6]
    name = RECORDED[which // 6 % len(RECORDED)] if kind == "recorded" else kind
    return kind, name


def sneeze(rng: np.random.Generator) -> np.ndarray:
    """Return a breath drawn in with a voice, then a burst of air through teeth."""
    t = np.arange(samples(0.35)) / SAMPLE_RATE
    pitch = np.cumsum(rng.uniform(160, 260) * (1 + t)) / SAMPLE_RATE
    breath = (np.sign(np.sin(2 * np.pi * pitch)) + rng.standard_normal(t.size)) * (t / 0.35) ** 2
    u = np.arange(samples(0.45)) / SAMPLE_RATE
    air = np.diff(rng.standard_normal(u.size), prepend=0.0)
    burst = 3 * air * np.minimum(u / 0.01, 1) * np.exp(-u / rng.uniform(0.06, 0.12))
    return np.concatenate([0.15 * breath, burst])


def knock(rng: np.random.Generator) -> np.ndarray:
    """Return two to four knocks on wood."""
    out = np.zeros(samples(1.2))
    t = np.arange(samples(0.12)) / SAMPLE_RATE
    for i in range(rng.integers(2, 5)):
        stroke = sum(
            np.sin(2 * np.pi * f * t) * np.exp(-t / d)
            for f, d in ((rng.uniform(150, 220), 0.03), (rng.uniform(380, 520), 0.018))
        )
        at = samples(0.05 + 0.24 * i)
        out[at : at + t.size] += stroke + 0.3 * rng.standard_normal(t.size) * np.exp(-t / 0.003)
    return out


def wav_of(number: int, folder: Path) -> Path:
    """Write a made sound or a backchannel as a WAV into ``folder``; return its path."""
    kind, name = accident(number)
    if kind == "backchannel":
        voice, _, phrase = name.partition(":")
        x = trim(speak(voice, phrase))
    else:
        rng = np.random.default_rng([number, 7])
        x = sneeze(rng) if kind == "sneeze" else knock(rng)
    path = folder / f"{kind}-{number}.wav"
    write_wav(path, np.rint(20000 * x / np.abs(x).max()).astype(np.int16))
    return path
