"""Simulated rooms for the echo benchmark, drawn by seed, for any number of microphones.

A shoebox room by the image-source method (Allen & Berkley 1979) with slightly shaken images
(De Sena et al. 2015, against sweeping echoes). The device stands near a wall or in the middle of
the room, on a table that reflects, with the loudspeaker 6 to 15 cm from its nearest microphone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from assistant.board import load_board
from tests.benchmarks import loudspeakers

RATE = 16_000
SPEED = 343.0
FINE = 8  # images are placed on a grid this much finer than the sampling, then low-passed
CIRCLE_M = 0.0463  # radius of the six microphones
FACING = 0.7  # a mouth turned to the device: 3 dB more direct sound than an even source
CHANGES = ("moved", "door")


@dataclass(frozen=True)
class Room:
    """Everything drawn about one room but its sound."""

    seed: int
    size: np.ndarray  # m
    rt60_s: float
    centre: np.ndarray  # m, of the microphones
    turn: float  # rad, of the array
    way: np.ndarray  # unit vector from the centre to the loudspeaker
    gap: float  # m from the loudspeaker to the nearest microphone
    talker: np.ndarray  # m
    table: float  # reflection coefficient of what the device stands on
    thd: float
    kind: str  # of the loudspeaker's distortion
    latency: int  # samples
    noise_db: float  # dBFS at the microphones

    @property
    def distance_m(self) -> float:
        """From the microphones to the talker."""
        return float(np.linalg.norm(self.talker - self.centre))


@dataclass(frozen=True)
class Paths:
    """Impulse responses, float32 (mics, taps), from the loudspeaker and from the talker."""

    speaker: np.ndarray
    talker: np.ndarray


def array(mics: int) -> np.ndarray:
    """Return microphone places (mics, 3) in m: a pair of 58 mm (or its first), 4, or 6."""
    if mics <= 2:
        return np.array([[-0.029, 0.0, 0.0], [0.029, 0.0, 0.0]])[:mics]
    if mics == 4:
        return np.array(load_board("respeaker_4mic").mics)
    angle = 2 * np.pi * np.arange(mics) / mics
    return CIRCLE_M * np.stack([np.cos(angle), np.sin(angle), np.zeros(mics)], axis=1)


def draw(seed: int, away_m: float | None = None) -> Room:
    """Return the room number ``seed``; the same number gives the same room.

    The talker stands ``away_m`` from the microphones, or anywhere. Raises ``RuntimeError`` for a
    room that is too small for that.
    """
    rng = np.random.default_rng([seed, 3])
    size = rng.uniform([3.5, 3.0, 2.4], [7.0, 5.5, 3.0])
    near_wall = seed % 2 == 0
    across = rng.uniform(0.25, 0.4) if near_wall else rng.uniform(0.35, 0.65) * size[1]
    centre = np.array([rng.uniform(0.5, size[0] - 0.5), across, rng.uniform(0.75, 1.0)])
    way = rng.normal(size=3) * [1, 1, 0.5]
    way[2] = -abs(way[2])  # the microphones look up, the loudspeaker is below them or beside
    return Room(
        seed=seed,
        size=size,
        rt60_s=float(rng.uniform(0.2, 0.7)),
        centre=centre,
        turn=float(rng.uniform(0, 2 * np.pi)),
        way=way / np.linalg.norm(way),
        gap=float(rng.uniform(0.06, 0.15)),
        talker=_talker(rng, centre, size, away_m),
        table=float(rng.uniform(0.3, 0.8)),
        thd=float(rng.uniform(0.01, 0.05)),
        kind=list(loudspeakers.KINDS)[seed % len(loudspeakers.KINDS)],
        latency=int(rng.uniform(0.01, 0.2) * RATE),
        noise_db=float(rng.uniform(-70, -62)),
    )


def _talker(
    rng: np.random.Generator, centre: np.ndarray, size: np.ndarray, away_m: float | None
) -> np.ndarray:
    """Return a mouth at ``away_m``, or at a distance drawn evenly between 0.5 and 4 m."""
    for _ in range(1000):
        away, angle = rng.uniform(0.5, 4.0), rng.uniform(0, 2 * np.pi)
        away = away if away_m is None else away_m
        rise = rng.uniform(0.1, 0.8)
        if abs(rise) >= away:
            continue
        flat = np.sqrt(away**2 - rise**2)
        there = centre + [flat * np.cos(angle), flat * np.sin(angle), rise]
        if np.all(there > 0.3) and np.all(there < size - 0.3):
            return there
    raise RuntimeError("the room has no place for a talker")


@lru_cache(maxsize=32)
def paths(seed: int, mics: int, change: str = "", away_m: float | None = None) -> Paths:
    """Return room ``seed`` as ``mics`` microphones hear it; kept, so do not write into it.

    ``change`` is what happened to the room: 'moved' (the device stands 25 cm further on and is
    turned), 'door' (a door opened: the late reverberation is another), or nothing; ``away_m`` is
    that of ``draw``.
    """
    room = draw(seed, away_m)
    rng = np.random.default_rng([seed, mics, 5])
    places, centre = array(mics), room.centre
    turn = room.turn + (0.6 if change == "moved" else 0.0)
    if change == "moved":
        step = room.size / 2 - centre
        step[2] = 0
        centre = centre + 0.25 * step / (np.linalg.norm(step) + 1e-9)
    c, s = np.cos(turn), np.sin(turn)
    rotated = places @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    speaker = centre + room.way * _reach(rotated, room.way, room.gap)
    made = [
        highpass(responses(room, source, centre + rotated, facing, rng), corner)
        for source, facing, corner in ((speaker, 1.0, 140.0), (room.talker, FACING, 60.0))
    ]
    if change == "door":
        made = [_other_tail(h, room, rng) for h in made]
    return Paths(*made)


def _reach(places: np.ndarray, way: np.ndarray, gap: float) -> float:
    """Return how far along ``way`` a point is ``gap`` from the nearest of ``places``, outside."""
    along = places @ way
    beside = np.sum(places**2, axis=1) - along**2
    return float(np.max(along + np.sqrt(np.maximum(0.0, gap**2 - beside))))


def _other_tail(h: np.ndarray, room: Room, rng: np.random.Generator) -> np.ndarray:
    """Return ``h`` with everything later than 12 ms replaced by as much of another reverberation.

    The direct sound and the reflections of the device and the table stay.
    """
    taps = h.shape[1]
    start = int(np.abs(h[0]).argmax()) + int(0.012 * RATE)
    fade = np.clip((np.arange(taps) - start) / 64, 0, 1)
    decay = np.exp(-6.9 * np.arange(taps) / RATE / room.rt60_s)
    other = rng.normal(size=h.shape) * decay
    late = fade * h
    other *= fade * np.sqrt(np.sum(late**2) / (np.sum((fade * other) ** 2) + 1e-12))
    return (h - late + 0.6 * late + 0.8 * other).astype(np.float32)


def responses(
    room: Room, source: np.ndarray, mics: np.ndarray, facing: float, rng: np.random.Generator
) -> np.ndarray:
    """Return impulse responses (mics, taps) whose direct sound at 1 m has amplitude 1.

    ``facing`` scales what the room's surfaces reflect: less than 1 for a source that sounds
    towards the microphones.
    """
    taps = int(min(room.rt60_s, 0.5) * RATE)
    place, gain = _images(room, source, mics[0], taps / RATE * SPEED, rng)
    gain = np.where(gain < 1, facing * gain, gain)
    below = source * [1, 1, -1] + [0, 0, 2 * (room.centre[2] - 0.16)]  # of the table's top
    place, gain = np.vstack([place, below]), np.append(gain, room.table)
    return np.stack([_taps(place, gain, mic, taps) for mic in mics])


def _images(
    room: Room, source: np.ndarray, near: np.ndarray, reach: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return places (images, 3) and gains of the images within ``reach`` m of ``near``."""
    size = room.size
    area = 2 * (size[0] * size[1] + size[0] * size[2] + size[1] * size[2])
    beta = np.sqrt(max(1e-3, 1 - min(0.95, 0.161 * size.prod() / (area * room.rt60_s))))
    count = np.ceil(reach / (2 * size)).astype(int) + 1
    axes, bounces = [], []
    for k in range(3):
        n = np.arange(-count[k], count[k] + 1)
        axes.append(np.concatenate([2 * n * size[k] + source[k], 2 * n * size[k] - source[k]]))
        bounces.append(np.concatenate([np.abs(2 * n), np.abs(2 * n - 1)]))
    away = [(axis - near[k]).astype(np.float32) ** 2 for k, axis in enumerate(axes)]
    squared = away[0][:, None, None] + away[1][:, None] + away[2]
    inside = np.nonzero(squared < reach**2)
    place = np.stack([axis[i] for axis, i in zip(axes, inside, strict=True)], axis=1)
    total = sum(b[i] for b, i in zip(bounces, inside, strict=True))
    place += rng.uniform(-0.04, 0.04, place.shape) * (total > 0)[:, None]
    return place, beta**total


def _taps(place: np.ndarray, gain: np.ndarray, mic: np.ndarray, taps: int) -> np.ndarray:
    x, y, z = (place[:, k] - mic[k] for k in range(3))
    distance = np.sqrt(x * x + y * y + z * z)
    at = np.rint(distance * (FINE * RATE / SPEED)).astype(int)
    size = FINE * taps
    near = at < size
    fine = np.bincount(at[near], gain[near] / distance[near], minlength=size)
    spectrum = np.fft.rfft(fine, 2 * size)[: taps + 1]
    return np.fft.irfft(spectrum, 2 * taps)[:taps].astype(np.float32)


def highpass(h: np.ndarray, corner: float) -> np.ndarray:
    """Return ``h`` (m, taps) through a second-order high-pass: a small driver, a microphone."""
    size = 2 * h.shape[-1]
    s = 1j * np.fft.rfftfreq(size, 1 / RATE) / corner
    spectrum = np.fft.rfft(h, size) * s**2 / (s**2 + 1.414 * s + 1)
    return np.fft.irfft(spectrum, size)[:, : h.shape[-1]].astype(np.float32)


def convolve(x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return ``x`` (n,) through impulse responses ``h`` (m, taps), as (m, n)."""
    size = 1 << int(np.ceil(np.log2(len(x) + h.shape[-1])))
    y = np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(h, size), size)
    return y[:, : len(x)]
