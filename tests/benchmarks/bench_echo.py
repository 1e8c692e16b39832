"""Echo cancellation beside its peers: wake words heard, reconvergence, recorded echo, cost.

All engines get the same signals in the same run. SpeexDSP and AEC3 are given the true bulk
delay (less 4 ms); ours finds it. The default rooms (seeds 100 and up) are for reporting only;
``tune`` uses rooms 200 and up and every second person.
"""

from __future__ import annotations

import time

from rich.progress import track

from tests.benchmarks import engines, recall_tables, wake_recall
from tests.data import data_root

PARTS = ("recall",)


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
    result: dict = {}
    if "recall" in wanted:
        result["recall"] = _recall(data, quick, tune, only, workers, console)
    console.print(f"took {(time.monotonic() - began) / 60:.1f} min")
    return result


def _recall(data, quick: bool, tune: bool, only: str, workers: int, console) -> dict:
    names = wake_recall.default_names()
    if only:
        names = tuple(n for n in names if any(part.strip() in n for part in only.split(",")))
    todo = wake_recall.jobs(data, tune, quick, names)
    rooms = wake_recall.measure(todo, workers)
    shown = track(rooms, "wake words", total=len(todo), console=console, transient=True)
    rows = [row for room in shown for row in room]
    result = recall_tables.summarise(rows)
    words = sum(len(job.clips) for job in todo)
    which = "tuning set" if tune else "held-back rooms"
    what = f"{words} recorded people a level, {len(todo)} rooms ({which})"
    console.print(recall_tables.recall_table(result, engines.peers()[1], what))
    console.print(recall_tables.misses_table(result))
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
