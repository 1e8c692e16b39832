"""Plays two sweeps and a few words, and measures the way from the mixer to the microphones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.audio.device import Device, Layout
from assistant.audio.format import HOP, level_db, samples, seconds
from assistant.audio.front_end import FrontEnd
from assistant.audio.rotation import find_rotation, resemblance
from assistant.board import Board
from assistant.calibration.order import Order, order_of
from assistant.calibration.sweep import Sweep, direct, offsets
from assistant.settings import Echo

LEVEL_DB = -32.0  # of the sweep, dBFS; about as loud as speech at half the volume
LOUDER_DB = -22.0  # where the quiet one was not heard
QUIET_S, TAIL_S = 1.3, 0.7  # silence before everything, and after a sweep
SETTLE_S = 0.3  # of the silence, while the card starts
LONGEST = samples(0.6)  # the longest delay that is looked for
FULL = 0.9995  # of full scale: a sample that was clipped


@dataclass(frozen=True)
class Heard:
    """What was played (n,) and heard (C, n), and at which samples the three sounds began."""

    out: np.ndarray
    rows: np.ndarray
    sweep: Sweep
    first: int
    words: int
    second: int
    lost: int  # samples that the microphones or the loudspeaker lost meanwhile

    def part(self, start: int, length: int) -> np.ndarray:
        """Return the rows (C, length) from sample ``start`` on."""
        return self.rows[:, start : start + length]


@dataclass(frozen=True)
class Measured:
    """What came of it. Lists have one entry a microphone, in the board's order."""

    rate: int  # Hz, of the card
    delay: float  # samples from the reference to the first microphone; -1 where nothing was heard
    drift_ppm: float  # positive: the playback clock is faster
    erle_db: float
    noise_db: tuple[float, ...]  # dBFS
    echo_db: tuple[float, ...]  # dBFS, of the sweep
    clipped: tuple[float, ...]  # share of all samples
    distortion: float  # share of the amplitude
    likeness: tuple[float, ...]  # of every row to what was played, 0 to 1
    rotation: int | None  # of the channels, where a loopback was found
    order: Order
    twins: tuple[tuple[int, int], ...]  # microphones that carry the very same sound
    lost: int
    responses: np.ndarray  # float64 (M, LONGEST): what the picture shows
    erle: np.ndarray  # dB, one a hop of the words

    @property
    def heard(self) -> bool:
        """Whether the microphones hear the loudspeaker at all."""
        return self.delay >= 0

    @property
    def delay_ms(self) -> float:
        """The delay in milliseconds."""
        return 1000 * seconds(self.delay)


def play(device: Device, words: np.ndarray, level: float = LEVEL_DB) -> Heard:
    """Play the sounds through ``device`` and return what was heard; about 13 s of its time."""
    sweep = Sweep(level_db=level)
    tail = np.zeros(samples(TAIL_S), np.float32)
    parts = [np.zeros(samples(QUIET_S), np.float32), sweep.sound, tail, words, tail, sweep.sound,
             tail]  # fmt: skip
    starts = np.cumsum([0, *(len(part) for part in parts)])
    out = np.concatenate(parts)
    out = np.pad(out, (0, -len(out) % HOP)).astype(np.float32)
    before = device.health()
    rows = [device.exchange(hop).copy() for hop in out.reshape(-1, HOP)]
    after = device.health()
    lost = after.overruns - before.overruns + HOP * (after.underruns - before.underruns)
    first, spoken, second = (int(starts[n]) for n in (1, 3, 5))
    return Heard(out, np.concatenate(rows, axis=1), sweep, first, spoken, second, lost)


def evaluate(heard: Heard, board: Board, layout: Layout, echo: Echo, rate: int) -> Measured:
    """Return what ``heard`` says of the board, whose channels are as ``layout`` says."""
    length = len(heard.sweep.sound) + samples(TAIL_S)
    mics, loop = list(layout.mics), layout.loopback
    swept = heard.part(heard.first, length)
    played = np.pad(heard.sweep.sound, (0, length - len(heard.sweep.sound)))
    likeness = resemblance(swept, played)
    responses = heard.sweep.responses(swept)
    again = heard.sweep.responses(heard.part(heard.second, length))
    at = [direct(responses[mic], LONGEST) for mic in mics]
    since = direct(responses[loop], LONGEST) if loop is not None else 0.0
    place = round(max(at[0], 0.0))
    spread = offsets(responses[mics][:, :LONGEST], place)
    quiet = heard.part(samples(SETTLE_S), heard.first - samples(SETTLE_S))[mics]
    curve = erle_curve(heard, board, layout, echo)
    return Measured(
        rate=rate,
        delay=at[0] - max(since, 0.0) if at[0] >= 0 else -1.0,
        drift_ppm=_drift(responses, again, mics[0], loop, heard.second - heard.first),
        erle_db=float(np.mean(curve[len(curve) // 2 :])) if len(curve) else 0.0,
        noise_db=tuple(level_db(row) for row in quiet),
        echo_db=tuple(level_db(row) for row in swept[mics]),
        clipped=tuple(float(np.mean(np.abs(row) >= FULL)) for row in heard.rows[mics]),
        distortion=heard.sweep.distortion(responses[mics[0]], place) if at[0] >= 0 else 0.0,
        likeness=tuple(float(x) for x in likeness),
        rotation=find_rotation(swept, played, board.layout) if board.rotates else None,
        order=order_of(spread, np.asarray(board.mics)),
        twins=_twins(quiet),
        lost=heard.lost,
        responses=responses[mics][:, :LONGEST],
        erle=curve,
    )


def _twins(quiet: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Return the pairs of rows (M, n) with the same noise: two microphones hiss apart."""
    power = np.sqrt(np.sum(quiet.astype(np.float64) ** 2, axis=1)) + 1e-9
    alike = (quiet @ quiet.T) / np.outer(power, power)
    count = len(quiet)
    return tuple((a, b) for a in range(count) for b in range(a) if alike[a, b] > 0.999)


def _drift(one: np.ndarray, two: np.ndarray, mic: int, loop: int | None, apart: int) -> float:
    """Return the clocks' difference from the delay's change between two sweeps."""
    moved = []
    for row in (mic,) if loop is None else (mic, loop):
        before, after = direct(one[row], LONGEST), direct(two[row], LONGEST)
        moved.append(after - before if min(before, after) >= 0 else 0.0)
    change = moved[0] - (moved[1] if loop is not None else 0.0)
    return -1e6 * change / apart


def erle_curve(heard: Heard, board: Board, layout: Layout, echo: Echo) -> np.ndarray:
    """Return the shipped canceller's attenuation of the first microphone while words sounded, dB.

    One value a hop in which the echo stands 6 dB above the noise; smoothed over 0.2 s.
    """
    positions = np.asarray(board.mics) if len(board.mics) == len(layout.mics) else None
    loopback = layout.loopback is not None
    front = FrontEnd(len(layout.mics), echo, loopback=loopback, positions=positions)
    mics = np.ascontiguousarray(heard.rows[list(layout.mics)])
    reference = heard.rows[layout.loopback] if loopback else heard.out
    noise = np.mean(mics[0, samples(SETTLE_S) : heard.first] ** 2)
    powers = []
    for start in range(0, heard.second - HOP, HOP):
        hop = mics[:, start : start + HOP]
        front.process(hop, reference[start : start + HOP], True)
        if start > heard.words and np.mean(hop[0] ** 2) > 4 * noise:
            powers.append((np.mean(hop[0] ** 2), np.mean(front.cleaned[0] ** 2)))
    front.close()
    if len(powers) < 16:
        return np.zeros(0)
    smooth = np.ones(12) / 12
    before, after = (np.convolve(column, smooth, "valid") for column in np.array(powers).T)
    return 10 * np.log10((before + 1e-15) / (after + 1e-15))
