"""The parts of the evidence benchmark that take time, each for one home."""

from __future__ import annotations

from tests.benchmarks.bargein_hops import Hops, listen, people, record_over
from tests.data import data_root


def over(seed: int, kind: str, ser_db: float, lines: int, kept_back: bool) -> Hops:
    """Return the hops of recorded people ordering coffee and saying "alexa" over the speaker."""
    root = data_root()
    both = [people(root / name, seed, -(-lines // 2), kept_back) for name in ("commands", "alexa")]
    mixed = [line for pair in zip(*both, strict=True) for line in pair][:lines]
    return listen(record_over(seed, kind, ser_db, mixed))


def alone(seed: int, kind: str, length_s: float) -> Hops:
    """Return the hops of the speaker alone with what it plays."""
    return listen(record_over(seed, kind, 0.0, [], alone_s=length_s))
