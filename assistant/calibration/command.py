"""``assistant calibrate``: plays quiet sounds, says what is wrong, and writes the settings."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from assistant import settings_file
from assistant.audio.device import Device
from assistant.audio.format import SAMPLE_RATE, samples
from assistant.audio.mixer import volume_gain
from assistant.board import Board, find_board, load_board
from assistant.calibration.judge import findings
from assistant.calibration.measure import LEVEL_DB, LOUDER_DB, Measured, evaluate, play
from assistant.calibration.picture import draw
from assistant.doctor import Finding, show
from assistant.machine import System
from assistant.models.registry import folder
from assistant.remote import refuse_while_running
from assistant.settings import PLACES, Settings, find_file, with_overrides
from assistant.speech.engines import open_voice

WORDS = (
    "I am listening to my own voice now. This takes a quarter of a minute. "
    "Please be quiet until I am done; then I will hear you better while I talk."
)
LONGEST_WORDS = samples(9.0)
BACKUP = ".before-calibrate"


@dataclass(frozen=True)
class Place:
    """Where is calibrated: a device, its board, and the settings of the place."""

    device: Device
    board: Board
    settings: Settings


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Calibrate, and return 0 when the settings were written or would have been."""
    place = _room(arguments.scene, settings) if arguments.scene else _card(settings)
    try:
        if not arguments.json:
            print(f"Measuring {place.board.title}; please be quiet for a quarter of a minute.")
        measured = measure(place, _words(place.settings))
        table = findings(measured, place.board, place.device.layout)
    finally:
        place.device.close()
    good = all(finding.colour != "red" for finding in table)
    draw(measured, f"{place.board.title}, calibrated", arguments.out)
    wanted = wanted_settings(measured, place)
    kept = not (arguments.dry_run or (arguments.scene and arguments.config is None))
    note = _write(arguments.config, wanted, kept) if good else "Nothing was written: see above."
    if arguments.json:
        print(json.dumps(_report(measured, table, wanted if good else {}), indent=1))
    else:
        show(table)
        print(f"{note}\nThe picture is {arguments.out}.")
    return 0 if good else 1


def measure(place: Place, words: np.ndarray) -> Measured:
    """Play through ``place`` and measure; once more, louder, where the sweep was not heard."""
    layout, echo = place.device.layout, place.settings.echo
    rate = getattr(place.device, "rate", SAMPLE_RATE)
    measured = None
    for level in (LEVEL_DB, LOUDER_DB):
        heard = play(place.device, words, level)
        measured = evaluate(heard, place.board, layout, echo, rate)
        if measured.heard:
            break
    return measured


def wanted_settings(measured: Measured, place: Place) -> dict[str, object]:
    """Return what to write: the delay, where the reference is the mixer's."""
    if place.device.layout.loopback is not None:
        return {}
    return {"echo.delay_ms": round(measured.delay_ms, 1)}


def _words(settings: Settings) -> np.ndarray:
    voice, _ = open_voice(settings.speech, folder(settings))
    try:
        clip = voice.speak(WORDS)
    finally:
        voice.close()
    return clip.samples[:LONGEST_WORDS] * np.float32(volume_gain(settings.volume.level))


def _card(settings: Settings) -> Place:
    from assistant.sound_card import open_device

    refuse_while_running("assistant calibrate")
    system = System()
    board = find_board(settings.audio.board, system)[0]
    return Place(open_device(settings, board, system), board, settings)


def _room(scene_path: Path, settings: Settings) -> Place:
    """Open the room of a scene, without its people."""
    from assistant.room.device import VirtualRoom
    from assistant.room.scene import load_scene
    from assistant.speech.loudness import TARGET_DBFS

    scene = load_scene(scene_path)
    chosen = with_overrides(settings, scene.settings, f"{scene.source}, [settings]")
    board = load_board(scene.device.board)
    room = VirtualRoom(scene.room, scene.device, board, seed=scene.seed)
    room.calibrate(TARGET_DBFS + 20 * np.log10(volume_gain(chosen.volume.level)))
    return Place(room, board, chosen)


def _write(config: Path | None, wanted: dict[str, object], kept: bool) -> str:
    if not wanted:
        return "Nothing has to be set: the board returns what it plays."
    lines = ", ".join(f"{key} = {value}" for key, value in wanted.items())
    if not kept:
        return f"To keep it, set {lines}."
    path = config or find_file() or Path(os.path.expanduser(PLACES[-1]))
    backup = settings_file.use_all(path, wanted, BACKUP)
    return f"Wrote {lines} into {path}" + (f"; it was copied to {backup}." if backup else ".")


def _report(measured: Measured, table: list[Finding], wanted: dict[str, object]) -> dict:
    numbers = {k: v for k, v in asdict(measured).items() if k not in ("responses", "erle")}
    return {
        "ok": all(finding.colour != "red" for finding in table),
        "measured": numbers | {"delay_ms": measured.delay_ms},
        "settings": wanted,
        "findings": [asdict(finding) for finding in table],
    }
