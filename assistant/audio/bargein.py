"""Is somebody talking over the speaker? The evidence that ducks, hop by hop.

Each hop gives a log-likelihood ratio, from how far the cleaned signal stands above the residual
echo and the background in five bands, and from the voice activity probability. Energy tells
within a hop or two, voice activity a little later but of speech only. The ratios are summed as
long as they speak for a person (Page's CUSUM test, 1954), and the sum ducks. Ducking is cheap and
reversible; the decision to stop needs words and is made elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE, samples

GROUPS = (0, 3, 6, 9, 12)  # first of the canceller's bands in each group: 94, 600, 1550 Hz ...
LEAST_DB, MOST_DB = -6.0, 20.0
TINY = np.float32(1e-12)


@dataclass(frozen=True)
class EvidenceRules:
    """What a hop is worth, and how much of it ducks.

    ``bands``, ``voice`` and ``bias`` are a logistic regression fitted by
    tests/benchmarks/tune_evidence.py; the thresholds were read off its curves
    (tests/benchmarks/bench_evidence.py, other homes and people).
    """

    bands: tuple[float, ...] = (0.29, 0.19, 0.1, 0.07, 0.2)  # per dB above echo and background
    voice: float = 0.12  # per unit of the voice activity's log-odds
    bias: float = 0.06
    drift: float = 1.0  # taken off every hop: hops are not independent
    most: float = 7.0  # a single hop counts no more than this
    duck: float = 16.0  # the sum that ducks a reply
    duck_media: float = 40.0  # ... and music, whose residue is less like the estimate
    unvoiced: float = 16.0  # asked for on top where no voice was active in the last hops: a bang,
    voiced: float = 0.3  # ... or a beat the estimate did not expect. What counts as a voice,
    voice_hops: int = 8  # ... and for how long
    new: int = samples(12.0)  # ... in the first playback ever up to three times as much: every loud
    # note is news to the estimate
    unsure: float = 24.0  # asked for on top while the echo path is not known
    deaf: int = samples(1.0)  # of the first playback ever while it is not: any echo is news
    over_noise: float = 4.0  # the background counts so many times (power)
    burnt: float = 16.0  # asked for on top after a duck that turned out to be nothing
    forgive_s: float = 8.0  # how long that takes to be forgotten
    over_last_db: float = 3.0  # ... and so much louder than who that was: a television goes on
    forgive_db_s: float = 1.0  # how fast that is forgotten,
    calm: int = samples(2.0)  # ... and after so long without anything to hear, at once
    lookback: int = samples(0.08)  # the detectors' own delay: speech began this much earlier
    longest: int = samples(0.4)  # ... and at most this much, however long the evidence took


class NoiseFloor:
    """Tracks the background's power: falls at once, rises by 1 dB a second."""

    RISE = 10.0 ** (0.1 * HOP / SAMPLE_RATE)

    def __init__(self) -> None:
        self.power = 1.0

    def update(self, power: float) -> float:
        """Take one hop's mean square and return the floor."""
        self.power = max(min(power, self.power * self.RISE), 1e-10)
        return self.power


class Evidence:
    """Sums up what speaks for somebody talking over the speaker. Audio thread only."""

    def __init__(self, rules: EvidenceRules | None = None) -> None:
        self.rules = rules or EvidenceRules()
        self._weights = np.array(self.rules.bands, np.float32)
        self._floor = np.ones(len(GROUPS), np.float32)
        self._rise = np.float32(NoiseFloor.RISE)
        self.sum = 0.0
        self._hops = 0  # of playback
        self._voiceless = self.rules.voice_hops  # hops since a voice was active
        self._burnt_at: int | None = None
        self._burnt_power = 0.0
        self._calm = 0  # hops since anything spoke for a person
        self._began: int | None = None  # sample at which the sum last left zero

    def burn(self, at: int, power: float = 0.0) -> None:
        """Ask for more for a while: a duck turned out to be nothing.

        ``power`` is the mean square of somebody who goes on talking, a television say, and 0 after
        a sound that is over: whoever speaks next may be quieter than a plate that broke.
        """
        self._burnt_at, self._burnt_power, self.sum, self._calm = at, power, 0.0, 0

    def ratio(self, speech: float, output: np.ndarray, residual: np.ndarray) -> float:
        """Return the log-likelihood ratio of one hop, and learn the background from it.

        ``speech`` is the voice activity probability; ``output`` and ``residual`` are float32
        (15,): mean squares of the cleaned signal and of the echo expected in it, by band.
        """
        rules = self.rules
        over = np.add.reduceat(output, GROUPS)
        over += TINY
        self._floor *= self._rise
        np.minimum(self._floor, over, out=self._floor)
        under = np.add.reduceat(residual, GROUPS)
        under += rules.over_noise * self._floor
        over /= under
        np.log10(over, out=over)
        over *= 10.0
        np.maximum(over, LEAST_DB, out=over)
        np.minimum(over, MOST_DB, out=over)
        odds = log((speech + 1e-3) / (1.0 - speech + 1e-3))
        voice = rules.voice * min(max(odds, -5.0), 5.0)
        return float(np.dot(self._weights, over)) + voice + rules.bias

    def update(
        self,
        at: int,
        speech: float,
        output: np.ndarray,
        residual: np.ndarray,
        *,
        converged: bool = True,
        media: bool = False,
    ) -> bool:
        """Take one hop (see ``ratio``); return True when it is time to duck.

        ``converged`` tells that the echo path, and so ``residual``, is known; ``media`` that
        music plays and not speech. Without the one, or over the other, only a voice ducks.
        """
        rules, ratio = self.rules, self.ratio(speech, output, residual)
        self._hops += 1
        self._voiceless = 0 if speech >= rules.voiced else self._voiceless + 1
        if not converged and self._hops * HOP <= rules.deaf:
            return False
        if self._silent and (media or not converged):
            return False
        if self.sum == 0.0:
            self._began = at
        self.sum = max(0.0, self.sum + min(ratio, rules.most) - rules.drift)
        self._calm = 0 if self.sum else self._calm + 1
        if self._calm * HOP >= rules.calm:
            self._burnt_power = 0.0
        if self.sum < self._needed(at, converged, media) or not self._louder(at, output):
            return False
        self.sum = 0.0
        return True

    @property
    def _silent(self) -> bool:
        """Whether no voice was active in the last hops."""
        return self._voiceless > self.rules.voice_hops

    def _needed(self, at: int, converged: bool, media: bool) -> float:
        rules = self.rules
        needed = rules.duck_media if media else rules.duck
        if self._silent:
            newness = max(0.0, 1.0 - self._hops * HOP / rules.new)
            needed += rules.unvoiced * (1.0 + 2.0 * newness)
        if not converged:
            needed += rules.unsure
        if self._burnt_at is not None:
            since = (at - self._burnt_at) / SAMPLE_RATE
            needed += rules.burnt * max(0.0, 1.0 - since / rules.forgive_s)
        return needed

    def _louder(self, at: int, output: np.ndarray) -> bool:
        """Whether this is more than what has just turned out to be nothing."""
        if self._burnt_at is None or self._burnt_power == 0.0:
            return True
        since = (at - self._burnt_at) / SAMPLE_RATE
        margin_db = self.rules.over_last_db - self.rules.forgive_db_s * since
        return float(output.sum()) > self._burnt_power * 10.0 ** (margin_db / 10.0)

    def onset(self, at: int) -> int:
        """Return about when the speech that ducked at ``at`` began.

        That is where the sum began to grow (Page's estimate of a change's place): a word that
        was hard to hear over the reply is older than one that was not.
        """
        began = at if self._began is None else self._began - HOP
        return max(0, at - self.rules.longest, min(began, at - self.rules.lookback))
