"""Everything the speaker concludes from one hop of sound, without acting on it.

The audio thread and ``assistant replay`` share it: what replays badly would have run badly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.audio.bargein import Evidence, NoiseFloor
from assistant.audio.belief import SPEECH, LastSecond, Word, is_echo, is_spoken
from assistant.audio.direction import Direction
from assistant.audio.format import HOP, samples
from assistant.audio.front_end import FrontEnd
from assistant.audio.own_word import LIKELY, OwnWord
from assistant.audio.verifier import Verifier
from assistant.audio.voice_activity import VoiceActivity
from assistant.audio.wake import SURE, Hit, WakeDecision
from assistant.audio.wake_views import Wakes
from assistant.settings import Settings

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
        self._last_second = LastSecond()
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
        listening: bool = False,
    ) -> Impression:
        """Take one hop (``mics`` float32 (M, HOP), ``reference`` (HOP,)) and conclude.

        The wake word must be clearer while the speaker sounds (``playing`` and not ``held``), while
        it is ``listening`` to a begun command (but not to one over a reply that is ``held``), most
        of all in the middle of one it is ``following``, and on a closer look after the reply's end.
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
        self._last_second.hear(now.power, now.residual, now.noise, now.speech, front_end.canceller)
        self._loudest = max(now.power, self._loudest * FADES)
        self._own.hear(reference)
        self._listen(now, playing, following, held, following or (listening and not held))
        now.speech = self._voice.process(clean)
        self._voiced += now.speech >= SPEECH
        now.noise = self._noise.update(broadband)
        return now

    def _listen(
        self, now: Impression, playing: bool, following: bool, held: bool, surely: bool
    ) -> None:
        """Look for the wake word in this hop; ``surely`` for one that is no weak score."""
        front_end, wakes = self.front_end, self._wakes
        echo, now.hit = front_end.canceller.echo[0], None
        score = wakes.process(front_end.detectors, now.clean, echo, front_end.sounding)
        if playing and now.score >= LIKELY:
            self._own.follow()
        if score is None:
            return
        threshold = self._threshold_playing if playing and not held else None
        surely = surely or (wakes.closer and not playing)
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
        word = self._last_second.word(hit.score, self._wakes.second, self._wakes.closer)
        if not is_spoken(word):
            return False
        if playing and (is_echo(word) or self._own_word(word)):
            return False
        verifier = self._verifier
        return verifier is None or verifier.accepts(self._wakes.embeddings, hit.score)

    def _own_word(self, word: Word) -> bool:
        """Whether the reply itself has just said the wake word, and nobody clearly talks over it.

        While the echo path is not known, nobody can be told from the echo.
        """
        return not (self.front_end.converged and word.clearly) and self._own.said()

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
