"""Finds by how much a sound card shifted its channels, from the channel that must be the loopback.

AC101/AC108 boards (ReSpeaker 6-Mic and 4-Mic Linear) hand out their eight channels rotated by a
different number at every start. What the board plays comes back on its loopback channels sample
for sample, and on the microphones only through the air, so the loopback is where the sound
resembles what was played most.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assistant.audio.device import Device, DeviceLost, Layout
from assistant.audio.format import HOP, SAMPLE_RATE, gain

LONGEST_LAG = SAMPLE_RATE // 4  # samples from handing a hop over to seeing it come back
SURE = 0.8  # resemblance of a loopback; microphones reach this only in an anechoic box
SOUND_S, LEVEL_DB = 0.6, -38.0  # of the sound played to find out: a soft breath


def resemblance(rows: np.ndarray, played: np.ndarray) -> np.ndarray:
    """Return for each row how much it is a delayed copy of ``played``, 0 to 1.

    ``rows`` is (C, n) and ``played`` (n,), both at the same rate. It is the peak of the
    normalised cross-correlation over lags up to LONGEST_LAG. Not for the audio thread.
    """
    n = played.size
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(rows.astype(np.float64), size, axis=1)
    product = spectrum * np.conj(np.fft.rfft(played.astype(np.float64), size))
    peak = np.abs(np.fft.irfft(product, size, axis=1)[:, :LONGEST_LAG]).max(axis=1)
    power = np.sqrt(np.sum(np.square(rows, dtype=np.float64), axis=1) * np.dot(played, played))
    return np.divide(peak, power, out=np.zeros(len(rows)), where=power > 0)


def find_rotation(rows: np.ndarray, played: np.ndarray, layout: Layout) -> int | None:
    """Return by how many channels ``rows`` are rotated against ``layout``, or None if unsure.

    The board has two loopback channels side by side (left and right, alike for mono), the first
    of which is ``layout.loopback``: channel c is found at row (c + rotation) mod C.
    """
    count = len(rows)
    alike = resemblance(rows, played)
    pairs = np.minimum(alike, np.roll(alike, -1))  # both this row and the next are loopbacks
    first = int(np.argmax(pairs))
    if pairs[first] < SURE or layout.loopback is None:
        return None
    return (first - layout.loopback) % count


def rotated(layout: Layout, rotation: int, count: int) -> Layout:
    """Return ``layout`` for ``count`` channels that are rotated."""
    mics = tuple((mic + rotation) % count for mic in layout.mics)
    loopback = None if layout.loopback is None else (layout.loopback + rotation) % count
    return Layout(mics, loopback)


def align(
    device: Device, layout: Layout, tell: Callable[[str], None] = lambda text: None
) -> Layout:
    """Play a soft sound through ``device`` and return the layout as its channels really are.

    Before the audio thread starts. ``layout`` is what the board says; raises DeviceLost when no
    channel returns what was played, because then nothing can be cancelled.
    """
    rng = np.random.default_rng(7)
    hops = round(SOUND_S * SAMPLE_RATE / HOP)
    sound = rng.standard_normal(hops * HOP).astype(np.float32) * np.float32(gain(LEVEL_DB))
    sound *= np.hanning(sound.size).astype(np.float32)
    sound = np.pad(sound, (0, LONGEST_LAG // HOP * HOP))
    heard = [device.exchange(hop).copy() for hop in sound.reshape(-1, HOP)]
    rows = np.concatenate(heard, axis=1)
    rotation = find_rotation(rows, sound, layout)
    if rotation is None:
        raise DeviceLost(
            "the board does not return what it plays, so its channels cannot be told apart; check "
            "that sound goes to its own jack, and restart"
        )
    if rotation:
        tell(f"the sound card shifted its channels by {rotation}")
    return rotated(layout, rotation, len(rows))
