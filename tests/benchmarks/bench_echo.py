"""Echo cancellation beside its peers: wake words heard, reconvergence, recorded echo, cost.

All engines get the same signals in the same run. SpeexDSP and AEC3 are given the true bulk
delay (less 4 ms); ours finds it. The default rooms (seeds 100 and up) are for reporting only;
``tune`` uses rooms 200 and up and every second person.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from assistant.errors import BadInput, did_you_mean
from tests.benchmarks import (
    after_change,
    bench_cpu,
    echo_alone,
    echo_plots,
    engines,
    peers,
    recall_tables,
    reconvergence,
    recorded_echo,
    wake_recall,
)
from tests.benchmarks.jobs import HEARING, run_jobs
from tests.data import data_root


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
    wanted = _parts(parts)
    data, began = data_root(), time.monotonic()
    if not (data / "alexa").is_dir():
        console.print(f"no recordings in {data}; set ASSISTANT_TEST_DATA")
        return {}
    how = Run(data, quick, tune, [part.strip() for part in only.split(",")], workers, console)
    result = {part: PARTS[part](how) for part in wanted}
    goals = [goal for figures in result.values() for goal in figures.get("goals", ())]
    if goals:
        reached = sum(goal["reached"] for goal in goals)
        console.print(f"{reached} of {len(goals)} goals reached; --json FILE lists them")
    if plots is not None:
        written = echo_plots.draw_all(result, plots)
        console.print("wrote " + ", ".join(str(path) for path in written))
    console.print(f"took {(time.monotonic() - began) / 60:.1f} min")
    return result


def _parts(parts: str) -> list[str]:
    wanted = [part.strip() for part in parts.split(",")] if parts else list(PARTS)
    for part in wanted:
        if part not in PARTS:
            remedy = did_you_mean(part, PARTS)
            raise BadInput("assistant bench --parts", f'there is no "{part}"', remedy)
    return wanted


@dataclass(frozen=True)
class Run:
    """How the parts are measured."""

    data: Path
    quick: bool
    tune: bool
    chosen: list[str]  # parts of the engines' names
    workers: int
    console: object

    def names(self, *offered: str) -> tuple[str, ...]:
        """Return those engines that were chosen."""
        return tuple(name for name in offered if any(part in name for part in self.chosen))

    def all_of(self, what: str, work: Callable[[object], list], todo: list) -> list:
        """Return everything that ``work`` finds in the jobs to do, with a bar meanwhile."""
        jobs = [(job,) for job in todo]
        groups = run_jobs(what, work, jobs, self.console, HEARING, self.workers)
        return [one for group in groups for one in group]


def _recall(how: Run) -> dict:
    todo = wake_recall.jobs(how.data, how.tune, how.quick, how.names(*wake_recall.default_names()))
    rows = how.all_of("wake words", wake_recall.listen, todo)
    result = recall_tables.summarise(rows)
    words = sum(len(job.clips) for job in todo)
    which = "tuning set" if how.tune else "held back"
    what = f"{words} recorded people a level, {len(todo)} rooms ({which})"
    if not result:
        return {}
    for table in (
        recall_tables.recall_table(result, engines.peers()[1], what),
        recall_tables.misses_table(result),
        *recall_tables.group_tables(result),
    ):
        how.console.print(table)
    return {"engines": result, "goals": recall_tables.goals(result), "words": words}


def _reconvergence(how: Run) -> dict:
    ours = engines.name_of(1), engines.name_of(2), engines.LINEAR
    names = how.names(*engines.peers()[0], *ours)
    todo = reconvergence.jobs(how.data, how.tune, how.quick, names)
    curves = how.all_of("changes", reconvergence.follow, todo)
    result = reconvergence.summarise(curves)
    if result:
        how.console.print(reconvergence.table(result))
    return {"engines": result, "goals": reconvergence.goals(result)}


def _after_change(how: Run) -> dict:
    ours = engines.LINEAR, engines.name_of(2)
    names = how.names(engines.NONE, *engines.peers()[0], *ours)
    todo = after_change.jobs(how.data, how.tune, how.quick, names)
    result = after_change.summarise(how.all_of("after a change", after_change.listen, todo))
    if result:
        how.console.print(after_change.table(result, len(todo)))
    return {"engines": result, "goals": after_change.goals(result)}


def _recorded(how: Run) -> dict:
    names = how.names(engines.NONE, *engines.peers()[0], engines.name_of(1), engines.SUPPRESSED)
    todo = recorded_echo.jobs(how.data, how.quick, names)
    ratings = how.all_of("recorded", recorded_echo.rate, todo)
    result = recorded_echo.summarise(ratings)
    if result:
        how.console.print(recorded_echo.table(result))
    return {"engines": result, "goals": recorded_echo.goals(result)}


def _alone(how: Run) -> dict:
    names = how.names(engines.NONE, *engines.peers()[0], engines.name_of(2), engines.name_of(4))
    todo = echo_alone.jobs(how.data, how.tune, how.quick, names)
    result = echo_alone.summarise(how.all_of("alone", echo_alone.listen, todo))
    if result:
        how.console.print(echo_alone.table(result))
    return {"engines": result, "goals": echo_alone.goals(result)}


def _cost(how: Run) -> dict:
    """Measure the whole audio thread by number of microphones, and the peers, in this process."""
    seconds = 8.0 if how.quick else 30.0
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
    how.console.print(table)
    return figures


PARTS = {
    "recall": _recall,
    "reconvergence": _reconvergence,
    "after": _after_change,
    "recorded": _recorded,
    "alone": _alone,
    "cost": _cost,
}
