"""Draws a scene as one picture: people, speaker, wake score, voice activity, state over time."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE, seconds
from assistant.room.record import Record

_PEOPLE = ("#2a6f97", "#9d4edd", "#2a9d5c", "#b5651d")
_SPEAKER, _DUCK, _NOISE, _INK, _FAINT = "#33415c", "#f4a261", "#8d99ae", "#22223b", "#adb5bd"
_STOPPED, _RESUMED = "#d62828", "#e07a1f"
_LABEL_PT = 30  # height of an interruption's label in points
_PAPER = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.6}
_FONT = 7.0  # points, of what is said
_CHARACTER_IN = 0.054  # inches, an average character of it
_LEVEL = 0.66  # height of three lines of it
_MODES = {
    "idle": "#e9ecef",
    "listening": "#74c69d",
    "thinking": "#ffd166",
    "speaking": "#8ecae6",
    "held": "#f4a261",
    "ringing": "#ef476f",
}


def draw(record: Record, report: dict, path: Path) -> None:
    """Write the timeline of a scene as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    duration = len(record.hops) * HOP / SAMPLE_RATE
    width = float(np.clip(4 + 0.135 * duration, 9, 20))
    with plt.rc_context({"font.size": 8, "font.family": "DejaVu Sans", "axes.edgecolor": _FAINT}):
        figure, axes = plt.subplots(
            5, 1, sharex=True, figsize=(width, 6.4), dpi=130,
            gridspec_kw={"height_ratios": [3.0, 3.0, 0.9, 0.9, 0.5], "hspace": 0.08},
        )  # fmt: skip
        figure.subplots_adjust(left=0.07, right=0.99)
        character_s = _CHARACTER_IN * duration / (0.92 * width)
        _people(axes[0], record, character_s)
        _speaker(axes[1], record, report, character_s)
        _curve(axes[2], [h.wake for h in record.hops], "wake word", "#d62828")
        _curve(axes[3], [h.speech for h in record.hops], "speech", "#2a9d5c")
        _state(axes[4], record)
        levels = _interruptions(axes, report, character_s)
        axes[0].set_xlim(0, duration)
        axes[0].set_title(
            report["title"], loc="left", fontsize=12, fontweight="bold", pad=6 + _LABEL_PT * levels
        )
        axes[-1].set_xlabel("seconds")
        figure.savefig(path, bbox_inches="tight")
        plt.close(figure)


def _times(record: Record) -> np.ndarray:
    return (np.arange(len(record.hops)) + 0.5) * HOP / SAMPLE_RATE


def _bare(axis, label: str) -> None:
    axis.set_ylabel(label, rotation=0, ha="right", va="center", labelpad=8)
    axis.set_yticks([])
    axis.tick_params(axis="x", length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def _loudness(power: np.ndarray, floor_db: float, top_db: float) -> np.ndarray:
    """Map hop powers to 0..1 on a decibel scale: speech looks like speech at any distance."""
    db = 10 * np.log10(np.maximum(power, 1e-14))
    return np.clip((db - floor_db) / (top_db - floor_db), 0, 1)


def _people(axis, record: Record, character_s: float) -> None:
    near = np.array(record.near)
    top = 10 * np.log10(max(near.max(), 1e-9))
    height, t = 0.42 * _loudness(near, top - 35, top), _times(record)
    names = list(dict.fromkeys(s.who for s in record.soundings if s.kind == "say"))
    colours = {name: _PEOPLE[i % len(_PEOPLE)] for i, name in enumerate(names)}
    levels = _Staggered(3)
    for s in sorted(record.soundings, key=lambda s: s.onset):
        start, end = seconds(s.onset), seconds(s.end)
        colour = colours.get(s.who, _NOISE)
        label = s.text if s.kind == "say" and s.text else f"({s.who})"
        use = (t > start - 0.05) & (t < end + 0.15)
        axis.fill_between(t[use], -height[use], height[use], color=colour, lw=0)
        words = textwrap.fill(label, 22)
        level = levels.place(start, start + character_s * (1 + _width(words)))
        y = 0.6 + _LEVEL * level
        axis.plot([start, start], [0.5, y + 0.1], color=colour, lw=0.6)
        style = "normal" if s.kind == "say" else "italic"
        axis.text(start + character_s / 2, y, words, color=colour, fontsize=_FONT, va="bottom",
                  style=style, bbox=_PAPER)  # fmt: skip
    _key(axis, list(colours.items()), anchor=(0.0, 0.0), loc="lower left")
    axis.set_ylim(-0.95, 0.55 + _LEVEL * levels.used)
    _bare(axis, "people")


def _key(axis, entries: list[tuple[str, str]], anchor: tuple[float, float], loc: str) -> None:
    """Name colours in one row."""
    from matplotlib.patches import Patch

    patches = [Patch(color=colour, label=name) for name, colour in entries]
    if patches:
        axis.legend(
            handles=patches, ncols=len(patches), loc=loc, bbox_to_anchor=anchor, frameon=False,
            fontsize=7, handlelength=0.9, handleheight=0.9, columnspacing=1.2, borderaxespad=0,
        )  # fmt: skip


def _width(words: str) -> int:
    return max(map(len, words.split("\n")))


class _Staggered:
    """Gives labels that would overlap different levels."""

    def __init__(self, levels: int) -> None:
        self._ends = [-1.0] * levels
        self.used = 1

    def place(self, start: float, end: float) -> int:
        free = [i for i, e in enumerate(self._ends) if e <= start]
        level = free[0] if free else int(np.argmin(self._ends))
        self._ends[level] = end
        self.used = max(self.used, level + 1)
        return level


def _speaker(axis, record: Record, report: dict, character_s: float) -> None:
    power = np.array([np.mean((h / 32768.0) ** 2) for h in record.played])
    t = _times(record)
    top = 10 * np.log10(max(power.max(), 1e-9))
    height = 0.42 * _loudness(power, top - 35, top)
    axis.fill_between(t, -height, height, color=_SPEAKER, lw=0)
    held = np.array([h.held for h in record.hops])
    axis.fill_between(t, -0.5, 0.5, where=held, color=_DUCK, alpha=0.55, lw=0)
    levels = _Staggered(3)
    for reply in report["replies"]:
        start = reply["start_s"]
        cut = reply["ended"] == "interrupted"
        words = textwrap.fill(textwrap.shorten(reply["text"], 90, placeholder=" …"), 34)
        level = levels.place(start, start + character_s * (1 + _width(words)))
        y = -0.6 - _LEVEL * level
        axis.plot([start, start], [-0.5, y - 0.1], color=_SPEAKER, lw=0.6)
        axis.text(
            start + character_s / 2, y, words, color=_SPEAKER, fontsize=_FONT, va="top", bbox=_PAPER
        )
        if cut:
            axis.plot([reply["end_s"]], [0], marker="x", color=_STOPPED, ms=5, mew=1.4)
    axis.set_ylim(-0.65 - _LEVEL * levels.used, 0.6)
    _bare(axis, "speaker")


def _curve(axis, values: list[float], label: str, colour: str) -> None:
    t = (np.arange(len(values)) + 0.5) * HOP / SAMPLE_RATE
    axis.fill_between(t, 0, values, color=colour, alpha=0.25, lw=0)
    axis.plot(t, values, color=colour, lw=0.7)
    axis.axhline(0.5, color=_FAINT, lw=0.6, ls=":")
    axis.set_ylim(0, 1.08)
    _bare(axis, label)


def _state(axis, record: Record) -> None:
    modes = [h.mode for h in record.hops]
    edges = [0, *(i for i in range(1, len(modes)) if modes[i] != modes[i - 1]), len(modes)]
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        start, length = low * HOP / SAMPLE_RATE, (high - low) * HOP / SAMPLE_RATE
        axis.barh(0, length, left=start, height=1, color=_MODES.get(modes[low], _FAINT), lw=0)
    shown = [(mode, colour) for mode, colour in _MODES.items() if mode in modes]
    _key(axis, shown, anchor=(0.0, -0.75), loc="upper left")
    axis.set_ylim(-0.5, 0.5)
    _bare(axis, "state")


def _interruptions(axes, report: dict, character_s: float) -> int:
    """Mark the interruptions with their latencies; returns how many levels of labels there are."""
    levels = _Staggered(3)
    for row in sorted(report["interruptions"], key=lambda row: row["onset_s"]):
        went_on = row["resumed_s"] is not None
        onset, colour = row["onset_s"], _RESUMED if went_on else _STOPPED
        for axis in axes:
            axis.axvline(onset, color=colour, lw=0.9, ls="--", alpha=0.8, zorder=0)
        text = "resumed" if went_on else row["kind"]
        for name, key in (("duck", "duck_s"), ("silent", "stop_s")):
            if row[key] is not None:
                text += f"\n{name} {1000 * (row[key] - onset):.0f} ms"
        half = character_s * _width(text) / 2
        level = levels.place(onset - half, onset + half)
        axes[0].annotate(
            text, (onset, 1.0), xycoords=axes[0].get_xaxis_transform(),
            xytext=(0, 3 + _LABEL_PT * level), textcoords="offset points",
            color=colour, fontsize=_FONT, ha="center", va="bottom",
        )  # fmt: skip
    return levels.used
