"""Echo cancellation beside its peers: wake words heard, reconvergence, recorded echo, cost.

All engines get the same signals in the same run. SpeexDSP and AEC3 are given the true bulk
delay (less 4 ms); ours finds it. The default rooms (seeds 100 and up) are for reporting only;
``tune`` uses rooms 200 and up and every second person.
"""

from __future__ import annotations

import time
from pathlib import Path

from rich.progress import track
from rich.table import Table

from assistant.errors import BadInput, did_you_mean
from tests.benchmarks import (
    bench_cpu,
    echo_plots,
    engines,
    peers,
    recall_tables,
    reconvergence,
    recorded_echo,
    wake_recall,
)
from tests.data import data_root

PARTS = ("recall", "reconvergence", "recorded", "cost")


def run(
    quick: bool,
    console,
    *,
    tune: bool = False,
    parts: str = "",
    only: str = "",
    workers: int = 2,
    plots: Path | None = None,
) -> dict:
    """Print the tables; return the figures by part.

    ``parts`` names what is measured, comma-separated; nothing means everything. ``only`` keeps
    the engines whose name contains one of its comma-separated parts. ``tune`` takes the other
    rooms and every second person, which are there to be looked at. ``plots`` is a folder to
    draw into.
    """
    data, began = data_root(), time.monotonic()
    if not (data / "alexa").is_dir():
        console.print(f"no recordings in {data}; set ASSISTANT_TEST_DATA")
        return {}
    wanted = [part.strip() for part in parts.split(",")] if parts else list(PARTS)
    for part in wanted:
        if part not in PARTS:
            raise BadInput(
                "assistant bench", f'there is no part "{part}"', did_you_mean(part, PARTS)
            )
    chosen = [part.strip() for part in only.split(",")]
    result: dict = {}
    if "recall" in wanted:
        names = _only(wake_recall.default_names(), chosen)
        todo = wake_recall.jobs(data, tune, quick, names)
        result["recall"] = _recall(todo, tune, workers, console)
    if "reconvergence" in wanted:
        names = _only((*engines.peers()[0], engines.name_of(1), engines.name_of(2)), chosen)
        todo = reconvergence.jobs(data, tune, quick, names)
        curves = _tracked(reconvergence.measure(todo, workers), "changes", len(todo), console)
        result["reconvergence"] = reconvergence.summarise(curves)
        console.print(reconvergence.table(result["reconvergence"]))
    if "recorded" in wanted:
        names = _only((engines.NONE, *engines.peers()[0], engines.name_of(1)), chosen)
        result["recorded"] = _recorded(data, quick, names, workers, console)
    if "cost" in wanted:
        result["cost"] = _cost(quick, console)
    if plots is not None:
        written = echo_plots.draw_all(result, plots)
        console.print("wrote " + ", ".join(str(path) for path in written))
    console.print(f"took {(time.monotonic() - began) / 60:.1f} min")
    return result


def _only(names: tuple[str, ...], chosen: list[str]) -> tuple[str, ...]:
    return tuple(name for name in names if any(part in name for part in chosen))


def _tracked(groups, what: str, total: int, console) -> list:
    """Return everything in ``groups``, with a bar while it is measured."""
    shown = track(groups, what, total=total, console=console, transient=True)
    return [one for group in shown for one in group]


def _recall(todo: list, tune: bool, workers: int, console) -> dict:
    rows = _tracked(wake_recall.measure(todo, workers), "wake words", len(todo), console)
    result = recall_tables.summarise(rows)
    words = sum(len(job.clips) for job in todo)
    which = "tuning set" if tune else "held back"
    what = f"{words} recorded people a level, {len(todo)} rooms ({which})"
    console.print(recall_tables.recall_table(result, engines.peers()[1], what))
    console.print(recall_tables.misses_table(result))
    console.print(recall_tables.far_end_table(result))
    return {"engines": result, "goals": recall_tables.goals(result), "words": words}


def _recorded(data, quick: bool, names: tuple[str, ...], workers: int, console) -> dict:
    todo = recorded_echo.jobs(data, quick, names)
    ratings = _tracked(recorded_echo.measure(todo, workers), "recorded", len(todo), console)
    result = recorded_echo.summarise(ratings)
    if result:
        console.print(recorded_echo.table(result))
    return {"engines": result, "goals": recorded_echo.goals(result)}


def _cost(quick: bool, console) -> dict:
    """Measure the whole audio thread by number of microphones, and the peers, in this process."""
    seconds = 8.0 if quick else 30.0
    figures: dict = {"mics": {m: bench_cpu.cost(m, seconds) for m in engines.ARRAYS}, "peers": {}}
    table = Table(title="Cost of a hop (16 ms) while talking: the whole audio thread")
    for column in ("what", "of real time", "p50 ms", "p99 ms"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for mics, row in figures["mics"].items():
        cells = (f"{row['share']:.1%}", f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}")
        table.add_row(engines.name_of(mics), *cells)
    for make in (peers.WebRtc, peers.Speex):
        try:
            share = figures["peers"][make.name] = bench_cpu.peer_cost(make(), seconds)
            table.add_row(f"{make.name}, echo only, 1 mic", f"{share:.1%}", "", "")
        except peers.Missing as missing:
            table.add_row(make.name, str(missing))
    table.caption = "Goal: at most 12 % with two microphones, 20 % with four, on a 2020s x86 core."
    console.print(table)
    return figures
