"""Echo cancellers of the benchmark behind one shape, ours and other people's.

An engine is ``run(mics, reference, lag) -> cleaned``: float32 (m, n) and (n,) to (n,), where
``lag`` is the true bulk delay in samples. Peers are told it, less 64 samples; ours finds it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assistant.audio.format import HOP
from assistant.audio.front_end import FrontEnd
from assistant.audio.suppressor import FIRM, Suppressor
from assistant.settings import Echo
from tests.benchmarks.peers import Missing, Speex, WebRtc

Engine = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
MARGIN = 64
ARRAYS = (1, 2, 4, 6)
SUPPRESSED, LINEAR = "ours, suppressed", "ours, linear"
NEAR, NONE, SPEEX, AEC3 = "near end alone", "no AEC", Speex.name, WebRtc.name


def peers() -> tuple[dict[str, Engine], dict[str, str]]:
    """Return the peers that are installed, and why the others are missing, by name."""
    engines: dict[str, Engine] = {}
    missing: dict[str, str] = {}
    for make in (WebRtc, Speex):
        try:
            one = make()
        except Missing as error:
            missing[make.name] = str(error)
            continue
        engines[make.name] = lambda mics, ref, lag, one=one: one.run(mics[0], delayed(ref, lag))
    return engines, missing


def name_of(mics: int) -> str:
    """Return what our front end with so many microphones is called in the tables."""
    return f"ours, {mics} mic{'s' * (mics > 1)}"


def mics_of(name: str) -> int:
    """Return how many microphones the engine ``name`` uses."""
    return next((mics for mics in ARRAYS if name == name_of(mics)), 1)


def delayed(x: np.ndarray, lag: int) -> np.ndarray:
    """Return ``x`` delayed by ``lag`` samples less the margin, same length."""
    lag = max(0, lag - MARGIN)
    return np.concatenate([np.zeros(lag, np.float32), x])[: len(x)]


def ours(
    mics: np.ndarray, reference: np.ndarray, lag: int = 0, *, linear: bool = False
) -> np.ndarray:
    """Return our front end's output for a whole recording, its latency taken out.

    ``linear`` is what it would be without the post-filter.
    """
    front = FrontEnd(len(mics), Echo())
    size = mics.shape[1] // HOP * HOP
    out = np.zeros(mics.shape[1], np.float32)
    for i in range(0, size, HOP):
        clean = front.process(mics[:, i : i + HOP], reference[i : i + HOP], True)
        out[i : i + HOP] = front.linear if linear else clean
    return np.concatenate([out[front.latency :], np.zeros(front.latency, np.float32)])


def suppressed(mics: np.ndarray, reference: np.ndarray, lag: int = 0) -> np.ndarray:
    """Return one microphone as ``ours``, then firmly suppressed: what a caller would hear."""
    front, firm = FrontEnd(1, Echo()), Suppressor(1, FIRM)
    out = np.zeros(mics.shape[1], np.float32)
    for i in range(0, mics.shape[1] // HOP * HOP, HOP):
        front.process(mics[:1, i : i + HOP], reference[i : i + HOP], True)
        echo, sounding = front.canceller.echo[0], front.canceller.sounding
        out[i : i + HOP] = firm.process(front.linear[None], echo, sounding)[0]
    return np.concatenate([out[firm.latency :], np.zeros(firm.latency, np.float32)])


def nothing(mics: np.ndarray, reference: np.ndarray, lag: int) -> np.ndarray:
    """Return microphone 1 as it is."""
    return mics[0]


def reduction_db(mic: np.ndarray, out: np.ndarray) -> float:
    """Return how much quieter ``out`` is, dB, above 125 Hz: a hum filter is no echo canceller."""
    powers = [np.sum(np.abs(np.fft.rfft(x)[len(x) // 128 :]) ** 2) for x in (mic, out)]
    return float(10 * np.log10(powers[0] / (powers[1] + 1e-12)))
