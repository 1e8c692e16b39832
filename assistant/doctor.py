"""Looks whether this machine has what the speaker needs, and says what to do where it has not.

Every check looks for real: packages are imported, the voice speaks a word, the sound cards are
listed, the store is opened. A check returns findings and never raises.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.audio.onnx_ import file_in_wheel
from assistant.errors import AssistantError, BadInput
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
    """Return the findings about this machine under ``settings``; takes some ten seconds."""
    return [
        *_system(),
        *_packages(),
        *_models(settings),
        _voice(settings),
        _sound_cards(),
        *_board(settings),
        _store(settings),
        *_tried(settings),
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
    yield _found("wake word model", lambda: _wake_word(settings.wake.word))
    yield _found(
        "voice activity model", lambda: file_in_wheel("silero_vad", "data/silero_vad.onnx")
    )
    household = Path(__file__).parent / "speech" / "vosk_household"
    yield _found("household model", lambda: _there(household, SETUP))
    yield from _fetched(settings)


def _fetched(settings: Settings) -> Iterator[Finding]:
    """Say which models of one's own hear and speak, and what does where there are none."""
    from assistant.models.registry import folder
    from assistant.models.shelf import damage
    from assistant.speech.engines import piper_model, vosk_folder

    speech, models = settings.speech, folder(settings)
    hears, speaks = vosk_folder(speech, models), piper_model(models, speech.language)
    for name, path, asked, stands_in in (
        ("Vosk model", hears, speech.recogniser in ("auto", "vosk"),
         "none; PocketSphinx listens, which knows only the skills' sentences"),
        ("Piper voice", speaks and speaks.parent, speech.voice == "auto",
         "none; espeak-ng speaks, which sounds like a robot"),
    ):  # fmt: skip
        if not asked:
            continue
        if path is None:
            yield Finding(name, "yellow", stands_in, "assistant models fetch")
        elif not path.exists():
            yield Finding(name, "red", f"{path} is not there", "check speech.vosk_model")
        elif problem := damage(path, thorough=True):
            yield Finding(name, "red", problem, f"assistant models fetch {path.name}")
        else:
            yield Finding(name, "green", path.name)


def _wake_word(word: str) -> Path:
    from assistant.audio.openwakeword_ import find_word

    return _there(find_word(word), "check wake.word")


def _there(path: Path, remedy: str) -> Path:
    if not path.exists():
        raise BadInput(str(path), "is not there", remedy)
    return path


def _found(name: str, find: Callable[[], Path]) -> Finding:
    try:
        return Finding(name, "green", find().name)
    except AssistantError as error:
        return _refused(name, error)


def _refused(name: str, error: AssistantError) -> Finding:
    if isinstance(error, BadInput):
        return Finding(name, "red", f"{error.where}: {error.problem}", error.remedy)
    return Finding(name, "red", str(error), SETUP)


def _voice(settings: Settings) -> Finding:
    try:
        from assistant.models.registry import folder
        from assistant.speech.engines import open_voice

        voice, _ = open_voice(settings.speech, folder(settings))
        try:
            clip = voice.speak("hello")
        finally:
            voice.close()
    except AssistantError as error:
        return _refused("voice", error)
    except Exception as error:  # a broken native library may raise anything
        return Finding("voice", "red", f"does not speak: {error}", SETUP)
    spoke = clip.samples.size > 0
    text = voice.name if spoke else f"{voice.name} stays silent"
    return Finding("voice", "green" if spoke else "red", text, "" if spoke else SETUP)


def _sound_cards() -> Finding:
    from assistant.audio.pyaudio_ import list_cards

    try:
        cards = list_cards()
    except Exception as error:  # PortAudio raises OSError, a broken library anything
        return Finding("sound cards", "red", f"cannot be listed: {error}", SETUP)
    missing = [] if any(card.inputs for card in cards) else ["no microphone"]
    missing += [] if any(card.outputs for card in cards) else ["no loudspeaker"]
    if not missing:
        return Finding("sound cards", "green", ", ".join(card.name for card in cards))
    remedy = "plug one in for `assistant run`; demo, simulate, replay and ask work without"
    colour = "red" if pi_model() else "yellow"
    return Finding("sound cards", colour, " and ".join(missing), remedy)


def _board(settings: Settings) -> list[Finding]:
    from assistant.board_checks import board_findings
    from assistant.machine import System

    return board_findings(settings.audio.board, System(), settings.audio.device)


def _tried(settings: Settings) -> Iterator[Finding]:
    from assistant.board import find_board, load_board
    from assistant.machine import System
    from assistant.self_test import self_tests

    system = System()
    try:
        board = find_board(settings.audio.board, system)[0]
    except BadInput:  # the board's own line says so
        board = load_board("default")
    yield from self_tests(settings, board, system)


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
