"""Whether the microphones are in the order that the board file says."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from assistant.audio.format import SAMPLE_RATE

SPEED_OF_SOUND = 343.0  # m/s
FITS = 0.35  # samples (7 mm) of root mean square by which times of arrival may miss
CLEARLY = 0.5  # another order must fit so much better than the board's own
MOST = 6  # microphones whose orders are all tried


@dataclass(frozen=True)
class Order:
    """``misfit`` is how badly the board's own order explains the times of arrival, in samples.

    ``better`` is an order of channels that explains them, or empty. The loudspeaker's place is not
    known, so this finds only contradictions: of pairs swapped at random, half show with a square
    of four, three quarters with six or with a row, and none with fewer than three.
    """

    misfit: float = 0.0
    better: tuple[int, ...] = ()
    told: bool = True  # whether this board can tell at all


def order_of(late: np.ndarray, mics: np.ndarray) -> Order:
    """Compare times of arrival ``late`` (M,), samples, with the places ``mics`` (M, 3), metres.

    The sound comes from one place, near or far, so only some patterns of times can be: the best
    place is looked for on a grid for the board's order and for every other.
    """
    count = len(mics)
    if count < 3 or count > MOST:
        reach = np.linalg.norm(mics[:, None] - mics[None], axis=2).max() if count > 1 else 0.0
        most = reach / SPEED_OF_SOUND * SAMPLE_RATE
        misfit = max(0.0, float(np.ptp(late)) - most) if count > 1 else 0.0
        return Order(misfit, told=False)
    expected = _patterns(mics)
    own = _misfit(late, expected)
    if own <= FITS:
        return Order(own)
    tried = {order: _misfit(late[list(order)], expected) for order in permutations(range(count))}
    best = min(tried, key=tried.get)
    return Order(own, best if tried[best] <= CLEARLY * own else ())


def _patterns(mics: np.ndarray) -> np.ndarray:
    """Return the times of arrival (places, M), mean removed, for sources all around."""
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    rises = np.linspace(-np.pi / 2, np.pi / 2, 13)
    turn, rise, far = np.meshgrid(turns, rises, [0.03, 0.06, 0.1, 0.15, 0.25, 0.5, 2.0])
    places = np.stack(
        [far * np.cos(rise) * np.cos(turn), far * np.cos(rise) * np.sin(turn), far * np.sin(rise)],
        -1,
    ).reshape(-1, 1, 3)
    times = np.linalg.norm(places - mics[None], axis=2) / SPEED_OF_SOUND * SAMPLE_RATE
    return times - times.mean(axis=1, keepdims=True)


def _misfit(late: np.ndarray, expected: np.ndarray) -> float:
    off = expected - (late - late.mean())
    return float(np.sqrt(np.min(np.mean(off**2, axis=1))))
