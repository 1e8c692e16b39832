"""The whole speaker, interrupted in drawn rooms; and alone with its own voice."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from assistant.audio.format import SAMPLE_RATE
from assistant.room.people import read_recording, speak, trim
from assistant.room.run import FIXED_COSTS, play_scene
from assistant.room.scene import Person, Press, Say, Scene, When
from tests.benchmarks.bargein_homes import Home, active_span, draw_home, quantiles
from tests.benchmarks.jobs import run_jobs
from tests.scenes.recorded import reading_aloud

KINDS = ("recorded wake", "wake", "stop", "speech", "button")
QUESTION = "what's on my shopping list"
LINES = {
    "wake": f"hey jarvis, {QUESTION}",
    "stop": "stop",
    "speech": "remove the milk from my shopping list",
}
WAKE_WORD = "hey jarvis,"
ITEMS = ("milk", "eggs", "bread", "apples", "tomatoes", "rice", "butter", "cheese", "soap", "tea")
INTO_REPLY_S = (1.5, 2.0, 2.5, 3.0)
SCENE_S, BEFORE_S = 14.0, 20.0  # and how much longer it is with a reply before
IN_TIME_S = 4.0  # a reply that stops later than this after the onset was not interrupted by it
READING_DB = 70.0
SPANS = ("duck", "duck_ours", "duck_quick", "silence", "after_end")
QUICK_S = 0.04  # output latency of a device that is well set up


def interruption_scene(
    kind: str, seed: int, wav: Path | None = None, settled: bool = False
) -> Scene:
    """Return a scene in which a reply in home ``seed`` is interrupted once, by ``kind``.

    It is the first sound the speaker ever makes there; or, ``settled``, the second reply. For a
    recorded wake ``wav`` is somebody's "alexa"; the button then asks for the reply, so that
    every scene has one.
    """
    home = draw_home(seed)
    offset = INTO_REPLY_S[seed % len(INTO_REPLY_S)]
    during = When(after="reply", nth=1 + settled, offset_s=offset)
    settings: dict[str, object] = {"speech.recogniser": "vosk-household"}
    if settled:
        settings["conversation.follow_up_s"] = 0.0  # the button shall ask for the second reply
    says, presses = [], []
    for at in (When(at_s=1.0), When(after="reply-end", offset_s=2.0))[: 1 + settled]:
        if wav is None and not settled:
            says.append(Say("Ana", at, LINES["wake"]))
        else:
            presses.append(Press(at))
            says.append(Say("Ana", _later(at, 0.5), QUESTION))
    if wav is not None:
        settings["wake.word"] = "alexa"
        says.append(Say("Ana", during, wav=wav))
    elif kind == "button":
        presses.append(Press(during))
    else:
        says.append(Say("Ana", during, LINES[kind]))
    return Scene(
        title=f"{kind} in home {seed}",
        duration_s=SCENE_S + BEFORE_S * settled,
        seed=seed,
        room=home.room,
        device=home.device,
        start={"shopping": ITEMS},
        settings=settings,
        people=(Person("Ana", home.talker_m, home.voice, home.talker_db),),
        says=tuple(says),
        presses=tuple(presses),
    )


def _later(when: When, by_s: float) -> When:
    if when.at_s is not None:
        return replace(when, at_s=when.at_s + by_s)
    return replace(when, offset_s=when.offset_s + by_s)


def interruptions(homes: range, words: Path, console, settled: bool = False) -> dict:
    """Interrupt a reply once per kind and home; return the figures per kind, in seconds.

    ``words`` is the folder of recorded "alexa"; without it that kind is left out. ``settled``
    interrupts the second reply and not the first.
    """
    found, wavs = {kind: _empty() for kind in KINDS}, sorted(words.glob("*.flac"))
    jobs = [
        (kind, seed, wavs[seed * 7 % len(wavs)] if kind == "recorded wake" else None, settled)
        for seed in homes
        for kind in KINDS
        if wavs or kind != "recorded wake"
    ]
    for job, report in zip(jobs, run_jobs("scenes", interrupted, jobs, console), strict=True):
        _count(found[job[0]], job, report)
    return {kind: _summary(rows) for kind, rows in found.items() if kind != KINDS[0] or wavs}


def interrupted(kind: str, seed: int, wav: Path | None, settled: bool) -> dict:
    """Play one scene and return its report."""
    return play_scene(interruption_scene(kind, seed, wav, settled), costs=FIXED_COSTS)


def _empty() -> dict:
    keys = (*SPANS, "went_on", "not_noticed", "as_other", "no_reply")
    return {"asked": 0, "false_ducks": 0, "false_stops": 0} | {key: [] for key in keys}


def _count(rows: dict, job: tuple, report: dict) -> None:
    kind, seed, wav, settled = job
    asked = _asked(kind, report, int(settled))
    rows["false_ducks"] += report["false_ducks"]
    rows["false_stops"] += report["false_stops"]
    if asked is None:
        rows["no_reply"].append(seed)
        return
    rows["asked"] += 1
    onset, end = asked
    if wav is not None:
        first, last = active_span(trim(read_recording(wav)))
        onset, end = onset + first / SAMPLE_RATE, onset + last / SAMPLE_RATE
    duck, stop = _first("duck_s", onset, report), _first("stop_s", onset, report)
    if duck is not None:
        took, latency = duck["duck_s"] - onset, draw_home(seed).device.latency_ms / 1000
        rows["duck"].append(took)
        rows["duck_ours"].append(took - latency)
        if latency <= QUICK_S:
            rows["duck_quick"].append(took)
    if stop is None:
        rows["not_noticed" if duck is None else "went_on"].append(seed)
        return
    if not kind.endswith(stop["kind"]):
        rows["as_other"].append([seed, stop["kind"]])
    rows["silence"].append(stop["stop_s"] - onset)
    if kind == "wake":
        end = onset + _length(WAKE_WORD, draw_home(seed))
    if kind in ("recorded wake", "wake", "stop"):
        rows["after_end"].append(stop["stop_s"] - end)


def _asked(kind: str, report: dict, reply: int) -> tuple[float, float] | None:
    """Return onset and end of the interruption of a reply at the microphones; None without."""
    if len(report["replies"]) <= reply:
        return None
    begun = report["replies"][reply]["start_s"]
    if kind == "button":
        presses = [row for row in report["interruptions"] if row["kind"] == "button"]
        onset = presses[0]["onset_s"] if presses else begun
        return onset, onset
    said = [row for row in report["utterances"] if row["onset_s"] > begun]
    return (said[0]["onset_s"], said[0]["end_s"]) if said else None


def _first(what: str, onset: float, report: dict) -> dict | None:
    """Return the first interruption whose ``what`` comes soon after ``onset``."""
    for row in report["interruptions"]:
        if row[what] is not None and onset <= row[what] <= onset + IN_TIME_S:
            return row
    return None


def _length(text: str, home: Home) -> float:
    """Return how long the home's voice takes to say ``text``, in seconds."""
    return len(trim(speak(home.voice.removeprefix("espeak:"), text))) / SAMPLE_RATE


def _summary(rows: dict) -> dict:
    measured = {key: quantiles(rows[key]) for key in SPANS}
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
