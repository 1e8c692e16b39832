"""The whole speaker, interrupted in drawn rooms; and alone with its own voice."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from assistant.audio.format import SAMPLE_RATE
from assistant.room.people import speak, trim
from assistant.room.run import FIXED_COSTS, play_scene
from assistant.room.scene import Person, Press, Say, Scene, When
from tests.benchmarks.bargein_homes import Home, draw_home, quantiles
from tests.scenes.recorded import reading_aloud

KINDS = ("wake", "stop", "speech", "button")
LINES = {
    "wake": "hey jarvis, what's on my shopping list",
    "stop": "stop",
    "speech": "remove the milk from my shopping list",
}
WAKE_WORD = "hey jarvis,"
ITEMS = ("milk", "eggs", "bread", "apples", "tomatoes", "rice", "butter", "cheese", "soap", "tea")
INTO_REPLY_S = (1.5, 2.0, 2.5, 3.0)
SCENE_S = 14.0
IN_TIME_S = 4.0  # a reply that stops later than this after the onset was not interrupted by it
READING_DB = 70.0


def interruption_scene(kind: str, seed: int) -> Scene:
    """Return a scene in which a reply in home ``seed`` is interrupted once, by ``kind``."""
    home = draw_home(seed)
    during = When(after="reply", offset_s=INTO_REPLY_S[seed % len(INTO_REPLY_S)])
    says = [Say("Ana", When(at_s=1.0), LINES["wake"])]
    if kind != "button":
        says.append(Say("Ana", during, LINES[kind]))
    return Scene(
        title=f"{kind} in home {seed}",
        duration_s=SCENE_S,
        seed=seed,
        room=home.room,
        device=home.device,
        start={"shopping": ITEMS},
        settings={"speech.recogniser": "vosk-household"},
        people=(Person("Ana", home.talker_m, home.voice, home.talker_db),),
        says=tuple(says),
        presses=(Press(during),) if kind == "button" else (),
    )


def interruptions(homes: range) -> dict:
    """Interrupt a reply once per kind and home; return the figures per kind, in seconds."""
    found = {kind: _empty() for kind in KINDS}
    for seed in homes:
        for kind in KINDS:
            report = play_scene(interruption_scene(kind, seed), costs=FIXED_COSTS)
            _count(found[kind], kind, seed, report)
    return {kind: _summary(rows) for kind, rows in found.items()}


def _empty() -> dict:
    keys = ("duck", "silence", "after_end", "missed", "as_other", "no_reply")
    return {"asked": 0, "false_ducks": 0, "false_stops": 0} | {key: [] for key in keys}


def _count(rows: dict, kind: str, seed: int, report: dict) -> None:
    onset = _onset(kind, report)
    rows["false_ducks"] += report["false_ducks"]
    rows["false_stops"] += report["false_stops"]
    if onset is None:
        rows["no_reply"].append(seed)
        return
    rows["asked"] += 1
    cut = _caused(onset, report)
    if cut is None:
        rows["missed"].append(seed)
        return
    if cut["kind"] != kind:
        rows["as_other"].append([seed, cut["kind"]])
    if cut["duck_s"] is not None:
        rows["duck"].append(cut["duck_s"] - onset)
    rows["silence"].append(cut["stop_s"] - onset)
    if kind in ("wake", "stop"):
        rows["after_end"].append(cut["stop_s"] - _word_end(kind, onset, draw_home(seed)))


def _onset(kind: str, report: dict) -> float | None:
    """Return when the interruption reached the microphones; None when there was no reply."""
    if kind == "button":
        if not report["replies"]:
            return None
        presses = [row for row in report["interruptions"] if row["kind"] == "button"]
        return presses[0]["onset_s"] if presses else report["replies"][0]["start_s"]
    said = [row for row in report["utterances"] if row["onset_s"] > 3.0]
    return said[0]["onset_s"] if said else None


def _caused(onset: float, report: dict) -> dict | None:
    """Return the interruption that ended the reply soon after ``onset``."""
    for row in report["interruptions"]:
        stop = row["stop_s"]
        if stop is not None and onset <= stop <= onset + IN_TIME_S:
            return row
    return None


def _word_end(kind: str, onset: float, home: Home) -> float:
    """Return when the wake word or the stop phrase has been said."""
    text = WAKE_WORD if kind == "wake" else LINES[kind]
    return onset + len(trim(speak(home.voice.removeprefix("espeak:"), text))) / SAMPLE_RATE


def _summary(rows: dict) -> dict:
    measured = {key: quantiles(rows[key]) for key in ("duck", "silence", "after_end")}
    return rows | {f"{key}_s": value for key, value in measured.items()}


def own_voice(homes: range, minutes: float) -> dict:
    """Read aloud at 70 dB in each home; return how often its own voice fooled the speaker."""
    total = {"minutes": 0.0, "false_wakes": 0, "false_stops": 0, "false_ducks": 0, "homes": []}
    for seed in homes:
        with tempfile.TemporaryDirectory() as folder:
            report = play_scene(_reading(Path(folder), minutes, seed), costs=FIXED_COSTS)
        talked = sum(r["end_s"] - r["start_s"] for r in report["replies"]) / 60
        row = {key: report[key] for key in ("false_wakes", "false_stops", "false_ducks")}
        total["homes"].append({"home": seed, "minutes": round(talked, 2)} | row)
        total["minutes"] += talked
        for key, value in row.items():
            total[key] += value
    for key in ("false_wakes", "false_stops", "false_ducks"):
        total[f"{key}_per_hour"] = 60 * total[key] / total["minutes"] if total["minutes"] else None
    return total


def _reading(folder: Path, minutes: float, seed: int) -> Scene:
    home = draw_home(seed)
    device = replace(home.device, speaker_db=READING_DB)
    scene = reading_aloud(folder, minutes, seed)
    ana = replace(scene.people[0], position_m=home.talker_m)
    return replace(scene, room=home.room, device=device, people=(ana,))
