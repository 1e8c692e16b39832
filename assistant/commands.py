"""What each command does. Each loads the part of the speaker it needs, and nothing else."""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from assistant.errors import BadInput, EngineMissing, did_you_mean
from assistant.settings import Settings, describe, to_toml, with_overrides
from assistant.values import as_toml


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    from assistant import app

    return app.run(settings) or 0


def demo(arguments: argparse.Namespace, settings: Settings) -> int:
    scene = Path(__file__).parent / "room" / "demo.toml"
    if settings.speech.recogniser == "auto":
        # The people of the demo are synthetic, and so is what this recogniser was trained on.
        settings = with_overrides(settings, {"speech.recogniser": "vosk-household"})
    return _simulate(scene, arguments, settings)


def simulate(arguments: argparse.Namespace, settings: Settings) -> int:
    return _simulate(arguments.scene, arguments, settings)


def _simulate(scene: Path, arguments: argparse.Namespace, settings: Settings) -> int:
    from rich.console import Console

    from assistant.room import run as room

    options = {"play": arguments.play, "fixed_costs": arguments.fixed_costs}
    report = room.simulate(scene, arguments.out, settings=settings, console=Console(), **options)
    return 0 if all(expectation["ok"] for expectation in report["expectations"]) else 1


def replay(arguments: argparse.Namespace, settings: Settings) -> int:
    from assistant.audio import replay as recording

    recording.run(
        arguments.mic, reference=arguments.reference, clean=arguments.clean, settings=settings
    )
    return 0


def ask(arguments: argparse.Namespace, settings: Settings) -> int:
    from assistant.ask import run_ask

    spoken, status = run_ask(" ".join(arguments.text), settings)
    print(spoken)
    return status


def skills(arguments: argparse.Namespace, settings: Settings) -> int:
    from assistant.ask import describe_skills
    from assistant.plugins import load_skills

    for row in describe_skills(load_skills(settings)):
        state = "" if row["state"] == "on" else f" ({row['state']}: {row['reason']})"
        about = f': "{row["about"]}"' if row["about"] else ""
        print(f"{row['name']}{state}{about}")
        for sentence in row["sentences"]:
            print(f"    {sentence}")
    return 0


def say(arguments: argparse.Namespace, settings: Settings) -> int:
    from assistant.models.registry import folder
    from assistant.remote import tell
    from assistant.speech.engines import open_voice

    text = " ".join(arguments.text)
    if not arguments.wav and tell({"do": "say", "text": text}) is not None:
        return 0  # a speaker is running, and has the sound card
    voice, _ = open_voice(settings.speech, folder(settings))
    try:
        clip = voice.speak(text)
    finally:
        voice.close()
    if not clip.samples.size:
        raise BadInput("assistant say", "there is no word in that", "give it words to say")
    if arguments.wav:
        from assistant.audio.files import write_wav

        write_wav(arguments.wav, clip.samples)
    else:
        _play(clip.samples, settings)
    return 0


def _play(samples, settings: Settings) -> None:
    import numpy as np

    from assistant.audio.format import HOP, SAMPLE_RATE
    from assistant.sound_card import open_device

    device = open_device(settings)
    try:
        # Half a second of silence pushes the end through the sound card's buffers.
        padding = -len(samples) % HOP + SAMPLE_RATE // 2 // HOP * HOP
        for hop in np.pad(samples, (0, padding)).reshape(-1, HOP):
            device.exchange(hop * np.float32(settings.volume.level))
    finally:
        device.close()


def lights(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.updating:
        from assistant.remote import tell

        tell({"do": "updating", "on": arguments.updating == "on"}, needed=True)
        return 0
    from assistant.lights import preview

    preview.run(
        mood=arguments.mood,
        count=arguments.count,
        once=arguments.once,
        out=arguments.out,
        board=_board(settings) if arguments.board else None,
    )
    return 0


def _board(settings: Settings):
    from assistant.board import find_board
    from assistant.machine import System

    return find_board(settings.audio.board, System())[0]


def backup(arguments: argparse.Namespace, settings: Settings) -> int:
    from datetime import datetime

    from assistant.backup import back_up, copy

    store = Path(settings.store.path).expanduser()
    if arguments.to:
        copy(store, arguments.to)
        print(f"Copied to {arguments.to}")
    elif store.exists() or not arguments.quiet:
        print(f"Copied to {back_up(store, store.parent / 'backups', datetime.now())}")
    return 0


def doctor(arguments: argparse.Namespace, settings: Settings) -> int:
    from assistant.doctor import examine, show

    findings = _try_hardware(settings) if arguments.hardware else examine(settings)
    show(findings, as_json=arguments.json)
    return 1 if any(finding.colour == "red" for finding in findings) else 0


def _try_hardware(settings: Settings) -> list:
    from assistant.board_checks import examine_board
    from assistant.device_checks import sound_checks
    from assistant.remote import refuse_while_running
    from assistant.sound_card import open_device

    refuse_while_running("assistant doctor --hardware")
    board = _board(settings)
    return examine_board(board, sound_checks(lambda: open_device(settings, board)))


def calibrate(arguments: argparse.Namespace, settings: Settings) -> int:
    from assistant.calibration.command import run

    return run(arguments, settings)


def models(arguments: argparse.Namespace, settings: Settings) -> int:
    from assistant.models.command import run

    return run(arguments, settings)


def config(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.describe:
        _print_settings(settings)
    elif arguments.write:
        try:
            with arguments.write.open("x", encoding="utf-8") as file:
                file.write(to_toml(settings))
        except FileExistsError:
            raise BadInput(
                str(arguments.write), "is there already", "remove it or give another name"
            ) from None
        except OSError as error:
            raise _unwritable(arguments.write, error) from None
        print(f"Wrote {arguments.write}; use it with --config {arguments.write}")
    else:
        print(to_toml(settings), end="")
    return 0


def _print_settings(settings: Settings) -> None:
    for row in describe(settings):
        changed = "" if row.value == row.default else f"   # default: {as_toml(row.default)}"
        allowed = f" ({row.allowed})" if row.allowed else ""
        print(f"{row.key} = {as_toml(row.value)}{changed}\n    {row.text}{allowed}")


def teach(arguments: argparse.Namespace, settings: Settings) -> int:
    if not arguments.phrase and not arguments.verify:
        raise BadInput(
            "assistant teach", "no wake word given", 'write assistant teach "hey pumpkin"'
        )
    # Before numpy is imported: its threads wait for each other on matrices as small as a lesson's,
    # and take four times the processor time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from assistant.teach import run as lesson

    return lesson.run(arguments, settings)


def bench(arguments: argparse.Namespace, settings: Settings) -> int:
    from rich.console import Console

    console = Console()
    known = _benchmarks()
    if not arguments.names:
        console.print("Benchmarks: " + ", ".join(sorted(known)))
        return 0
    for name in arguments.names:
        if name not in known:
            raise BadInput("assistant bench", f'there is no "{name}"', did_you_mean(name, known))
    figures = {}
    for name in arguments.names:
        module = _benchmark(name)
        figures[name] = module.run(arguments.quick, console, **_options(module.run, arguments))
    if arguments.json:
        try:
            arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise _unwritable(arguments.json, error) from None
    return 0


def _benchmark(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"tests.benchmarks.bench_{name}")
    except ModuleNotFoundError as error:
        raise EngineMissing(
            f'the benchmarks need "{error.name}", which the tests bring with them: '
            "./install.sh test --co -q sets both up"
        ) from None


def _options(run: Callable, arguments: argparse.Namespace) -> dict:
    """Return those of the command's options that this benchmark knows."""
    known = inspect.signature(run).parameters
    offered = {"tune": arguments.tune, "parts": arguments.parts, "only": arguments.only}
    offered |= {"plots": arguments.plots, "workers": arguments.workers}
    return {name: value for name, value in offered.items() if name in known}


def _benchmarks() -> set[str]:
    """Return the names of the benchmarks, and make them importable."""
    root = Path(__file__).resolve().parent.parent
    folder = root / "tests" / "benchmarks"
    if not folder.is_dir():
        raise BadInput(
            "assistant bench", f"{folder} is not there", "run it from a clone of the project"
        )
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return {path.stem.removeprefix("bench_") for path in folder.glob("bench_*.py")}


def _unwritable(path: Path, error: OSError) -> BadInput:
    reason = (error.strerror or str(error)).lower()
    return BadInput(str(path), f"cannot be written: {reason}", "give another name")
