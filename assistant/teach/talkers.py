"""Synthetic people: many voices of the speech engines this machine has."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from assistant.audio.format import SAMPLE_RATE, from_int16
from assistant.errors import AssistantError, EngineMissing
from assistant.models import registry
from assistant.room.people import trim
from assistant.settings import load
from assistant.speech.clips import to_speaker_rate
from assistant.speech.engines import piper_model
from assistant.speech.piper_ import PiperVoice

ACCENTS = ("en-us", "en-gb", "en-us", "en-gb-x-rp", "en-gb-scotland", "en-us", "en-029")
# Whispers, robots and effects are left out; who misses in this version of espeak-ng, too.
VARIANTS = """f1 m1 f2 m2 f3 m3 f4 m4 f5 m5 m6 m7 m8 klatt Alicia adam klatt2 Andrea Alex Annie
antonio klatt3 aunty benjamin belinda boris caleb Denis Diogo ed edward klatt4 Gene Henrique Hugo
iven iven3 Jacky john linda kaukovalta Lee marcelo anika Marco max klatt5 Michael michel steph
miguel mike Nguyen norbert pablo grandma paul pedro quincy steph2 rob robert sandro shelby steph3
travis victor zac grandpa edward2 Gene2 klatt6 Andy""".split()
FLITE = ("kal16", "awb", "rms", "slt")
FESTIVAL = ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts")
_NAMES = {"flite": FLITE, "festival": FESTIVAL}
_TIMEOUT_S = 30


@dataclass(frozen=True)
class Talker:
    """One synthetic person; ``pitch`` is 0 to 99 and ``pace`` in words a minute, as 150 is usual.

    ``name`` is the engine's voice; Piper's is its file, which has one pitch and pace. Talkers of
    the same engine and name are the same person.
    """

    engine: str  # "espeak", "flite", "festival" or "piper"
    name: str
    pitch: int = 50
    pace: int = 150

    @property
    def person(self) -> str:
        """Who it is, however fast or high."""
        return f"{self.engine}:{self.name.partition('+')[2] or self.name}"


def engines() -> tuple[str, ...]:
    """Return the engines of this machine; espeak-ng is one, or ``EngineMissing`` is raised."""
    if shutil.which("espeak-ng") is None:
        raise EngineMissing("espeak-ng is not installed; sudo apt-get install espeak-ng")
    extra = {"flite": "flite", "festival": "text2wave"}
    found = tuple(name for name, program in extra.items() if shutil.which(program))
    return ("espeak", *found, *(("piper",) if _piper_file() else ()))


def people(wanted: tuple[str, ...] | None = None) -> list[Talker]:
    """Return one talker for every usable voice of the engines ``wanted`` (None: of all)."""
    found: list[Talker] = []
    for engine in wanted or engines():
        if engine == "espeak":
            known = _variants()
            names = [name for name in VARIANTS if name in known]
            found += [
                Talker("espeak", f"{ACCENTS[i % len(ACCENTS)]}+{name}")
                for i, name in enumerate(names)
            ]
        else:
            names = (str(_piper_file()),) if engine == "piper" else _NAMES[engine]
            found += [Talker(engine, name) for name in names if _speaks(Talker(engine, name))]
    return found


def varied(talker: Talker, rng: np.random.Generator) -> Talker:
    """Return the same person in another mood: accent, pitch and pace drawn anew."""
    name = talker.name
    if talker.engine == "espeak":
        name = f"{ACCENTS[rng.integers(len(ACCENTS))]}+{name.partition('+')[2]}"
    return Talker(talker.engine, name, int(rng.integers(15, 90)), int(rng.integers(105, 200)))


def speak(talker: Talker, text: str) -> np.ndarray:
    """Return ``text`` spoken, float32 at 16 kHz, without silence around it.

    Sounds in espeak-ng's notation may stand in ``[[...]]``, for the engine espeak only. Empty
    when the engine says nothing. Raises ``AssistantError`` when the engine hangs.
    """
    if talker.engine == "piper":
        return trim(_piper(talker.name).speak(text).samples)
    data = {"espeak": _espeak, "flite": _flite, "festival": _festival}[talker.engine](talker, text)
    sound, rate = _read(data)
    return trim(to_speaker_rate(sound, rate)) if sound.size else sound


def _read(data: bytes) -> tuple[np.ndarray, int]:
    """Return the samples and the rate of a WAV; its lengths say nothing when it was piped."""
    start = data.find(b"data") + 8
    if start < 8 or len(data) - start < 2:
        return np.zeros(0, np.float32), SAMPLE_RATE
    pcm = data[start : start + (len(data) - start) // 2 * 2]
    return from_int16(np.frombuffer(pcm, "<i2")), int.from_bytes(data[24:28], "little")


def _espeak(talker: Talker, text: str) -> bytes:
    pitch, pace = str(talker.pitch), str(talker.pace)
    return _run("espeak-ng", "-v", talker.name, "-p", pitch, "-s", pace, "--stdout", "--", text)


def _flite(talker: Talker, text: str) -> bytes:
    stretch = f"duration_stretch={150 / talker.pace:.2f}"
    shift = f"f0_shift={0.8 + talker.pitch / 250:.2f}"
    with tempfile.NamedTemporaryFile(suffix=".wav") as out:
        _run("flite", "-voice", talker.name, "--setf", stretch, "--setf", shift,
             "-t", text, "-o", out.name)  # fmt: skip
        return Path(out.name).read_bytes()


def _festival(talker: Talker, text: str) -> bytes:
    stretch = f"(Parameter.set 'Duration_Stretch {150 / talker.pace:.2f})"
    return _run("text2wave", "-eval", f"(voice_{talker.name})", "-eval", stretch, text=text)


def _piper_file() -> Path | None:
    return piper_model(registry.folder(load()))


@lru_cache(maxsize=2)
def _piper(model: str) -> PiperVoice:
    return PiperVoice(Path(model))


def _speaks(talker: Talker) -> bool:
    return speak(talker, "hello").size > 0


@lru_cache(maxsize=1)
def _variants() -> frozenset[str]:
    listed = _run("espeak-ng", "--voices=variant").decode(errors="replace")
    return frozenset(re.findall(r"!v/(.+?)\s*$", listed, re.MULTILINE))


def _run(*command: str, text: str = "") -> bytes:
    try:
        ran = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except FileNotFoundError as error:
        raise EngineMissing(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise AssistantError(f"{command[0]} did not answer in {_TIMEOUT_S} s; try again") from error
    return ran.stdout
