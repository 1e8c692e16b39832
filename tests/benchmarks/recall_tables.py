"""Sums up what was heard over the speaker's own sound, and prints it beside the goals."""

from __future__ import annotations

from math import sqrt

import numpy as np
from rich.table import Table

from tests.benchmarks import engines, far_ends, rooms
from tests.benchmarks.echo_scenes import SER
from tests.benchmarks.wake_recall import LEVELS, Heard

# Wake recall asked for, by level in dB; a 4-microphone board must reach its own and the pair's.
GOALS = {
    engines.name_of(2): {0: 0.98, -10: 0.96, -20: 0.85},
    engines.name_of(4): {-20: 0.92, -30: 0.70},
}
GROUPS = {
    "what the speaker plays": far_ends.kind,
    "the loudspeaker's distortion": lambda seed: rooms.draw(seed).kind,
}
PART_OF_MISSES = 0.5  # of SpeexDSP's


def interval(heard: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a proportion (Wilson's score interval, 1927)."""
    if not of:
        return 0.0, 1.0
    z, p = 1.96, heard / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def summarise(rows: list[Heard]) -> dict:
    """Return the figures by engine, in the order they were heard."""
    names = dict.fromkeys(row.engine for row in rows)
    result = {name: _engine([r for r in rows if r.engine == name]) for name in names}
    peer = result.get(engines.SPEEX)
    for figures in result.values() if peer else ():
        for level, point in figures["recall"].items():
            theirs = peer["recall"][level]["missed"]
            point["misses_of_speex"] = point["missed"] / theirs if theirs else None
    return result


def _engine(rows: list[Heard]) -> dict:
    hours = sum(r.alone_s for r in rows) / 3600
    figures: dict = {"recall": {}, "recall_at_0.5": {}, "by": {}, "hours": hours}
    for level in dict.fromkeys(r.level for r in rows):
        here = [r for r in rows if r.level == level]
        figures["recall"][level] = _point([x for r in here for x in r.product])
        figures["recall_at_0.5"][level] = _point([x for r in here for x in r.scored])
        for what, group in GROUPS.items():
            for kind in sorted({group(r.seed) for r in here}):
                words = [x for r in here if group(r.seed) == kind for x in r.product]
                figures["by"].setdefault(what, {}).setdefault(kind, {})[level] = _point(words)
    figures["false"] = sum(r.false for r in rows)
    figures["false_at_0.5"] = sum(r.false_scored for r in rows)
    figures["false_per_hour"] = figures["false"] / hours if hours else None
    erles = [r.erle_db for r in rows if r.erle_db is not None]
    if erles:
        figures["erle_db"] = float(np.mean(erles))
    figures["of_real_time"] = float(np.mean([r.cpu for r in rows]))
    return figures


def _point(words: list[bool]) -> dict:
    heard, of = sum(words), len(words)
    return {
        "heard": heard,
        "of": of,
        "missed": of - heard,
        "recall": heard / of if of else None,
        "interval": interval(heard, of),
    }


def goals(result: dict) -> list[dict]:
    """Return every goal on recall with what was reached; absent engines are left out."""
    found = []
    for name, asked in GOALS.items():
        for level, goal in asked.items():
            if name in result and level in result[name]["recall"]:
                got = result[name]["recall"][level]["recall"]
                found.append(_goal(f"{name}: recall at {level} dB", goal, got, got >= goal))
        for level, point in result.get(name, {"recall": {}})["recall"].items():
            ratio = point.get("misses_of_speex")
            if ratio is not None:
                what = f"{name}: misses / SpeexDSP's at {level} dB"
                found.append(_goal(what, PART_OF_MISSES, ratio, ratio <= PART_OF_MISSES))
    return found


def _goal(what: str, goal: float, got: float, reached: bool) -> dict:
    return {"what": what, "goal": goal, "got": got, "reached": bool(reached)}


def recall_table(result: dict, missing: dict[str, str], what: str) -> Table:
    """Return the table of recall by engine and level, with 95 % intervals."""
    table = _levelled(f'Wake word "alexa" over the speaker\'s own sound: {what}')
    for name, row in result.items():
        table.add_row(name, *(_cell(name, lv, row["recall"].get(lv)) for lv in LEVELS))
    for name, reason in missing.items():
        table.add_row(name, reason)
    table.caption = (
        f"{SER} 95 % intervals. * goal met, ! missed. By the product's rule: our shipped ears; "
        "everybody else's output goes to the same model as often and as closely, the same decision "
        "and threshold."
    )
    return table


def _levelled(title: str, *more: str) -> Table:
    table = Table(title=title, padding=(0, 1, 0, 0))
    table.add_column("engine", no_wrap=True)
    for level in LEVELS:
        table.add_column(f"{level} dB", justify="right", no_wrap=True)
    for column in more:
        table.add_column(column, justify="right")
    return table


def _cell(name: str, level: int, point: dict | None) -> str:
    if point is None:
        return "-"
    goal = GOALS.get(name, {}).get(level)
    mark = " " if goal is None else "*" if point["recall"] >= goal else "!"
    low, high = point["interval"]
    return f"{point['recall']:.3f}{mark} {low:.2f}-{high:.2f}"


def misses_table(result: dict) -> Table:
    """Return the table of misses over SpeexDSP's, false hits, ERLE and cost."""
    title = "Misses / SpeexDSP's misses (goal: at most 0.5), and what else was counted"
    table = _levelled(title, "score ≥ 0.5", "false", "an hour", "ERLE dB", "real time")
    for name, row in result.items():
        ratios = [row["recall"].get(level, {}).get("misses_of_speex") for level in LEVELS]
        others = [row["recall_at_0.5"].get(level) for level in LEVELS]
        table.add_row(
            name,
            *(_ratio(name, ratio) for ratio in ratios),
            " ".join(f"{p['recall']:.2f}" if p else "-" for p in others),
            f"{row['false']} ({row['false_at_0.5']})",
            f"{row['false_per_hour']:.0f}",
            f"{row['erle_db']:.1f}" if "erle_db" in row else "-",
            f"{row['of_real_time']:.3f}",
        )
    hours = next(iter(result.values()))["hours"] if result else 0
    table.caption = (
        "score ≥ 0.5: recall by that alone at the same levels. false: hits without a word in "
        f"{hours:.2f} h of playback (by score ≥ 0.5), all levels. Real time: CPU with the wake "
        "word; ours with voice activity too."
    )
    return table


def _ratio(name: str, ratio: float | None) -> str:
    if ratio is None:
        return "-"
    mark = " " if name not in GOALS else "*" if ratio <= PART_OF_MISSES else "!"
    return f"{ratio:.2f}{mark}"


def group_tables(result: dict) -> list[Table]:
    """Return the tables of recall by what plays and by how the loudspeaker distorts."""
    return [_group_table(result, what) for what in GROUPS]


def _group_table(result: dict, what: str) -> Table:
    kinds = list(next(iter(result.values()))["by"][what])
    table = Table(
        title=f"Recall at {', '.join(map(str, LEVELS))} dB, by {what}", padding=(0, 1, 0, 0)
    )
    table.add_column("engine", no_wrap=True)
    for kind in kinds:
        table.add_column(kind, justify="right")
    for name, row in result.items():
        table.add_row(name, *(_levels(row["by"][what].get(kind, {})) for kind in kinds))
    return table


def _levels(points: dict) -> str:
    return " ".join(f"{point['recall']:.2f}".lstrip("0") for point in points.values())
