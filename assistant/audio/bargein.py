"""Is somebody talking over the speaker? The evidence that ducks, hop by hop.

Two things must agree: the voice activity detector on the cleaned signal, and more power in the
cleaned signal than the echo canceller expects to leave behind. How much more is learned: in some
rooms what is left of our own voice sounds like speech, and its excess is then what must be
exceeded. Ducking is cheap and reversible, so evidence asks for a few hops only; the decision to
stop needs words and is made elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

from assistant.audio.format import HOP, SAMPLE_RATE, samples

TINY = 1e-12


@dataclass(frozen=True)
class EvidenceRules:
    """Thresholds of the evidence; measured in tests/benchmarks/bench_bargein.py."""

    speech: float = 0.3  # voice activity probability
    over_residual_db: float = 8.0  # cleaned power over the expected residual echo, at least
    over_usual_db: float = 3.0  # ... and over what is usual where it sounds like speech
    usual: float = 0.98  # the quantile that counts as usual
    learn_db: float = 0.4  # how far one hop moves it
    most_db: float = 12.0  # it never gets higher: people talk too, and must not be learned away
    over_noise_db: float = 9.0  # ... and over the background
    hops: int = 2  # hops of agreement before the duck
    lookback: int = samples(0.064)  # the detectors' own delay: speech began this much earlier
    unsure_db: float = 10.0  # asked for on top while the echo path is not known yet
    burnt_db: float = 6.0  # ... and after a duck that turned out to be nothing
    forgive_db_s: float = 1.0  # how fast that is forgotten


class NoiseFloor:
    """Tracks the background's power: falls at once, rises by 1 dB a second."""

    RISE = 10.0 ** (0.1 * HOP / 16_000)

    def __init__(self) -> None:
        self.power = 1.0

    def update(self, power: float) -> float:
        """Take one hop's mean square and return the floor."""
        self.power = max(min(power, self.power * self.RISE), 1e-10)
        return self.power


class Evidence:
    """Counts hops in which somebody seems to talk over the reply. Audio thread only."""

    def __init__(self, rules: EvidenceRules | None = None) -> None:
        self.rules = rules or EvidenceRules()
        self._noise_factor = 10.0 ** (self.rules.over_noise_db / 10.0)
        self._count = 0
        self._usual_db = 0.0
        self._burnt_at: int | None = None

    def burn(self, at: int) -> None:
        """Ask for more for a while: a duck has just turned out to be nothing."""
        self._burnt_at, self._count = at, 0

    def update(
        self,
        at: int,
        speech: float,
        power: float,
        residual: float,
        noise: float,
        converged: bool = True,
    ) -> bool:
        """Take one hop; return True when it is time to duck.

        ``speech`` is the voice activity probability; ``power``, ``residual`` and ``noise`` are
        mean squares of the cleaned signal, of the echo expected in it, and of the background;
        ``converged`` tells that the echo path, and so ``residual``, is known.
        """
        rules, agree = self.rules, False
        if speech >= rules.speech and power > self._noise_factor * noise:
            excess_db = 10.0 * log10((power + TINY) / (residual + TINY))
            agree = excess_db > self._margin_db(at, converged)
            self._learn(excess_db)
        self._count = self._count + 1 if agree else max(0, self._count - 1)
        if self._count < rules.hops:
            return False
        self._count = 0
        return True

    def _learn(self, excess_db: float) -> None:
        """Move the running quantile (Robbins and Monro's stochastic approximation, 1951)."""
        rules = self.rules
        above = excess_db > self._usual_db
        self._usual_db += rules.learn_db * (rules.usual if above else rules.usual - 1.0)
        self._usual_db = min(self._usual_db, rules.most_db)

    def _margin_db(self, at: int, converged: bool) -> float:
        rules = self.rules
        margin = max(rules.over_residual_db, self._usual_db + rules.over_usual_db)
        if not converged:
            margin += rules.unsure_db
        if self._burnt_at is not None:
            since = (at - self._burnt_at) / SAMPLE_RATE
            margin += max(0.0, rules.burnt_db - rules.forgive_db_s * since)
        return margin

    def onset(self, at: int) -> int:
        """Return about when the speech that ducked at ``at`` began."""
        return max(0, at - self.rules.hops * HOP - self.rules.lookback)
