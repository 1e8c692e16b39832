"""Looks whether this machine has what the speaker needs, and says what to do where it has not.

Every check looks for real: packages are imported, the voice speaks a word, the sound cards are
listed, the store is opened. A check returns findings and never raises.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.errors import AssistantError
from assistant.settings import Settings

SETUP = "run ./install.sh setup"


@dataclass(frozen=True)
class Finding:
    """One line of the table; ``colour`` is green, yellow (works, with a limit) or red."""

    name: str
    colour: str
    text: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Return the findings about this machine under ``settings``; takes about two seconds."""
    return [
        *_system(),
        *_packages(),
        *_models(settings),
        _voice(settings),
        _sound_cards(),
        _store(settings),
    ]


def show(findings: list[Finding], as_json: bool = False) -> None:
    """Print the findings as a table, or as JSON with ``ok`` false when one is red."""
    if as_json:
        ok = all(finding.colour != "red" for finding in findings)
        print(json.dumps({"ok": ok, "findings": [asdict(f) for f in findings]}, indent=1))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    signs = {"green": "ok", "yellow": "note", "red": "WRONG"}
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        text = Text(finding.text)
        if finding.remedy:
            text.append(f"\n-> {finding.remedy}", style="bold")
        table.add_row(Text(signs[finding.colour], style=finding.colour), finding.name, text)
    Console().print(table)


def _system() -> Iterator[Finding]:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        name = platform.system()
    bits = 64 if sys.maxsize > 2**32 else 32
    text = f"{name}, {platform.machine()}, {bits} bits, Linux {platform.release()}"
    good = platform.machine() in ("x86_64", "aarch64") and bits == 64
    remedy = "" if good else "use a 64-bit system; on a Raspberry Pi the 64-bit Raspberry Pi OS"
    yield Finding("system", "green" if good else "red", text, remedy)
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    remedy = "" if good else "use Python 3.11, 3.12 or 3.13"
    yield Finding("Python", "green" if good else "red", platform.python_version(), remedy)
    yield Finding("Raspberry Pi", "green", pi_model() or "no, another computer")


def pi_model() -> str:
    """Return the model of this Raspberry Pi, or an empty text on another computer."""
    try:
        model = Path("/proc/device-tree/model").read_text(errors="replace").strip("\0\n ")
    except OSError:
        return ""
    return model if "Raspberry Pi" in model else ""


def _packages() -> Iterator[Finding]:
    for module, package, job in (
        ("numpy", "numpy", "arithmetic"),
        ("onnxruntime", "onnxruntime", "wake word and voice activity"),
        ("vosk", "vosk", "speech to text"),
        ("pocketsphinx", "pocketsphinx", "speech to text without a download"),
        ("piper", "piper-tts", "text to speech with a model"),
        ("hassil", "hassil", "sentences"),
        ("soundfile", "soundfile", "sound files"),
        ("pyaudio", "PyAudio", "sound card"),
    ):
        try:
            importlib.import_module(module)
            found = f"{package} {importlib.metadata.version(package)}"
            yield Finding(job, "green", found)
        except Exception as error:  # a broken native library may raise anything
            reason = " ".join(str(error).split())
            yield Finding(job, "red", f"{package} does not load: {reason}", SETUP)


def _models(settings: Settings) -> Iterator[Finding]:
    word = settings.wake.word
    models = _inside("openwakeword", "resources/models")
    own = Path(word).expanduser()
    if word.endswith(".onnx"):
        found = own if own.is_file() else None
    else:
        found = next(iter(sorted(models.glob(f"{word}*.onnx"))), None) if models else None
    yield _model("wake word model", found, word, f"check wake.word, or {SETUP}")
    vad = _inside("silero_vad", "data/silero_vad.onnx")
    yield _model("voice activity model", vad, "silero_vad.onnx", SETUP)
    household = Path(__file__).parent / "speech" / "vosk_household"
    found = household if household.is_dir() else None
    yield _model("household model", found, "assistant/speech/vosk_household", SETUP)
    folder = settings.speech.vosk_model
    if folder:
        found = Path(folder).expanduser()
        found = found if found.is_dir() else None
        yield _model("Vosk model", found, folder, "check speech.vosk_model")


def _inside(package: str, path: str) -> Path | None:
    """Return a file of an installed package that is not to be imported, or None."""
    spec = importlib.util.find_spec(package)
    places = [] if spec is None else spec.submodule_search_locations or []
    return next((Path(place) / path for place in places if (Path(place) / path).exists()), None)


def _model(name: str, found: Path | None, wanted: str, remedy: str) -> Finding:
    if found is None:
        return Finding(name, "red", f"{wanted} is not there", remedy)
    return Finding(name, "green", found.name)


def _voice(settings: Settings) -> Finding:
    try:
        from assistant.speech.engines import open_voice

        voice = open_voice(settings.speech)
        try:
            clip = voice.speak("hello")
        finally:
            voice.close()
    except AssistantError as error:
        return Finding("voice", "red", str(error), "sudo apt-get install espeak-ng")
    except Exception as error:  # a broken native library may raise anything
        return Finding("voice", "red", f"does not speak: {error}", SETUP)
    spoke = clip.samples.size > 0
    text = voice.name if spoke else f"{voice.name} stays silent"
    return Finding("voice", "green" if spoke else "red", text, "" if spoke else SETUP)


def _sound_cards() -> Finding:
    try:
        import pyaudio

        with _quiet_stderr():
            portaudio = pyaudio.PyAudio()
            count = portaudio.get_device_count()
            cards = [portaudio.get_device_info_by_index(index) for index in range(count)]
            portaudio.terminate()
    except Exception as error:
        return Finding("sound cards", "red", f"cannot be listed: {error}", SETUP)
    hears = any(card["maxInputChannels"] for card in cards)
    speaks = any(card["maxOutputChannels"] for card in cards)
    if hears and speaks:
        return Finding("sound cards", "green", ", ".join(str(card["name"]) for card in cards))
    missing = " and ".join(["no microphone"] * (not hears) + ["no loudspeaker"] * (not speaks))
    remedy = "plug one in for `assistant run`; demo, simulate, replay and ask work without"
    return Finding("sound cards", "red" if pi_model() else "yellow", missing, remedy)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Hide what ALSA's library prints on stderr for every card it cannot open."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _store(settings: Settings) -> Finding:
    path = Path(settings.store.path).expanduser()
    remedy = "check store.path and who owns that folder"
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return Finding("store", "red", f"{folder} cannot be written", remedy)
    if not path.exists():
        return Finding("store", "green", f"{path}, made at the first use")
    try:
        store = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            (answer,) = store.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            store.close()
    except sqlite3.Error as error:
        answer = str(error)
    if answer == "ok" and os.access(path, os.W_OK):
        return Finding("store", "green", str(path))
    problem = f"is damaged: {answer}" if answer != "ok" else "cannot be written"
    return Finding("store", "red", f"{path} {problem}", remedy)
