"""Pictures of the echo benchmark: recall by speech-to-echo ratio, reconvergence, cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.benchmarks import engines
from tests.benchmarks.plots import FAINT, INK, picture
from tests.benchmarks.recall_tables import GOALS
from tests.benchmarks.reconvergence import CHANGES, HALF_S, STEP

COLOURS = {
    engines.NEAR: "#adb5bd",
    engines.NONE: "#6c757d",
    engines.AEC3: "#b5651d",
    engines.SPEEX: "#2a6f97",
    engines.name_of(1): "#f4a261",
    engines.name_of(2): "#d62828",
    engines.LINEAR: "#e5989b",
    engines.name_of(4): "#9d4edd",
    engines.name_of(6): "#2a9d5c",
}
SHOWN = ("moved", "knob up", "volume up")
SEC = STEP / 16_000


def draw_all(result: dict, folder: Path) -> list[Path]:
    """Draw whatever ``result`` of the echo benchmark holds; return the files written."""
    written = []
    if result.get("recall"):
        written.append(folder / "recall.png")
        plot_recall(result["recall"]["engines"], written[-1])
    curves = result.get("reconvergence", {}).get("engines", {})
    for change in SHOWN if curves else ():
        if all(change in rows for rows in curves.values()):
            written.append(folder / f"reconvergence_{change.replace(' ', '_')}.png")
            plot_reconvergence(curves, change, written[-1])
    if "cost" in result:
        written.append(folder / "cost.png")
        plot_cost(result["cost"], written[-1])
    return written


def plot_recall(result: dict, path: Path) -> None:
    """Draw recall against speech-to-echo ratio with 95 % intervals, and the goals."""
    with picture(path, '"alexa" heard over the speaker\'s own sound', high=4.4) as axis:
        for number, (name, row) in enumerate(result.items()):
            levels = np.array(list(row["recall"]), float)
            points = list(row["recall"].values())
            recall = np.array([p["recall"] for p in points])
            low, high = np.array([p["interval"] for p in points]).T
            x = levels + 0.28 * (number - (len(result) - 1) / 2)
            ours = name.startswith("ours")
            axis.errorbar(
                x, recall, [np.maximum(0, recall - low), np.maximum(0, high - recall)],
                color=COLOURS.get(name, INK), lw=2.0 if ours else 1.4, ls="-" if ours else "--",
                marker="o", ms=4, elinewidth=0.9, capsize=2, label=name,
            )  # fmt: skip
        for name, asked in GOALS.items():
            for level, goal in asked.items():
                axis.plot(level, goal, "_", color=COLOURS[name], ms=26, mew=2, alpha=0.55)
        axis.set_xlim(2.5, -32.5)
        axis.set_ylim(0, 1.02)
        axis.set_xticks([0, -10, -20, -30])
        axis.set_xlabel("speech-to-echo ratio at microphone 1, dB (wide bars: the goals)")
        axis.set_ylabel("wake words heard")
        axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def plot_reconvergence(result: dict, change: str, path: Path) -> None:
    """Draw ERLE over time from a cold start through one change of the echo path."""
    with picture(path, f"ERLE from a cold start; at {HALF_S:.0f} s: {CHANGES[change]}") as axis:
        for name, rows in result.items():
            curve = np.array(rows[change]["curve_db"])
            at = (np.arange(len(curve)) + 1) * SEC
            axis.plot(at, curve, color=COLOURS.get(name, INK), lw=1.5, label=name)
        axis.axvline(HALF_S, color=INK, lw=0.8, ls=":")
        axis.axhline(0, color=FAINT, lw=0.8)
        axis.set_xlim(0, 2 * HALF_S)
        axis.set_xlabel("seconds of playback")
        axis.set_ylabel("ERLE, dB (mean of the rooms)")
        axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def plot_cost(cost: dict, path: Path) -> None:
    """Draw what a hop takes by number of microphones, p50 and p99, and the peers' echo stage."""
    with picture(path, "Audio thread, share of one core while talking", high=3.0) as axis:
        names, shares = [], []
        for mics, row in cost["mics"].items():
            names.append(engines.name_of(int(mics)))
            shares.append(100 * row["share"])
        for name, share in cost["peers"].items():
            names.append(f"{name}\n(echo only, 1 mic)")
            shares.append(100 * share)
        bars = axis.barh(names, shares, color=[COLOURS.get(n, FAINT) for n in names], height=0.6)
        notes = [f"p50 {r['p50_ms']:.2f}, p99 {r['p99_ms']:.2f} ms" for r in cost["mics"].values()]
        for i, bar in enumerate(bars):
            note = f"{shares[i]:.1f} %" + (f"  ({notes[i]})" if i < len(notes) else "")
            axis.text(bar.get_width() + 0.2, bar.get_y() + 0.3, note, va="center", fontsize=8)
        axis.invert_yaxis()
        axis.set_xlim(0, 1.5 * max(shares))
        axis.set_xlabel("% of one core")
