"""What a hop costs, by microphones, and whether a busy worker makes hops late.

The whole shipped audio thread runs: mixer, canceller, beam, wake word, voice activity, evidence.
Peers on the same sound: WebRTC AEC3 and SpeexDSP, which only cancel the echo; and Python's own
switch interval of 5 ms against the speaker's 0.1 ms. Costs are ratios to real time.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from rich.table import Table

from assistant import app
from assistant.audio.device import DeviceHealth, Layout
from assistant.audio.ears import Ears
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.mixer import Mixer
from assistant.audio.thread import AudioLoop
from assistant.daemon import be_prompt
from assistant.loop import Channels
from assistant.messages import Begin, Play, Policy
from assistant.settings import Settings
from assistant.speech.voice import Clip
from tests.benchmarks import peers, rooms

HOP_S = HOP / SAMPLE_RATE
BUFFER_HOPS = 6  # a device buffers about 100 ms: only what comes later than that is heard
TAPS = 800


def talk(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Return noise with the rhythm and the spectrum of speech, RMS 0.1."""
    n = int(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum /= 1 + (np.fft.rfftfreq(n, 1 / SAMPLE_RATE) / 500) ** 1.5
    x = np.fft.irfft(spectrum, n)
    x *= 0.15 + np.abs(np.sin(2 * np.pi * 2.1 * np.arange(n) / SAMPLE_RATE))
    return (0.1 * x / np.sqrt(np.mean(x**2))).astype(np.float32)


class Echoing:
    """A device that hears what it plays through short random responses; optionally in real time."""

    def __init__(self, mics: int, clocked: bool = False) -> None:
        rng = np.random.default_rng(mics)
        decay = np.exp(-np.arange(TAPS) / 150)
        self.layout = Layout(tuple(range(mics)))
        self._responses = np.fft.rfft(0.3 * rng.standard_normal((mics, TAPS)) * decay, TAPS + HOP)
        self._tail = np.zeros((mics, TAPS), np.float32)
        self._noise = 1e-3 * rng.standard_normal((mics, HOP)).astype(np.float32)
        self._start, self._hops, self.late = None, 0, 0
        self._clocked, self._wake_up = clocked, threading.Event()

    def exchange(self, out: np.ndarray) -> np.ndarray:
        if self._clocked:
            self._wait()
        echo = np.fft.irfft(np.fft.rfft(out, TAPS + HOP) * self._responses, TAPS + HOP)
        echo[:, :TAPS] += self._tail
        self._tail = echo[:, HOP:].astype(np.float32)
        return (echo[:, :HOP] + self._noise).astype(np.float32)

    def _wait(self) -> None:
        now = time.perf_counter()
        if self._start is None:
            self._start = now
        self._hops += 1
        due = self._start + self._hops * HOP_S
        if now > due + BUFFER_HOPS * HOP_S:
            self.late += 1
            self._start += now - due  # the sound is lost; go on from here
        elif now < due:
            self._wake_up.wait(due - now)

    def health(self) -> DeviceHealth:
        return DeviceHealth(output_latency=2 * HOP)

    def close(self) -> None:
        """Nothing to release."""


def talking_loop(device: Echoing, seconds: float) -> AudioLoop:
    """Return an audio loop in the middle of a reply that lasts ``seconds``."""
    channels, settings = Channels(), Settings()
    mixer, mics = Mixer(level=1.0, latency=2 * HOP), len(device.layout.mics)
    loop = AudioLoop(
        device,
        Ears(mics, settings, background=True, positions=rooms.array(mics)),
        mixer,
        channels,
        silence=int(0.7 * SAMPLE_RATE),
    )
    clip = Clip(talk(seconds, np.random.default_rng(1)))
    channels.audio.extend([Begin(1, Policy.OPEN), Play(1, 0, clip, last=True)])
    return loop


def cost(mics: int, seconds: float) -> dict[str, float]:
    """Return the audio thread's share of one core and its hop times while it talks."""
    loop, bare = talking_loop(Echoing(mics), seconds), Echoing(mics)
    hops = int(seconds / HOP_S)
    silence = np.zeros(HOP, np.float32)
    began = time.thread_time()
    for _ in range(hops):
        bare.exchange(silence)
    device_s = (time.thread_time() - began) / hops
    times, began = np.empty(hops), time.thread_time()
    for i in range(hops):
        t = time.perf_counter()
        loop.hop()
        times[i] = time.perf_counter() - t
    share = (time.thread_time() - began) / hops - device_s
    p50, p99 = np.percentile(times, [50, 99]) - device_s
    return {"share": share / HOP_S, "p50_ms": 1e3 * p50, "p99_ms": 1e3 * p99}


def peer_cost(peer, seconds: float) -> float:
    """Return the share of one core that ``peer`` takes for one microphone's echo alone."""
    x = talk(seconds, np.random.default_rng(1))
    began = time.thread_time()
    peer.run(0.3 * x, x)
    return (time.thread_time() - began) / seconds


def keep_busy(stop: threading.Event) -> None:
    """Do what a worker at its worst does: pure Python without a pause."""
    data = {str(i): list(range(40)) for i in range(200)}
    while not stop.is_set():
        json.loads(json.dumps(data, indent=1))
        sorted(str(n) for n in range(20_000))


def late_hops(seconds: float, interval_s: float) -> tuple[int, int]:
    """Return (late hops, hops) in real time beside a busy worker with this switch interval.

    The audio thread gets what the service gives it: real-time priority where that is allowed.
    """
    with ThreadPoolExecutor(1) as pool:  # the priority goes with the thread
        return pool.submit(_late_hops, seconds, interval_s).result()


def _late_hops(seconds: float, interval_s: float) -> tuple[int, int]:
    device = Echoing(2, clocked=True)
    loop, stop, before = talking_loop(device, seconds), threading.Event(), sys.getswitchinterval()
    busy = threading.Thread(target=keep_busy, args=(stop,), daemon=True)
    hops = int(seconds / HOP_S)
    sys.setswitchinterval(interval_s)
    busy.start()
    be_prompt()
    try:
        for _ in range(hops):
            loop.hop()
    finally:
        stop.set()
        busy.join()
        sys.setswitchinterval(before)
    return device.late, hops


def run(quick: bool, console) -> dict:
    """Print the tables; return the figures."""
    seconds = 8.0 if quick else 40.0
    table = Table(title="Cost while talking, share of one core of this machine")
    for column in ("what", "share", "hop p50", "hop p99"):
        table.add_column(column, justify="left" if column == "what" else "right")
    figures: dict = {"share": {}, "late": {}}
    for mics in (1, 2, 4):
        c = cost(mics, seconds)
        figures["share"][f"audio thread, {mics} mics"] = c["share"]
        table.add_row(
            f"whole audio thread, {mics} mic{'s' * (mics > 1)}",
            f"{c['share']:.1%}", f"{c['p50_ms']:.2f} ms", f"{c['p99_ms']:.2f} ms",
        )  # fmt: skip
    for make in (peers.WebRtc, peers.Speex):
        try:
            share = peer_cost(make(), seconds)
            figures["share"][make.name] = share
            table.add_row(f"{make.name}, echo only, 1 mic", f"{share:.1%}", "", "")
        except peers.Missing as missing:
            table.add_row(make.name, str(missing), "", "")
    console.print(table)
    late = Table(title=f"Hops more than {BUFFER_HOPS} hops late beside a busy Python worker")
    late.add_column("switch interval")
    late.add_column("late", justify="right")
    shipped = app.SWITCH_INTERVAL_S, "the speaker's", 8.0 if quick else 600.0
    for interval, name, long_s in (shipped, (0.005, "Python's default", 0.2 * seconds)):
        count, hops = late_hops(long_s, interval)
        figures["late"][name] = {"late": count, "hops": hops}
        late.add_row(f"{name}, {1e3 * interval:g} ms", f"{count} of {hops}")
    console.print(late)
    return figures
