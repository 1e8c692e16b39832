"""Draws what was measured: the echo's path, its cancellation, and the levels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.calibration.measure import Measured

_MICS = ("#2a6f97", "#9d4edd", "#2a9d5c", "#b5651d", "#d62828", "#33415c", "#e07a1f", "#8d99ae")
_FAINT = "#adb5bd"


def draw(measured: Measured, title: str, path: Path) -> None:
    """Write a PNG of three panels to ``path``; needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    with plt.rc_context({"font.size": 8, "font.family": "DejaVu Sans", "axes.edgecolor": _FAINT}):
        figure, axes = plt.subplots(
            1, 3, figsize=(11, 3.2), dpi=130, gridspec_kw={"width_ratios": [3, 2, 1.4]}
        )
        _path(axes[0], measured)
        _cancelled(axes[1], measured)
        _levels(axes[2], measured)
        for axis in axes:
            for side in ("top", "right"):
                axis.spines[side].set_visible(False)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
        figure.tight_layout()
        figure.savefig(path)
        plt.close(figure)


def _path(axis, measured: Measured) -> None:
    """The impulse responses' envelopes, 120 ms around the direct sound."""
    at = int(np.argmax(np.abs(measured.responses[0])))
    first = max(0, at - SAMPLE_RATE // 100)
    last = min(measured.responses.shape[1], first + SAMPLE_RATE * 12 // 100)
    t = np.arange(first, last) * 1000 / SAMPLE_RATE
    top = np.abs(measured.responses).max() or 1.0
    smooth = np.ones(16) / 16
    for n, response in enumerate(measured.responses):
        power = np.convolve((response / top) ** 2, smooth, "same")[first:last]
        level = 10 * np.log10(power + 1e-8)
        axis.plot(t, level, lw=0.9, color=_MICS[n % len(_MICS)], label=f"microphone {n + 1}")
    if measured.heard:
        axis.axvline(1000 * at / SAMPLE_RATE, color=_FAINT, lw=0.8, ls="--")
    axis.set_title(
        f"echo path: {measured.delay_ms:.1f} ms, {measured.drift_ppm:+.1f} ppm", loc="left"
    )
    axis.set_xlabel("ms after the mixer")
    axis.set_ylabel("dB")
    axis.set_ylim(-62, 3)
    axis.legend(frameon=False, fontsize=7)


def _cancelled(axis, measured: Measured) -> None:
    t = np.arange(len(measured.erle)) * HOP / SAMPLE_RATE
    axis.plot(t, measured.erle, color="#2a9d5c", lw=1.2)
    axis.axhline(15, color=_FAINT, lw=0.8, ls=":")
    axis.set_title(f"cancelled: {measured.erle_db:.0f} dB", loc="left")
    axis.set_xlabel("seconds of words")
    axis.set_ylabel("dB")
    axis.set_ylim(0, max(40.0, float(measured.erle.max(initial=0.0)) + 3))


def _levels(axis, measured: Measured) -> None:
    count = len(measured.noise_db)
    places, colours = np.arange(count), [_MICS[n % len(_MICS)] for n in range(count)]
    echo, noise = np.array(measured.echo_db), np.array(measured.noise_db)
    axis.bar(places, echo - noise, bottom=noise, color=colours, width=0.6)
    for n in places:
        axis.text(n, echo[n] + 1, f"{echo[n]:.0f}", ha="center", va="bottom", fontsize=7)
        axis.text(n, noise[n] - 1, f"{noise[n]:.0f}", ha="center", va="top", fontsize=7)
    axis.set_ylim(min(noise.min() - 12, -80), 3)
    axis.set_xticks(places, [str(n + 1) for n in places])
    clipped = max(measured.clipped)
    axis.set_title("noise to sweep" + (", CLIPS" if clipped > 1e-4 else ""), loc="left")
    axis.set_xlabel("microphone")
    axis.set_ylabel("dBFS")
