"""The look of the benchmarks' pictures, and those that are not about echo: ROC and latency."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

INK, FAINT = "#22223b", "#ced4da"
PALETTE = ("#d62828", "#2a6f97", "#2a9d5c", "#9d4edd", "#f4a261", "#b5651d")
LARGEST = 200_000  # bytes of a picture


@contextmanager
def picture(path: Path, title: str, *, wide: float = 7.2, high: float = 4.0) -> Iterator:
    """Give an empty axis to draw on, and write it as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    style = {"font.size": 9, "font.family": "DejaVu Sans", "axes.edgecolor": FAINT,
             "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK,
             "ytick.color": INK}  # fmt: skip
    with plt.rc_context(style):
        figure, axis = plt.subplots(figsize=(wide, high), dpi=120)
        axis.set_title(title, loc="left", fontsize=11, fontweight="bold")
        axis.grid(color=FAINT, lw=0.5, alpha=0.7)
        axis.set_axisbelow(True)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
        yield axis
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, bbox_inches="tight")
        plt.close(figure)


def colours(names: list[str]) -> dict[str, str]:
    """Return a colour for each name; the first ones are the most different."""
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(names)}


def plot_roc(rows: list[dict], path: Path) -> None:
    """Draw who is noticed against what false triggers cost, one curve a detector.

    Each row is ``{"name": str, "false_per_hour": [...], "noticed": [...]}``: two sequences of
    the same length, one entry a threshold, the second 0 to 1; and, if the detector has a
    threshold it ships with, ``"chosen": index`` of it, which is marked. Rows of one entry are
    drawn as a point.
    """
    with picture(path, "Interruptions noticed, by what false triggers they cost") as axis:
        shades = colours([row["name"] for row in rows])
        for row in rows:
            x, y = (np.asarray(row[key], float) for key in ("false_per_hour", "noticed"))
            order, colour = np.argsort(x, kind="stable"), shades[row["name"]]
            line = "-" if len(x) > 1 else "none"
            axis.plot(x[order], y[order], line, color=colour, lw=1.6, label=row["name"],
                      marker="none" if len(x) > 1 else "o")  # fmt: skip
            if "chosen" in row:
                at = row["chosen"]
                axis.plot(x[at], y[at], "o", color=colour, ms=7, mec="white")
        axis.set_xscale("symlog", linthresh=1)
        axis.set_xlim(left=0)
        axis.set_ylim(0, 1.02)
        axis.set_xlabel("false triggers an hour of its own talk (● as shipped)")
        axis.set_ylabel("interruptions noticed")
        axis.legend(frameon=False, loc="lower right")


def plot_latency(ms_by_name: dict[str, list[float]], path: Path, title: str = "") -> None:
    """Draw one histogram of times a name, with median and 95 % point.

    ``ms_by_name`` maps what is measured ("speech to duck") to its times in ms; times of
    something that never happened are left out by the caller.
    """
    found = {name: np.asarray(ms, float) for name, ms in ms_by_name.items() if len(ms)}
    most = max((np.percentile(ms, 99) for ms in found.values()), default=1.0)
    edges = np.linspace(0, max(most, 1.0), 41)
    shades = colours(list(found))
    with picture(path, title or "How fast it reacts") as axis:
        for name, ms in found.items():
            half, late = np.percentile(ms, [50, 95])
            label = f"{name}: p50 {half:.0f}, p95 {late:.0f} ms (n = {len(ms)})"
            share = np.full(len(ms), 1 / len(ms))
            clipped = np.clip(ms, edges[0], edges[-1])
            axis.hist(clipped, edges, weights=share, histtype="stepfilled", alpha=0.22,
                      color=shades[name])  # fmt: skip
            axis.hist(clipped, edges, weights=share, histtype="step", lw=1.4,
                      color=shades[name], label=label)  # fmt: skip
            axis.axvline(half, color=shades[name], lw=1.2)
            axis.axvline(late, color=shades[name], lw=1.2, ls=":")
        axis.set_xlim(0, edges[-1])
        axis.set_xlabel("ms; what is later is in the last bar")
        axis.set_ylabel("share")
        axis.legend(frameon=False, loc="upper right")
