"""The parts of the evidence benchmark that take time, each for one home."""

from __future__ import annotations

from tests.benchmarks.bargein_hops import Hops, listen, people, record_over
from tests.data import data_root


def lines_of(seed: int, count: int, kept_back: bool) -> list:
    """Return recorded people ordering coffee and saying "alexa", in turn."""
    root = data_root()
    both = [people(root / name, seed, -(-count // 2), kept_back) for name in ("commands", "alexa")]
    return [line for pair in zip(*both, strict=True) for line in pair][:count]


def over(seed: int, kind: str, ser_db: float, lines: int, kept_back: bool) -> Hops:
    """Return the hops of recorded people over the speaker."""
    return listen(record_over(seed, kind, ser_db, lines_of(seed, lines, kept_back)))


def alone(seed: int, kind: str, length_s: float) -> Hops:
    """Return the hops of the speaker alone with what it plays."""
    return listen(record_over(seed, kind, 0.0, [], alone_s=length_s))


def peers_over(seed: int, kind: str, ser_db: float, lines: int, kept_back: bool) -> dict:
    """Return each peer's decisions (samples) on the recording of ``over``."""
    from tests.benchmarks.bargein_detectors import Bench

    heard = record_over(seed, kind, ser_db, lines_of(seed, lines, kept_back))
    return Bench().peers(heard.mics[0], heard.reference, heard.lag)


def peers_alone(seed: int, kind: str, length_s: float) -> dict:
    """Return each peer's decisions (samples) on the recording of ``alone``."""
    from tests.benchmarks.bargein_detectors import Bench

    heard = record_over(seed, kind, 0.0, [], alone_s=length_s)
    return Bench().peers(heard.mics[0], heard.reference, heard.lag)
