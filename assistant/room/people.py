"""What people say and what makes noise, as it leaves their place: at its level, without a room."""

from __future__ import annotations

import re
import subprocess
from functools import lru_cache
from pathlib import Path

import numpy as np

from assistant.audio.files import read_audio
from assistant.audio.format import SAMPLE_RATE, from_int16, level_db, samples
from assistant.errors import AssistantError, BadInput, EngineMissing, did_you_mean
from assistant.room.acoustics import FULL_SCALE_SPL
from assistant.room.noises import noise
from assistant.room.scene import Person, Say, Sound
from assistant.speech.loudness import active_level

_FRAME = samples(0.02)
_SILENCE_DB = -40.0  # leading and trailing sound below the active level by this is cut

_HEADER = 44  # bytes before the samples of a WAV; its length fields say nothing in a pipe
_PACE = 150  # words a minute, as people talk; espeak's 175 runs "jarvis what's" into one word


def render_line(say: Say, person: Person) -> np.ndarray:
    """Return a line as float32 mono whose active level is the person's, at 1 m.

    1.0 is 108 dB SPL (assistant.room.acoustics). Raises BadInput for a recording or a voice
    that will not do.
    """
    level = person.level_db if say.level_db is None else say.level_db
    if say.wav is not None:
        return at_level(trim(read_recording(say.wav)), level)
    clip = trim(speak(person.voice.removeprefix("espeak:"), say.text))
    if not clip.size:
        raise BadInput(f'{person.name}\'s line "{say.text}"', "has no word in it", "write words")
    return at_level(clip, level)


def render_sound(sound: Sound, seed: int) -> np.ndarray:
    """Return a sound like ``render_line``; ``seed`` varies generated ones."""
    dry = noise(sound.kind, seed) if sound.wav is None else trim(read_recording(sound.wav))
    return at_level(dry, sound.level_db)


def at_level(x: np.ndarray, db_spl: float) -> np.ndarray:
    """Scale ``x`` so that its active level is ``db_spl`` dB SPL."""
    return (x * 10 ** ((db_spl - FULL_SCALE_SPL - active_level(x)) / 20)).astype(np.float32)


def trim(x: np.ndarray) -> np.ndarray:
    """Cut the silence before the first and after the last sound; empty when there is none."""
    floor = active_level(x) + _SILENCE_DB
    step = _FRAME // 4
    loud = [i for i in range(0, len(x), step) if level_db(x[i : i + step]) > max(floor, -90.0)]
    return x[loud[0] : loud[-1] + step] if loud else x[:0]


def read_recording(path: Path) -> np.ndarray:
    """Read a mono 16 kHz recording as float32; raises BadInput naming the file otherwise."""
    x = read_audio(path)
    if level_db(x) <= -100.0:
        raise BadInput(str(path), "is silent", "use a recording with something in it")
    return x


@lru_cache(maxsize=1)
def _variants() -> frozenset[str]:
    """Return the voices that may stand behind the plus; espeak-ng itself takes any silently."""
    listed = _espeak("--voices=variant").decode(errors="replace")
    return frozenset(re.findall(r"!v/(.+?)\s*$", listed, re.MULTILINE))


@lru_cache(maxsize=256)
def speak(variant: str, text: str) -> np.ndarray:
    """Return ``text`` spoken by the espeak-ng voice ``variant``, float32 at 16 kHz."""
    _, plus, name = variant.partition("+")
    if plus and name not in _variants():
        remedy = did_you_mean(name, _variants())
        raise BadInput(f"voice espeak:{variant}", f'there is no "{name}"', remedy)
    sound = _espeak("-v", variant, "-s", str(_PACE), "--stdout", "--", text)
    if len(sound) <= _HEADER:
        remedy = "`espeak-ng --voices` lists them"
        raise BadInput(f"voice espeak:{variant}", "is unknown to espeak-ng", remedy)
    rate = int.from_bytes(sound[24:28], "little")
    pcm = sound[_HEADER : len(sound) // 2 * 2]
    return _resample(from_int16(np.frombuffer(pcm, np.int16)), rate)


def _espeak(*arguments: str) -> bytes:
    command = ["espeak-ng", *arguments]
    try:
        return subprocess.run(command, capture_output=True, timeout=30, check=False).stdout
    except FileNotFoundError as error:
        raise EngineMissing("espeak-ng is not installed; sudo apt-get install espeak-ng") from error
    except subprocess.TimeoutExpired as error:
        raise AssistantError("espeak-ng did not answer within 30 s; try again") from error


def _resample(x: np.ndarray, rate: int) -> np.ndarray:
    """Change the sampling rate of a whole clip in the frequency domain (band-limited)."""
    n = -(-(len(x) + rate // 10) // rate) * rate  # whole seconds, and silence against wrap-around
    spectrum = np.fft.rfft(x, n)
    m = n // rate * SAMPLE_RATE
    out = np.zeros(m // 2 + 1, complex)
    keep = min(len(spectrum), len(out))
    out[:keep] = spectrum[:keep]
    y = np.fft.irfft(out, m) * (m / n)
    return y[: round(len(x) * SAMPLE_RATE / rate)].astype(np.float32)
