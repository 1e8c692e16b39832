"""Whether a score for the wake word is believed: a voice said it, and no echo did.

Audio thread only. ``LastSecond`` remembers what tells the two apart; the rules are pure functions
of a ``Word``, which is that at the moment of a score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.audio.echo import EchoCanceller
from assistant.audio.format import HOP, SAMPLE_RATE, power_db, samples
from assistant.audio.likeness import EchoLikeness
from assistant.audio.wake import SURE

# A wake word over the reply leaves 12 hops or more (5th percentile 17, of 36 recorded people heard
# over it in four rooms) 6 dB above the expected residual echo; a phrase of our own that resembled
# "alexa" left one, and no voice activity. For a sure word both must be missing, as the estimate is
# too high at first; a weak one must always rise above it. And one that two views have surely needs
# neither, as long as it does not move with the echo: of 276 people at -30 dB seven had that, whose
# echo was expected to be louder than it was, and mere echo of 41 rooms never.
OVER_FACTOR = 4.0
OVER_HOPS = 6
CLEARLY_HOPS = 25  # of the last 62: a person says the wake word for 30 hops or more
SPEECH = 0.3
VOICE = 3.0  # sum of the last second's voice activity (62 hops) that a wake word leaves at least,
# when it clearly rises above the echo: 7.1 or more after 130 recorded people at 0 to -30 dB, 1.2 or
# less after a dog, a kettle and plates that scored up to 0.7
# A hit below ``SURE``, or in one view alone, needs a voice, too: of 185 people who said "alexa"
# over the speaker at -10 to -30 dB seven would go for the first reason (one of 184 with four
# microphones), of 207 two for the second, all at -30 dB; echoes of our own that scored 0.38 to 0.9,
# the high ones in one view, had left 0.30 and less. For a score of ``SURE`` a faint voice that goes
# on will do (``VOICE``): of 138 people at -30 dB four more are heard.
WEAK_SPEECH = 0.35
SURELY = 0.9  # in two views at once: a word 30 dB below the echo may leave no voice, and of what
# had none only loud sneezes have scored this (``LOUDLY_SURE``)
CERTAIN = 0.97  # ... in one view, when another has ``SURE``: alone and with no voice our own echo
# had 0.98 (the others 0.05), the hum after a knock 0.996 (0.003). Of 414 people at -20 and -30 dB
# seven once needed no other view; six are heard when it follows, 0.14 s later at most.
# But music left a hiss at -75 dBFS that had 0.98 and no voice: a word must be
AUDIBLE = 16.0  # times the background's power in its loudest hop; that hiss was 8, words are 45
# A closer look tries so often that mere echo scored 0.79 and 0.58 in two streams, and 0.99 in one,
# with no voice activity at all, a sneeze 0.57 and 0.53 (voice 0.6), a "wow" 0.94 and 0.003 (1.6).
# So one stream alone needs ``VOICE``, whatever it scores (14 people whom it heard had left 3.2 and
# more), and so do two below ``CLOSELY`` (of 345 people six had 5.4 to 7.8). Two that do not agree
# with ``SURELY`` need this: of 114 words 30 dB below the echo two had left 0.5 and 0.7.
FAINT_VOICE = 0.4  # sum of the last second's voice activity
CLOSELY = 0.8
# In four hours of mere echo of 250 rooms, half of which changed meanwhile, the echo of a path that
# was not known yet was loud, voiced, and four times a wake word, once with 0.97 in two views. Its
# levels had a correlation of 0.7 and more with those of what was expected, or a solution had just
# replaced the path; of 227 believed people at 0, -20 and -30 dB one had the latter, and none that
# were not clearly above the echo the former, unless in two views for sure.
ALIKE = 0.7  # correlation of the levels of echo and output from which that is echo
ALIKE_LATELY = 0.6  # ... in the time after a new path, however sure the word seems
LATELY = samples(1.0)  # that time. A weak score is not believed in it, nor a closer look of one
# stream. Of 69 people at -10 dB in the second after a move 50 were heard without all this, 45 with
# it; at 0 dB 62 and 63

# Below ``SURE`` chance gave somebody's "mm" 0.41 (voice 3.6), the echo after a door 0.50 (9.5) and
# plates 0.35 (3.4). Of 414 people at -20 and -30 dB 52 were believed with such a score, ten of them
# with less voice than this; all ten are heard, as the word then becomes clearer.
LASTING = 10.0  # sum of the last second's voice activity
# Echo can hide the voice of a word, but not of one far louder than the echo: with "alexa" 500
# accidental sounds over a reply were eleven times the word, ten of them ("uh huh", sneezes, "mm")
# 30 dB and more above it, with a voice of 22 and less, 11 and less when two views were sure. Of 138
# people at 0 and -10 dB one had less than 21 when it was believed: 7, in the middle of the word.
LOUD_DB, LOUDEST = 20.0, 15  # above echo and background, in as many of the last second's hops
LOUDLY, LOUDLY_SURE = 20.0, 12.0  # sum of the last second's voice activity, of the latter if sure
# Nor does it hide the word: somebody's "computer" 41 dB above it was "hey jarvis" with 0.42, and a
# score that low needs an echo that explains it. 42 of 406 people at 0 to -20 dB were first believed
# with less than ``SURE`` that loud; all but one are heard all the same, 20 to 140 ms later.


@dataclass(frozen=True)
class Word:
    """What may have been the wake word: its ``score`` and all that speaks for or against it.

    ``second`` is another view's score at the same time, ``closer`` that both are a closer look's;
    ``over`` hops of the last second were far louder than the expected echo, ``speech`` is the
    highest and ``voice`` the sum of their voice activity, ``alike`` how much their levels were the
    echo's (-1 to 1), ``lately`` that the echo path was replaced in it, and ``audible`` that it was
    louder than any hiss. ``above_db`` is how far its loudest hops rose above echo and background.
    """

    score: float
    second: float
    closer: bool
    over: int
    speech: float
    voice: float
    alike: float
    lately: bool
    audible: bool
    above_db: float

    @property
    def both(self) -> float:
        """The score that two views reach."""
        return min(self.score, self.second)

    @property
    def clearly(self) -> bool:
        """Whether somebody was far louder than the expected echo for much of the last second."""
        return self.over >= CLEARLY_HOPS

    @property
    def surely(self) -> bool:
        """Whether two views are so sure of it that it needs no voice: the echo may hide that."""
        certain = self.score >= CERTAIN and self.second >= SURE
        return self.both >= SURELY or (certain and self.audible)


def is_spoken(word: Word) -> bool:
    """Whether what was clearly louder than the echo was a voice, or surely the word."""
    return not word.clearly or word.surely or word.voice >= VOICE


def is_echo(word: Word) -> bool:
    """Whether the residual echo, or chance, explains what was heard in the last second."""
    if (word.lately and word.alike >= ALIKE_LATELY) or _is_chance(word):
        return True
    if word.both < SURELY and (_is_doubtful(word) or _is_voiceless(word)):
        return True
    if word.both < SURE:
        unvoiced = word.speech < WEAK_SPEECH and word.voice < VOICE
        return word.over < OVER_HOPS or unvoiced
    buried = word.surely and word.alike < ALIKE_LATELY and not word.lately
    return word.over < OVER_HOPS and word.speech < SPEECH and not buried


def _is_chance(word: Word) -> bool:
    """Whether it is weak or loud and without a voice that goes on, or both weak and loud."""
    loud = word.above_db >= LOUD_DB
    if word.score < SURE and (loud or word.voice < LASTING or word.speech < WEAK_SPEECH):
        return True
    return loud and word.voice < (LOUDLY_SURE if word.surely else LOUDLY)


def _is_doubtful(word: Word) -> bool:
    """Whether it may be the echo of a path that is not known well enough to expect it."""
    if word.lately:
        return (word.both if word.closer else word.score) < SURE
    return word.alike >= ALIKE and not word.clearly


def _is_voiceless(word: Word) -> bool:
    """Whether a closer look has found it where hardly anybody spoke."""
    agreed = word.both >= SURE and word.score >= CLOSELY
    return word.closer and word.voice < (FAINT_VOICE if agreed else VOICE)


class LastSecond:
    """Remembers of the last second what tells a voice from echo."""

    def __init__(self) -> None:
        self._over = np.zeros(SAMPLE_RATE // HOP, bool)  # hops with more than the residual echo
        self._said = np.zeros(SAMPLE_RATE // HOP)  # voice activity
        self._powers = np.zeros((2, SAMPLE_RATE // HOP))  # of the hops, and what they rise above
        self._likeness = EchoLikeness()
        self._solved, self._since_solved = 0, LATELY  # echo paths; samples since the last one
        self._noise = 0.0
        self._hop = 0

    def hear(
        self, power: float, residual: float, noise: float, speech: float, canceller: EchoCanceller
    ) -> None:
        """Keep one hop: mean squares of the output, of the echo expected in it and of the
        background, and the voice activity (0 to 1) of the hop before."""
        self._over[self._hop] = power > OVER_FACTOR * residual
        self._said[self._hop] = speech
        self._powers[:, self._hop] = power, residual + noise
        self._hop = (self._hop + 1) % self._over.size
        self._noise = noise
        self._likeness.hear(canceller.output_bands, canceller.residual_bands)
        self._since_solved = min(LATELY, self._since_solved + HOP)
        if canceller.solved != self._solved:
            self._solved, self._since_solved = canceller.solved, 0

    def word(self, score: float, second: float, closer: bool) -> Word:
        """Return what there is to say of a score that comes now."""
        return Word(
            score=score,
            second=second,
            closer=closer,
            over=int(self._over.sum()),
            speech=float(self._said.max()),
            voice=float(self._said.sum()),
            alike=self._likeness.value(),
            lately=self._since_solved < LATELY,
            audible=self._likeness.loudest > AUDIBLE * self._noise,
            above_db=self._above_db(),
        )

    def _above_db(self) -> float:
        loudest = np.argsort(self._powers[0])[-LOUDEST:]
        heard, expected = self._powers[:, loudest].sum(axis=1)
        return power_db(heard) - power_db(expected)
