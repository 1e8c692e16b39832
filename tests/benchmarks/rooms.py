"""Small simulated rooms for the echo benchmark, drawn by seed.

A shoebox room by the image-source method (Allen & Berkley 1979) with slightly shaken images
(De Sena et al. 2015, against sweeping echoes), two microphones 58 mm apart, a loudspeaker about
12 cm from them and a talker 1 to 4 m away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RATE = 16_000
SPEED = 343.0


@dataclass(frozen=True)
class Room:
    """One drawn room: impulse responses (2, taps), the loudspeaker, latency and noise."""

    speaker: np.ndarray
    talker: np.ndarray
    rt60_s: float
    thd: float
    kind: str  # of the loudspeaker's distortion
    latency: int  # samples
    noise_db: float  # dBFS at the microphones


def draw(seed: int) -> Room:
    """Return the room number ``seed``; the same number gives the same room."""
    rng = np.random.default_rng(seed)
    size = rng.uniform([3.5, 3.0, 2.4], [7.0, 5.0, 3.0])
    rt60 = rng.uniform(0.2, 0.7)
    centre = np.array([rng.uniform(0.5, size[0] - 0.5), rng.uniform(0.3, 0.8), 0.9])
    turn = rng.uniform(0, np.pi)
    mics = centre + np.outer([-0.029, 0.029], [np.cos(turn), np.sin(turn), 0.0])
    speaker = centre + _offset(rng, 0.12, flat=0.5)
    talker = _talker(rng, centre, size)
    return Room(
        speaker=highpass(responses(size, rt60, speaker, mics, rng), 140.0),
        talker=highpass(responses(size, rt60, talker, mics, rng), 60.0),
        rt60_s=rt60,
        thd=rng.uniform(0.01, 0.05),
        kind=("saturating", "asymmetric", "excursion")[seed % 3],
        latency=int(rng.uniform(0.01, 0.2) * RATE),
        noise_db=rng.uniform(-70, -62),
    )


def _offset(rng: np.random.Generator, distance: float, flat: float) -> np.ndarray:
    way = rng.normal(size=3) * [1, 1, flat]
    return distance * way / np.linalg.norm(way)


def _talker(rng: np.random.Generator, centre: np.ndarray, size: np.ndarray) -> np.ndarray:
    for _ in range(1000):
        there = rng.uniform([0.4, 0.4, 1.1], size - [0.4, 0.4, 0.6])
        there[2] = rng.uniform(1.1, 1.7)
        if 1.0 <= np.linalg.norm(there - centre) <= 4.0:
            return there
    raise RuntimeError("the room has no place for a talker")


def responses(
    size: np.ndarray, rt60: float, source: np.ndarray, mics: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return impulse responses (mics, taps) whose direct sound at 1 m has amplitude 1."""
    taps = int(min(rt60, 0.5) * RATE)
    volume, area = size.prod(), 2 * (size[0] * size[1] + size[0] * size[2] + size[1] * size[2])
    beta = np.sqrt(max(1e-3, 1 - min(0.95, 0.161 * volume / (area * rt60))))
    reach = np.ceil(taps / RATE * SPEED / (2 * size)).astype(int) + 1
    grid = [np.arange(-n, n + 1) for n in reach]
    n = np.stack(np.meshgrid(*grid, indexing="ij"), -1).reshape(-1, 3)
    places, gains = [], []
    for p in np.ndindex(2, 2, 2):
        sign = 1 - 2 * np.array(p)
        image = sign * source + 2 * n * size
        bounces = np.abs(2 * n - np.array(p)).sum(1)
        shake = rng.uniform(-0.04, 0.04, image.shape) * (bounces > 0)[:, None]
        places.append(image + shake)
        gains.append(beta**bounces)
    place, gain = np.concatenate(places), np.concatenate(gains)
    return np.stack([_taps(place, gain, mic, taps) for mic in mics])


def _taps(place: np.ndarray, gain: np.ndarray, mic: np.ndarray, taps: int) -> np.ndarray:
    distance = np.linalg.norm(place - mic, axis=1)
    delay = distance / SPEED * RATE
    near = delay < taps - 8
    delay, amount = delay[near], (gain[near] / distance[near])
    whole = np.floor(delay).astype(int)
    out = np.zeros(taps + 16)
    for k in range(-7, 9):
        x = whole + k - delay
        window = 0.5 + 0.5 * np.cos(np.pi * np.clip(x / 8, -1, 1))
        at = whole + k + 8
        out += np.bincount(at, amount * np.sinc(x) * window, minlength=taps + 16)[: taps + 16]
    return out[8 : taps + 8].astype(np.float32)


def highpass(h: np.ndarray, corner: float) -> np.ndarray:
    """Return ``h`` (m, taps) through a second-order high-pass: a small driver, a microphone."""
    size = 2 * h.shape[-1]
    s = 1j * np.fft.rfftfreq(size, 1 / RATE) / corner
    spectrum = np.fft.rfft(h, size) * s**2 / (s**2 + 1.414 * s + 1)
    return np.fft.irfft(spectrum, size)[:, : h.shape[-1]].astype(np.float32)


def distort(x: np.ndarray, thd: float, kind: str) -> np.ndarray:
    """Return ``x`` as a loudspeaker sounds it that has a given THD at the loudness of ``x``.

    The THD is that of a sine as strong as the louder syllables (95 % quantile of 32 ms RMS).
    """
    frames = x[: len(x) // 512 * 512].reshape(-1, 512)
    level = np.quantile(np.sqrt(np.mean(frames**2, axis=1)), 0.95) * np.sqrt(2)
    u = x / level
    if kind == "saturating":
        g = np.sqrt(12 * thd)  # third harmonic of tanh(g sin): about g^2 / 12
        return level * np.tanh(g * u) / g
    if kind == "asymmetric":
        g, q = np.sqrt(12 * thd * 0.7), 1.4 * thd
        y = np.tanh(g * u) / g
        return level * (y + q * (y**2 - np.mean(y**2)))
    low = _lowpass(u, 400.0)
    return level * u / (1 + 8 * thd * low**2)  # stiffer where the cone has travelled far


def _lowpass(x: np.ndarray, corner: float) -> np.ndarray:
    spectrum = np.fft.rfft(x)
    f = np.fft.rfftfreq(len(x), 1 / RATE)
    return np.fft.irfft(spectrum / (1 + 1j * f / corner), len(x))


def convolve(x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return ``x`` (n,) through impulse responses ``h`` (m, taps), as (m, n)."""
    size = 1 << int(np.ceil(np.log2(len(x) + h.shape[-1])))
    y = np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(h, size), size)
    return y[:, : len(x)]
