"""Whether the board's lights make audio hops late: good ones, slow ones, broken ones, stuck ones.

The whole shipped audio thread talks in real time on two microphones while the shipped lights
thread draws 30 times a second on a simulated board. The peer is the same thread without lights.
A hop is late when the device's 100 ms of buffer would not have covered it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from rich.table import Table

from assistant import app
from assistant import messages as m
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.board import Ring, load_board
from assistant.loop import Channels
from assistant.panel import Panel
from assistant.settings import Settings
from tests.benchmarks.bench_cpu import Echoing, talking_loop
from tests.hardware.spi import Chain, module


class Timed(Echoing):
    """Also knows how long it made the audio thread wait."""

    waited_s = 0.0

    def _wait(self) -> None:
        began = time.perf_counter()
        super()._wait()
        self.waited_s += time.perf_counter() - began


class Lights:
    """A chain of twelve LEDs, and what happens before each frame."""

    count = 12
    end = threading.Event()

    def __init__(self, before: Callable[[], None]) -> None:
        self._before, self.frames = before, 0
        self._spi = module(Chain(self.count)).SpiDev()
        self._spi.open(0, 0)

    def show(self, colours) -> None:
        from assistant.hardware._apa102 import frame

        self._before()
        self._spi.writebytes2(frame(colours))
        self.frames += 1

    def close(self) -> None:
        self._spi.close()


def throw() -> None:
    raise OSError("no such device")


KINDS: dict[str, Callable[[], None] | None] = {
    "no lights (peer)": None,
    "lights": lambda: None,
    "lights that take 0.2 s a frame": lambda: Lights.end.wait(0.2),
    "lights that throw": throw,
    "lights that hang": lambda: Lights.end.wait(),
}


def hop_times(before: Callable[[], None] | None, seconds: float) -> tuple[np.ndarray, int, int]:
    """Return the hops' computing times in seconds, how many were late, and the frames shown."""
    made: list[Lights] = []

    def opened() -> Lights:
        made.append(Lights(before))
        return made[-1]

    channels = Channels()
    channels.shown = m.Show("speaking")
    board = replace(load_board("virtual"), ring=Ring(12), open_lights=opened if before else None)
    panel = Panel(board, channels, lambda: False, Settings())
    device = Timed(2, clocked=True)
    loop, hops = talking_loop(device, seconds), int(seconds * SAMPLE_RATE / HOP)
    times, interval = np.empty(hops), sys.getswitchinterval()
    Lights.end.clear()
    sys.setswitchinterval(app.SWITCH_INTERVAL_S)
    panel.start()
    try:
        for n in range(hops):
            waited, began = device.waited_s, time.perf_counter()
            loop.hop()
            times[n] = time.perf_counter() - began - (device.waited_s - waited)
            if n % 30 == 0:
                panel.look()
    finally:
        Lights.end.set()
        panel.stop()
        sys.setswitchinterval(interval)
    return times, device.late, sum(lights.frames for lights in made)


def run(quick: bool, console) -> dict:
    """Print the table; return the figures."""
    seconds = 5.0 if quick else 30.0
    table = Table(title="Audio hops beside the lights thread, while talking, two microphones")
    for column in ("what", "hop p50", "hop p99", "late", "frames"):
        table.add_column(column, justify="left" if column == "what" else "right")
    figures = {}
    for name, before in KINDS.items():
        times, late, frames = hop_times(before, seconds)
        p50, p99 = 1e3 * np.percentile(times, [50, 99])
        figures[name] = {"p50_ms": p50, "p99_ms": p99, "late": late, "hops": len(times)}
        table.add_row(
            name, f"{p50:.2f} ms", f"{p99:.2f} ms", f"{late} of {len(times)}", str(frames)
        )
    console.print(table)
    return figures
