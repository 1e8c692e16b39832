"""Finds where an utterance begins and ends, counting samples. Pure: no clock, no model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from assistant.audio.format import HOP, samples

START_PROBABILITY = 0.5  # speech begins here
STAY_PROBABILITY = 0.35  # and lasts while it is at least this
MIN_SPEECH = samples(0.096)  # shorter is a click
CARRIED_OVER = samples(0.4)  # speech from before the start: the wake word's tail is not a command
CLICK_GAP = samples(0.096)  # this quiet ends a click
MAX_UTTERANCE = samples(15.0)


class Kind(Enum):
    """What an endpoint found."""

    SPEECH_STARTED = "speech started"
    ENDED = "ended"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Outcome:
    """A finding and its sample: speech's onset, its last sample, or where patience ran out.

    ``voiced`` is how many of the samples it was told about had a voice in them.
    """

    kind: Kind
    sample: int
    voiced: int = 0


class Endpoint:
    """Follows one utterance from sample ``start`` on.

    ``timeout`` is how many samples to wait for speech, ``silence`` how many without speech end
    the utterance (``silence`` may be changed at any time), ``speaking`` that somebody is talking
    already. An utterance is ended by force after 15 s. Exactly one of ENDED and NOTHING comes,
    once; ``done`` then is True.
    """

    def __init__(self, start: int, timeout: int, silence: int, speaking: bool = False) -> None:
        self.silence = silence
        self.speaking = speaking
        self.done = False
        self._start, self._timeout = start, timeout
        self._at = self._last_speech = start
        self._onset: int | None = start if speaking else None
        self._quiet_before = False
        self._heard = self._voiced = 0

    @property
    def talked(self) -> int:
        """How many samples the utterance has lasted so far; 0 before it began."""
        return self._at - self._onset if self.speaking else 0

    def update(self, at: int, speech_probability: float) -> Outcome | None:
        """Return what became certain at sample ``at``, or None.

        ``speech_probability`` (0 to 1) describes the sound since the last update; ``at`` never
        goes back. At most one outcome comes of an update.
        """
        if self.done:
            return None
        step, self._at = max(0, at - self._at), max(at, self._at)
        self._voiced += min(step, HOP) if speech_probability >= STAY_PROBABILITY else 0
        return self._speaking(speech_probability) or (
            None if self.speaking else self._waiting(step, speech_probability)
        )

    def _speaking(self, probability: float) -> Outcome | None:
        if not self.speaking:
            return None
        if probability >= STAY_PROBABILITY:
            self._last_speech = self._at
        if self._at - self._last_speech >= self.silence or self._at - self._onset >= MAX_UTTERANCE:
            self.done = True
            return Outcome(Kind.ENDED, self._last_speech, self._voiced)
        return None

    def _waiting(self, step: int, probability: float) -> Outcome | None:
        needed = STAY_PROBABILITY if self._onset is not None else START_PROBABILITY
        if probability >= needed:
            return self._candidate(step)
        if self._onset is None or self._at - self._last_speech >= CLICK_GAP:
            self._onset, self._heard, self._quiet_before = None, 0, True
            if self._at - self._start >= self._timeout:
                self.done = True
                return Outcome(Kind.NOTHING, self._at)
        return None

    def _candidate(self, step: int) -> Outcome | None:
        if self._onset is None:
            self._onset = self._at - step
        self._heard += step
        self._last_speech = self._at
        if self._heard < (MIN_SPEECH if self._quiet_before else CARRIED_OVER):
            return None
        self.speaking = True
        return Outcome(Kind.SPEECH_STARTED, self._onset)
