"""Echo cancellation beside its peers: wake words heard, reconvergence, recorded echo, cost.

All engines get the same signals in the same run. SpeexDSP and AEC3 are given the true bulk
delay (less 4 ms); ours finds it. The default rooms (seeds 100 and up) are for reporting only;
``tune`` uses rooms 200 and up and every second person.
"""

from __future__ import annotations

import time

from rich.progress import track

from tests.benchmarks import engines, recall_tables, reconvergence, wake_recall
from tests.data import data_root

PARTS = ("recall", "reconvergence")


def run(
    quick: bool, console, *, tune: bool = False, parts: str = "", only: str = "", workers: int = 2
) -> dict:
    """Print the tables; return the figures by part.

    ``parts`` names what is measured, comma-separated; nothing means everything. ``only`` keeps
    the engines whose name contains one of its comma-separated parts. ``tune`` takes the other
    rooms and every second person, which are there to be looked at.
    """
    data, began = data_root(), time.monotonic()
    if not (data / "alexa").is_dir():
        console.print(f"no recordings in {data}; set ASSISTANT_TEST_DATA")
        return {}
    wanted = parts.split(",") if parts else PARTS
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


if __name__ == "__main__":
    import sys

    from rich.console import Console

    chosen = dict(arg.removeprefix("--").split("=", 1) for arg in sys.argv[1:] if "=" in arg)
    run(
        "--quick" in sys.argv,
        Console(),
        tune="--tune" in sys.argv,
        **{k: int(v) if k == "workers" else v for k, v in chosen.items()},
    )
