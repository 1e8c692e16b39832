"""Fits the weights of the barge-in evidence and prints them (assistant/audio/bargein.py).

Run it after the canceller changed: python -m tests.benchmarks.tune_evidence

Training data: homes 600 to 602 of tests/benchmarks/bargein_homes.py with every third recording of
../shared/data/commands and alexa said over a reading voice and over music at 0, -10 and -20 dB;
against the speaker alone in homes 600 to 603. The benchmark reports on other homes and people.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rich.console import Console

from assistant.audio.bargein import GROUPS, LEAST_DB, MOST_DB, Evidence, EvidenceRules
from assistant.audio.format import HOP
from tests.benchmarks.bargein_hops import LEAD_S, Hops
from tests.benchmarks.bargein_jobs import alone, over
from tests.benchmarks.jobs import FRONT_END, run_jobs

HOMES = range(600, 603)
ALONE_HOMES = range(600, 604)
KINDS, RATIOS_DB = ("speech", "music"), (0, -10, -20)
LINES, ALONE_S = 4, 60.0
SPOKEN = 25  # hops after an onset that count as speech
AUDIBLE = 0.03  # ... where it has this part of its loudest hop's power
RIDGE = 1e-3


def features(hops: Hops) -> np.ndarray:
    """Return what ``Evidence.ratio`` weighs, (n, 6), from the same code by unit weights."""
    columns = []
    for group in range(len(GROUPS)):
        unit = tuple(float(g == group) for g in range(len(GROUPS)))
        columns.append(_ratios(hops, replace(EvidenceRules(), bands=unit, voice=0.0, bias=0.0)))
    nothing = (0.0,) * len(GROUPS)
    columns.append(_ratios(hops, replace(EvidenceRules(), bands=nothing, voice=1.0, bias=0.0)))
    x = np.column_stack(columns)
    assert x[:, :-1].min() >= LEAST_DB and x[:, :-1].max() <= MOST_DB
    return x


def _ratios(hops: Hops, rules: EvidenceRules) -> np.ndarray:
    evidence = Evidence(rules)
    rows = zip(hops.speech, hops.output, hops.residual, strict=True)
    return np.array([evidence.ratio(float(s), o, r) for s, o, r in rows])


def spoken(hops: Hops) -> list[int]:
    """Return the hops shortly after an onset in which the person really sounds."""
    found = []
    for onset in hops.onsets:
        i = onset // HOP
        least = AUDIBLE * hops.near[i : i + 120].max()
        later = range(i + 1, min(i + 1 + SPOKEN, hops.near.size))
        found += [t for t in later if hops.near[t] > least]
    return found


def fit(present: np.ndarray, absent: np.ndarray) -> np.ndarray:
    """Return weights and bias of the balanced logistic regression, by Newton's method."""
    scale = 10.0
    x = np.vstack([present, absent]) / scale
    x = np.column_stack([x, np.ones(len(x))])
    y = np.r_[np.ones(len(present)), np.zeros(len(absent))]
    share = np.where(y == 1, 0.5 / len(present), 0.5 / len(absent))
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        slope = x.T @ (share * (p - y)) + RIDGE * np.r_[w[:-1], 0.0]
        curve = (x * (share * p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(w.size)
        w -= np.linalg.solve(curve, slope)
    w[:-1] /= scale
    return w


def main() -> None:
    """Print the weights."""
    console = Console()
    jobs = [(h, k, r, LINES, False) for h in HOMES for k in KINDS for r in RATIOS_DB]
    lonely = [(h, k, ALONE_S) for h in ALONE_HOMES for k in KINDS]
    quiet = run_jobs("alone", alone, lonely, console, FRONT_END)
    talked = run_jobs("people over it", over, jobs, console, FRONT_END)
    begin = round(LEAD_S * 16_000) // HOP
    present = np.concatenate([features(h)[spoken(h)] for h in talked])
    absent = np.concatenate([features(h)[begin:] for h in quiet])
    w = fit(present, absent)
    print(f"{len(present)} hops of speech, {len(absent)} without")
    print("bands =", tuple(round(float(v), 2) for v in w[: len(GROUPS)]))
    print(f"voice = {w[-2]:.2f}, bias = {w[-1]:.2f}")


if __name__ == "__main__":
    main()
