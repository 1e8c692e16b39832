"""`assistant teach`: from a phrase to a wake word in use."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from assistant import settings_file
from assistant.audio.files import read_audio
from assistant.errors import AssistantError, BadInput
from assistant.settings import PLACES, Settings, find_file
from assistant.teach import household, make, recordings
from assistant.teach.corpus import Amounts
from assistant.teach.phrase import parse
from assistant.teach.record import keep, record
from assistant.teach.sentences import refuse_everyday

FOLDER = Path("~/.local/share/assistant/wake")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Teach a wake word, or with ``--verify`` the household's voices; return the exit status."""
    console = Console()
    folder = FOLDER.expanduser()
    if arguments.verify:
        return _verify(arguments, settings, console, folder)
    phrase = parse(" ".join(arguments.phrase))
    refuse_everyday(phrase.text)
    out = _out(arguments.out, folder / f"{phrase.name}.onnx", ".onnx")
    words = _words(arguments, settings, console, phrase.text, folder / "recordings" / phrase.name)
    request = make.Request(
        phrase=phrase.text,
        out=out,
        recorded=words,
        background=_background(arguments.negatives),
        amounts=Amounts().scaled(arguments.synthetic / Amounts().words),
    )
    taught = _with_progress(console, request)
    _report(console, taught, len(words))
    _use(arguments, console, "word", str(taught.path))
    return 0


def _verify(
    arguments: argparse.Namespace, settings: Settings, console: Console, folder: Path
) -> int:
    word = " ".join(arguments.phrase) or settings.wake.word
    name = household.word_of(word)
    words = _words(
        arguments, settings, console, name.replace("_", " "), folder / "recordings" / name
    )
    out = _out(arguments.out, folder / f"{name}.npz", ".npz")
    learned = household.learn(word, words, out)
    console.print(
        f'The household\'s "{name.replace("_", " ")}" from {learned.recordings} recordings: '
        f"{learned.own:.0%} of them are let through when not learned from, "
        f"{learned.strangers:.0%} of synthetic strangers' words. It asks only about unsure hits."
    )
    _use(arguments, console, "verifier", str(out))
    return 0


def _out(given: Path | None, usual: Path, suffix: str) -> Path:
    out = (given or usual).expanduser()
    if out.suffix != suffix:
        raise BadInput(f"--out {given}", f"does not end in {suffix}", f"try {out.stem}{suffix}")
    return out.absolute()


def _words(
    arguments: argparse.Namespace, settings: Settings, console: Console, said: str, folder: Path
) -> list[np.ndarray]:
    """Return the words of the folder given, or of people in front of the microphone."""
    if arguments.recordings:
        return recordings.words_in(arguments.recordings.expanduser())
    if not arguments.takes:
        return []
    from assistant.sound_card import open_device
    from assistant.speech.engines import open_voice

    try:
        device = open_device(settings)
    except AssistantError as error:
        problem = str(error).partition(";")[0]
        remedy = "give --recordings DIR, or --takes 0 to do with synthetic voices only"
        raise BadInput("assistant teach", problem, remedy) from None
    try:
        voice, _ = open_voice(settings.speech)
        try:
            heard = record(
                device, voice, said, arguments.takes, console.print, settings.volume.level
            )
        finally:
            voice.close()
    finally:
        device.close()
    keep(heard, folder, said.replace(" ", "_"))
    console.print(f"Kept the recordings in {folder}; nothing else leaves this machine.")
    return [recordings.find_word(x) for x in heard]


def _background(folder: Path | None) -> list[np.ndarray]:
    return [read_audio(path) for path in recordings.files_in(folder.expanduser())] if folder else []


def _with_progress(console: Console, request: make.Request) -> make.Taught:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(f'learning "{request.phrase}"', total=request.work)
        taught = make.teach(request, lambda n: progress.advance(task, n))
        progress.update(task, completed=request.work)
    return taught


def _report(console: Console, taught: make.Taught, recorded: int) -> None:
    console.print(
        f'"{taught.phrase}" learned from {taught.voices} synthetic voices'
        + (f" and {recorded} recordings" if recorded else "")
        + f" in {taught.took_s:.0f} s; {taught.size / 1024:.0f} kB."
    )
    console.print(
        f"Heard from {taught.held_voices} voices it did not learn from: {taught.recall:.0%} of "
        f"{taught.words}, in rooms and noise. {taught.false_wakes} false wakes in "
        f"{taught.others_s / 60:.1f} minutes of other speech; {taught.near_woken:.0%} of phrases "
        "made to sound almost like it."
    )
    if taught.recorded_recall is not None:
        console.print(f"Your own recordings kept for measuring: {taught.recorded_recall:.0%}.")
    if not recorded:
        console.print("Recordings of the household make it better: --takes 8 or --recordings DIR.")


def _use(arguments: argparse.Namespace, console: Console, key: str, value: str) -> None:
    if not arguments.use:
        console.print("To use it, put this into the settings, or add --use:", highlight=False)
        console.print(f'[wake]\n{key} = "{value}"', markup=False, highlight=False, soft_wrap=True)
        return
    path = arguments.config or find_file() or Path(os.path.expanduser(PLACES[-1]))
    settings_file.use(path, "wake", key, value)
    console.print(f"Wrote wake.{key} into {path}.", highlight=False, soft_wrap=True)
