"""How soon the evidence ducks, what it misses, and how often it is wrong, for every threshold.

Held-back homes and people (tests/benchmarks/tune_evidence.py says which were tuned on). The peers
get the same signals: their cancellers and rules stand in tests/benchmarks/bargein_detectors.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rich.table import Table

from assistant.audio.bargein import Evidence, EvidenceRules
from assistant.audio.format import HOP, SAMPLE_RATE, samples
from tests.benchmarks.bargein_hops import SER_WORDS, Hops, seconds_of
from tests.benchmarks.bargein_jobs import alone, over, peers_alone, peers_over
from tests.benchmarks.jobs import EVERYTHING, FRONT_END, run_jobs

FIRST_HOME = 448
KINDS, RATIOS_DB = ("speech", "music"), (0, -10, -20)
DUCKS = (4.0, 8.0, 12.0, 16.0, 24.0, 40.0, 60.0)
REACH = samples(2.0)  # a duck later than this after the onset is a miss
EARLY = samples(0.1)  # breath and lips may come before the first active frame
HELD = samples(3.0)  # the evidence rests while the reply is held
WARM_UP = samples(3.0)  # ignored for everybody, as LiveKit ignores its AEC's


def ducks(hops: Hops, rules: EvidenceRules, media: bool = False) -> list[int]:
    """Return the samples at which the shipped evidence ducks; it rests for 3 s after each."""
    evidence, found, rests = Evidence(rules), [], 0
    for i in range(hops.speech.size):
        at = (i + 1) * HOP
        if at == rests:
            evidence.burn(at)
        if at <= rests:
            continue
        hop = float(hops.speech[i]), hops.output[i], hops.residual[i]
        if evidence.update(at, *hop, converged=bool(hops.converged[i]), media=media):
            found.append(at)
            rests = at + HELD
    return found


def reaction(hops: Hops, rules: EvidenceRules) -> list[float | None]:
    """Return the delay of each person's duck in seconds, None for a miss; nobody ducked before."""
    evidence, decisions = Evidence(rules), []
    for i in range(hops.speech.size):
        at = (i + 1) * HOP
        hop = float(hops.speech[i]), hops.output[i], hops.residual[i]
        if evidence.update(at, *hop, converged=bool(hops.converged[i])):
            decisions.append(at)
    return decided(decisions, hops.onsets)


def decided(decisions: list[int], onsets: tuple[int, ...]) -> list[float | None]:
    """Return the first decision's delay after each onset in seconds; None for a miss."""
    out: list[float | None] = []
    for onset in onsets:
        after = [d - onset for d in decisions if -EARLY <= d - onset <= REACH]
        out.append(max(0, min(after)) / SAMPLE_RATE if after else None)
    return out


def run(quick: bool, console) -> dict:
    """Print the curves; return the figures."""
    homes = range(FIRST_HOME, FIRST_HOME + (4 if quick else 12))
    lines, alone_s = 12, 60.0 if quick else 150.0
    said = [(h, k, r, lines, True) for h in homes for k in KINDS for r in RATIOS_DB]
    lonely = [(h, k, alone_s) for h in homes for k in KINDS]
    talked = dict(zip(said, run_jobs("people", over, said, console, FRONT_END), strict=True))
    quiet = dict(zip(lonely, run_jobs("alone", alone, lonely, console, FRONT_END), strict=True))
    shipped, rows = EvidenceRules(), {}
    for duck in DUCKS:
        rules = replace(shipped, duck=duck, duck_media=duck)
        name = f"ours, sum of {duck:.0f}" + (" (shipped)" if duck == shipped.duck else "")
        rows[name] = _row(
            {job: reaction(h, rules) for job, h in talked.items()},
            {job: ducks(h, rules) for job, h in quiet.items()},
            quiet,
        )
    spoken = [job for job in said if job[1] == "speech"]
    others = run_jobs("peers", peers_over, spoken, console, EVERYTHING)
    silent = run_jobs("peers alone", peers_alone, lonely, console, EVERYTHING)
    for name in others[0]:
        heard = zip(spoken, others, strict=True)
        rows[name] = _row(
            {job: decided(found[name], talked[job].onsets) for job, found in heard},
            {job: found[name] for job, found in zip(lonely, silent, strict=True)},
            quiet,
        )
    console.print(_table(rows, len(homes), quiet))
    return rows


def _row(reactions: dict, wrong: dict, quiet: dict) -> dict:
    row: dict = {}
    for kind in KINDS:
        for ratio in RATIOS_DB:
            here = [x for j, xs in reactions.items() if j[1:3] == (kind, ratio) for x in xs]
            heard = [x for x in here if x is not None]
            if here:
                p50, p95 = np.percentile(heard, [50, 95]) if heard else (np.nan, np.nan)
                row[f"{kind} {ratio}"] = {
                    "p50_s": float(p50), "p95_s": float(p95),
                    "missed": len(here) - len(heard), "lines": len(here),
                }  # fmt: skip
        hours = sum(seconds_of(quiet[j]) - 3.0 for j in wrong if j[1] == kind) / 3600
        count = sum(_apart([d for d in wrong[j] if d > WARM_UP]) for j in wrong if j[1] == kind)
        row[f"false {kind}"] = {"count": count, "per_hour": count / hours, "hours": hours}
    return row


def _apart(decisions: list[int]) -> int:
    """Count decisions; what follows within 2 s is the same one."""
    count, last = 0, -(10**9)
    for decision in decisions:
        if decision - last > samples(2.0):
            count, last = count + 1, decision
    return count


def _table(rows: dict, homes: int, quiet: dict) -> Table:
    table = Table(
        title=f"Evidence in {homes} homes: onset to decision ms p50 / p95 (missed of lines), by "
        "what plays and the speech-to-echo ratio in dB; false decisions per hour alone"
    )
    columns = [f"{kind} {ratio}" for kind in KINDS for ratio in RATIOS_DB]
    for name in ("detector", *columns, "false, speech", "false, music"):
        table.add_column(name)
    for name, row in rows.items():
        cells = []
        for column in columns:
            r = row.get(column)
            cells.append("" if r is None else f"{1000 * r['p50_s']:.0f} / {1000 * r['p95_s']:.0f} "
                         f"({r['missed']} of {r['lines']})")  # fmt: skip
        false = [f"{row[f'false {k}']['count']} = {row[f'false {k}']['per_hour']:.0f}/h"
                 for k in KINDS]  # fmt: skip
        table.add_row(name, *cells, *false)
    minutes = sum(seconds_of(h) for h in quiet.values()) / 60
    table.caption = (
        f"{SER_WORDS}. {minutes:.0f} min alone, half of it music; decisions within 2 s are one and "
        "the first 3 s are ignored, for everybody. A decision up to 0.1 s before the first active "
        "frame counts as 0 ms. Recordings that neither weights nor thresholds have seen."
    )
    return table
