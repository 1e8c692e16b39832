"""Everything the speaker concludes from one hop of sound, without acting on it.

The audio thread and ``assistant replay`` share it: what replays badly would have run badly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.audio.bargein import Evidence, NoiseFloor
from assistant.audio.direction import Direction
from assistant.audio.echo import EchoCanceller
from assistant.audio.format import HOP, SAMPLE_RATE, samples
from assistant.audio.front_end import FrontEnd
from assistant.audio.likeness import EchoLikeness
from assistant.audio.own_word import LIKELY, OwnWord
from assistant.audio.verifier import Verifier
from assistant.audio.voice_activity import VoiceActivity
from assistant.audio.wake import SURE, Hit, WakeDecision
from assistant.audio.wake_views import Wakes
from assistant.settings import Settings

# A wake word over the reply leaves 12 hops or more (5th percentile 17, of 36 recorded people heard
# over it in four rooms) 6 dB above the expected residual echo; a phrase of our own that resembled
# "alexa" left one, and no voice activity. For a sure word both must be missing, as the estimate is
# too high at first; a weak one must always rise above it.
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
SURELY = 0.9  # in two views at once: a word 30 dB below the echo may leave no voice, and neither
# those noises nor our own echoes have scored this
CERTAIN = 0.97  # ... in one view: in twenty minutes of mere echo of ten rooms, listened to for two
# words, one score reached the threshold at all, with 0.38; three of 35 people 30 dB below it have
# this and no voice. But music left a hiss at -75 dBFS that had 0.98 and none: a word must be
AUDIBLE = 16.0  # times the background's power in its loudest hop; that hiss was 8, words are 45
# A closer look tries so often that mere echo scored 0.79 and 0.58 in two streams, and 0.99 in one,
# with no voice activity at all. So one stream alone needs a clear voice, whatever it scores, and
# two that do not agree with ``SURELY`` need this: of 114 words 30 dB below the echo the two that
# needed such a look had left 0.5 and 0.7
FAINT_VOICE = 0.4  # sum of the last second's voice activity
# In three hours of mere echo of 190 rooms, half of which changed meanwhile, the echo of a path that
# was not known yet was loud, voiced, and three times a wake word with up to 0.81. Its levels had a
# correlation of 0.7 and more with those of what was expected, or a solution had just replaced the
# path; of 262 believed people at 0, -20 and -30 dB one had the latter, and none that were not
# clearly above the echo the former, unless in two views for sure.
ALIKE = 0.7  # correlation of the levels of echo and output from which that is echo
ALIKE_LATELY = 0.6  # ... in the second after a new path, in which a weak score is not believed, nor
# a closer look of one stream
LATELY = samples(1.0)
MOVED, SETTLES = 16, samples(1.0)  # a step of the bulk delay; how long the new echo path then takes
FADES = 0.99  # a hop: 2.7 dB a second
GOES_ON = samples(0.8) // HOP  # hops with a voice since a duck: somebody who talks on, no accident
PAUSE_DEPTH = 0.03  # a hop this much quieter than the loudest of them is a pause


@dataclass
class Impression:
    """What one hop sounded like. One instance, reused: copy what must outlive the hop."""

    clean: np.ndarray  # float32 (HOP,): the front end's own buffer
    at: int = 0  # samples heard, this hop included
    score: float = 0.0  # the wake word's latest
    hit: Hit | None = None
    speech: float = 0.0  # voice activity probability
    power: float = 0.0  # mean square of the cleaned microphones
    residual: float = 0.0  # ... of the echo expected to be left in it
    noise: float = 0.0  # ... of the background
    direction_deg: float | None = None  # where the last hit came from, where that can be told


class Ears:
    """Cancels the echo, then looks for the wake word and for speech. Audio thread only."""

    def __init__(
        self,
        mics: int,
        settings: Settings,
        *,
        loopback: bool = False,
        background: bool = False,
        positions: np.ndarray | None = None,
    ) -> None:
        self.front_end = FrontEnd(
            mics, settings.echo, loopback=loopback, background=background, positions=positions
        )
        self.evidence = Evidence()
        self._wakes = Wakes(settings.wake.word, len(self.front_end.detectors), background)
        lag = self._wakes.lag + self.front_end.detector_latency
        self._decision = WakeDecision(settings.wake.threshold, lag=lag)
        self._own = OwnWord(settings.wake.word, self._wakes.first)
        path = settings.wake.verifier
        self._verifier = Verifier(Path(path), settings.wake.word) if path else None
        self._threshold_playing = settings.wake.threshold_playing
        self._voice = VoiceActivity()
        self._noise = NoiseFloor()
        self._powers = np.zeros(lag // HOP)  # of the hops before a hit, a ring
        self._hop = 0
        self._over = np.zeros(SAMPLE_RATE // HOP, bool)  # hops with more than the residual echo
        self._said = np.zeros(SAMPLE_RATE // HOP)  # voice activity; both of the last second
        self._likeness = EchoLikeness()
        self._solved, self._solved_at = 0, -LATELY  # how many echo paths; when the last one came
        self._loudest = 0.0  # power of the last seconds' loudest hop
        self._voiced = 0  # hops with a voice since the last duck
        self._direction = Direction(positions) if positions is not None and mics > 1 else None
        self._delay, self._moved_at = 0, -SETTLES  # of the echo; when it last was another
        self._glitch_at = -SETTLES  # when the card last lost samples
        self._now = Impression(np.zeros(HOP, np.float32))

    @property
    def word(self) -> str:
        """The wake word's name."""
        return self._wakes.word

    def close(self) -> None:
        """Let the threads beside the audio thread end."""
        self.front_end.close()
        self._wakes.close()

    def _end_of_word(self, hit: Hit) -> Hit:
        """Move the word's end to the pause after it, when there is one just before the hit."""
        powers = np.roll(self._powers, -self._hop)
        quiet = int(np.argmin(powers))
        if powers[quiet] > PAUSE_DEPTH * powers.max():
            return hit
        return replace(hit, end=max(0, hit.at - (powers.size - quiet) * HOP))

    @property
    def direction_deg(self) -> float | None:
        """Where the last hit came from, clockwise from ahead, where that can be told."""
        return self._now.direction_deg

    def hear(
        self,
        mics: np.ndarray,
        reference: np.ndarray,
        playing: bool,
        following: bool = False,
        held: bool = False,
    ) -> Impression:
        """Take one hop (``mics`` float32 (M, HOP), ``reference`` (HOP,)) and conclude.

        The wake word must be clearer while the speaker sounds (``playing`` and not ``held``), in
        the middle of a command it is ``following``, and on a closer look after the reply's end.
        """
        now, front_end = self._now, self.front_end
        clean = now.clean = front_end.process(mics, reference, playing)
        now.at += HOP
        if self._direction is not None:
            self._direction.hear(front_end.cleaned)
        broadband = float(np.dot(clean, clean)) / HOP
        self._powers[self._hop] = broadband
        self._hop = (self._hop + 1) % self._powers.size
        now.residual = front_end.residual_power
        cancelled = playing and front_end.enabled
        now.power = front_end.output_power if cancelled else broadband
        hop = now.at // HOP % self._over.size
        self._over[hop] = now.power > OVER_FACTOR * now.residual
        self._said[hop] = now.speech
        self._loudest = max(now.power, self._loudest * FADES)
        self._compare(front_end.canceller)
        self._own.hear(reference)
        self._listen(now, playing, following, held)
        now.speech = self._voice.process(clean)
        self._voiced += now.speech >= SPEECH
        now.noise = self._noise.update(broadband)
        return now

    def _compare(self, canceller: EchoCanceller) -> None:
        """Keep what tells echo from voices in this hop."""
        self._likeness.hear(canceller.output_bands, canceller.residual_bands)
        if canceller.solved != self._solved:
            self._solved, self._solved_at = canceller.solved, self._now.at

    def _listen(self, now: Impression, playing: bool, following: bool, held: bool) -> None:
        """Look for the wake word in this hop."""
        front_end, wakes = self.front_end, self._wakes
        echo, now.hit = front_end.canceller.echo[0], None
        score = wakes.process(front_end.detectors, now.clean, echo, front_end.sounding)
        if playing and now.score >= LIKELY:
            self._own.follow()
        if score is None:
            return
        threshold = self._threshold_playing if playing and not held else None
        surely = following or (wakes.closer and not playing)
        threshold = max(SURE, threshold or 0.0) if surely else threshold
        now.score, now.hit = score, self._decision.update(now.at, score, threshold)
        if now.hit is not None:
            self._weigh(now, playing, following)

    def _weigh(self, now: Impression, playing: bool, following: bool) -> None:
        """Keep the hit if it is believed; else the word may still become clearer.

        In a command "from my shopping list" had 0.98 in one view; of 138 people 134 who
        said the word at 0 or -10 dB had ``SURE`` in two.
        """
        agreed = not following or self._wakes.second >= SURE
        if not agreed or not self._believed(now.hit, playing):
            now.hit = None
            self._decision.reset()
            return
        self._wakes.believed()
        now.hit = self._end_of_word(now.hit)
        if self._direction is not None:
            now.direction_deg = self._direction.degrees()

    def _believed(self, hit: Hit, playing: bool) -> bool:
        """Whether it was a voice, not our own, and not refused by the household's verifier."""
        surely = min(hit.score, self._wakes.second) >= SURELY or self._certain(hit.score)
        if self._clearly() and not surely and float(self._said.sum()) < VOICE:
            return False
        if playing and (self._explained(hit.score) or self._own_word()):
            return False
        verifier = self._verifier
        return verifier is None or verifier.accepts(self._wakes.embeddings, hit.score)

    def _explained(self, score: float) -> bool:
        """Whether the residual echo explains what was heard in the last second."""
        over, said, voice = int(self._over.sum()), float(self._said.max()), float(self._said.sum())
        closer, both = self._wakes.closer, min(score, self._wakes.second)
        if both < SURELY and (self._like_echo(score) or (closer and voice < FAINT_VOICE)):
            return True
        if both < SURE:
            weak = said < WEAK_SPEECH and (score < SURE or voice < VOICE)
            certain = self._certain(score) and not closer
            return over < OVER_HOPS or (weak and not certain)
        return over < OVER_HOPS and said < SPEECH

    def _certain(self, score: float) -> bool:
        """Whether one view is enough, without a voice: it is sure, and of more than a hiss."""
        return score >= CERTAIN and self._likeness.loudest > AUDIBLE * self._now.noise

    def _like_echo(self, score: float) -> bool:
        """Whether it is the echo of a path that is not known well enough to expect it."""
        alike = self._likeness.value()
        if self._now.at - self._solved_at < LATELY:
            sure = min(score, self._wakes.second) if self._wakes.closer else score
            return sure < SURE or alike >= ALIKE_LATELY
        return alike >= ALIKE and not self._clearly()

    def _clearly(self) -> bool:
        """Whether somebody was far louder than the expected echo for much of the last second."""
        return int(self._over.sum()) >= CLEARLY_HOPS

    def _own_word(self) -> bool:
        """Whether the reply itself has just said the wake word, and nobody clearly talks over it.

        While the echo path is not known, nobody can be told from the echo.
        """
        clearly = self.front_end.converged and self._clearly()
        return not clearly and self._own.said()

    def expect_jump(self) -> None:
        """Duck for nobody in the next second: the card lost samples, all echo may be heard.

        The wake word still counts.
        """
        self.front_end.expect_jump()
        self._glitch_at = self._now.at

    def doubt(self) -> None:
        """Ask for more evidence for a while: a duck has just turned out to be nothing."""
        goes_on = self._voiced >= GOES_ON
        self.evidence.burn(self._now.at, self._loudest if goes_on else 0.0)

    def suspicious(self, now: Impression, media: bool = False) -> bool:
        """Whether somebody seems to talk over the reply, or over ``media``.

        Ask once per hop while it sounds and is not ducked.
        """
        canceller = self.front_end.canceller
        if abs(self.front_end.delay - self._delay) > MOVED:
            self._moved_at = now.at
        self._delay = self.front_end.delay
        settled = now.at - self._moved_at > SETTLES
        enough = self.evidence.update(
            now.at,
            now.speech,
            canceller.output_bands,
            canceller.residual_bands,
            converged=canceller.converged and settled,
            media=media,
        )
        suspicious = enough and now.at - self._glitch_at > SETTLES
        if suspicious:
            self._voiced = 0
        return suspicious
