"""Interrupting the speaker: how fast it reacts, beside its peers, and whether it fools itself.

Everything is scene time, drawn by seed: two runs print the same figures. No threshold was chosen
by these homes; some of the recorded people were heard while the evidence was tuned.
"""

from __future__ import annotations

from rich.table import Table

from tests.benchmarks.bargein_device import interruptions, own_voice
from tests.benchmarks.bargein_evidence import EASY_DB, HARD_DB, compare
from tests.data import data_root

DEVICE_HOMES, EVIDENCE_HOMES, READING_HOMES = 510, 490, 500  # the first seed of each part


def run(quick: bool, console) -> dict:
    """Print the three tables; return the figures."""
    homes, words = _homes(DEVICE_HOMES, 3 if quick else 10), data_root() / "alexa"
    device = interruptions(homes, words, console)
    console.print(_device_table(device, "the first time it ever sounds"))
    settled = interruptions(homes, words, console, settled=True)
    console.print(_device_table(settled, "in its second reply"))
    evidence = compare(
        _homes(EVIDENCE_HOMES, 3 if quick else 10),
        alone_s=30.0 if quick else 45.0,
        lines=5 if quick else 6,
        folder=data_root() / "commands",
    )
    console.print(_evidence_table(evidence))
    voice = own_voice(_homes(READING_HOMES, 2 if quick else 6), 1.0 if quick else 3.0)
    console.print(_voice_table(voice))
    return {"device": device, "settled": settled, "evidence": evidence, "own_voice": voice}


def _homes(first: int, count: int) -> range:
    return range(first, first + count)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _pair(seconds: dict[str, float | None]) -> str:
    if seconds["p50"] is None:
        return "-"
    return f"{1000 * seconds['p50']:.0f} / {1000 * seconds['p95']:.0f}"


def _of(missed: tuple[int, int]) -> str:
    return f"{missed[0]} of {missed[1]}"


def _device_table(figures: dict, when: str) -> Table:
    table = _table(
        f"Whole speaker, interrupted {when}: ms from the onset at the microphones to the "
        "loudspeaker 12 dB down (duck) and 40 dB down (silence), p50 / p95 of those that did",
        "interrupted by", "duck", "where the device takes <= 40 ms", "less the device's part",
        "silence", "silence after the word's end",
        "went on", "not noticed", "as another kind",
    )  # fmt: skip
    for kind, row in figures.items():
        asked = row["asked"]
        table.add_row(
            kind, _pair(row["duck_s"]), f"{_pair(row['duck_quick_s'])} ({len(row['duck_quick'])})",
            _pair(row["duck_ours_s"]), _pair(row["silence_s"]), _pair(row["after_end_s"]),
            f"{len(row['went_on'])} of {asked}", f"{len(row['not_noticed'])} of {asked}",
            str(len(row["as_other"])),
        )  # fmt: skip
    false_ducks = sum(row["false_ducks"] for row in figures.values())
    false_stops = sum(row["false_stops"] for row in figures.values())
    unanswered = sum(len(row["no_reply"]) for row in figures.values())
    table.caption = (
        'Recorded wake: people saying "alexa"; wake: synthetic "hey jarvis, ..."; the rest '
        "synthetic. Went on: ducked, then resumed. A reply that ducks pauses soon after, so "
        f"silence may come before the decision. {false_ducks} false ducks and {false_stops} false "
        f"stops in all scenes; {unanswered} scenes had no reply to interrupt."
    )
    return table


def _evidence_table(figures: dict) -> Table:
    people = "recorded people" if figures["recorded_people"] else "synthetic people (no recordings)"
    table = _table(
        f"Talked over by {people}, same signals for all: onset to decision p50 / p95, missed "
        "(none within 2 s; by speech over echo), false triggers while the speaker talks alone",
        "detector", "decision ms", "missed", f"above {EASY_DB:.0f} dB", "between",
        f"below {HARD_DB:.0f} dB", "false", "false per hour",
    )  # fmt: skip
    for name, row in figures["detectors"].items():
        table.add_row(
            name, _pair(row["latency_s"]), _of(row["missed"]), _of(row["missed_easy"]),
            _of(row["missed_middle"]), _of(row["missed_hard"]), str(row["false"]),
            f"{row['false_per_hour']:.0f}",
        )  # fmt: skip
    for name, reason in figures["missing"].items():
        table.add_row(name, reason)
    ratio = figures["speech_to_echo_db"]["p50"]
    table.caption = (
        f"{figures['alone_minutes']:.1f} min alone; speech over echo at the microphone "
        f"{ratio:.0f} dB (median). The first 3 s of playback are ignored for everybody, as LiveKit "
        "does for its AEC. False triggers within 2 s are one. Nothing ducks; ours is held for 3 s "
        "after each decision, as the product is, and then told to resume. Pipecat's "
        "volume gate (0.6, about -50 LUFS at the converter) depends on the microphone's gain and "
        "is left open, in its favour for misses. AEC3 and SpeexDSP are told the true delay."
    )
    return table


def _voice_table(figures: dict) -> Table:
    table = _table(
        f"Its own voice: {figures['minutes']:.1f} min of reading aloud at 70 dB in "
        f"{len(figures['homes'])} rooms, nobody else speaks",
        "what", "count", "per hour",
    )  # fmt: skip
    for key in ("false_wakes", "false_stops", "false_ducks"):
        rate = figures[f"{key}_per_hour"]
        shown = "-" if rate is None else f"{rate:.1f}"
        table.add_row(key.replace("_", " "), str(figures[key]), shown)
    return table
