"""One utterance between the capture ring and the recogniser, and whether it was a stop phrase."""

from __future__ import annotations

import numpy as np

from assistant import messages as m
from assistant.audio.capture import CaptureRing
from assistant.audio.format import SAMPLE_RATE
from assistant.language.answers import LISTENING
from assistant.language.text import UNKNOWN, is_within
from assistant.speech.address import LEAD
from assistant.speech.alike import confidence, is_heard_again, is_heard_alike
from assistant.speech.recogniser import Recogniser, Stream, Transcript
from assistant.speech.stop import SURE, is_stop, speaks_for

BLOCK = SAMPLE_RATE // 10
PRE_ROLL = 3 * SAMPLE_RATE // 20
SHORTEST_S = 0.25  # of a command said over the reply
SHORTEST_STOP_S = 0.1  # ... and of a stop phrase, whose first sound may drown in the reply,
SHORTEST_SURE_S = 0.05  # ... of one that nothing speaks against
WORD_S = 0.15  # ... and of each word in it: seven a second is as fast as people get
VOICED = 0.4  # of that: a command over the reply has twice as much voice, most accidents none


class Hearing:
    """One utterance being recognised, with a stop-phrase spotter beside it when we talk."""

    def __init__(
        self,
        command: m.Recognise,
        recogniser: Recogniser,
        stops: tuple[str, ...],
        saying: tuple[str, ...] = (),
        answers: tuple[str, ...] = (),
    ) -> None:
        """``saying`` are the words the reply itself was saying about when this began.

        ``start`` is where the stream's times begin: before the wake word, if there was one.
        """
        self.turn, self.woken = command.turn, command.woken
        self.start = self._begun = command.start
        if command.woken is not None:
            self.start = max(0, min(command.start, command.woken - LEAD))
        self._fed = self.start
        self.over_speech = command.over_speech
        self._quiet_from = command.quiet_from
        self._stops = stops
        self._own = {stop for stop in stops if is_within(tuple(stop.split()), saying)}
        self._recogniser = recogniser
        self._stream: Stream = recogniser.open()
        self._spotter: Stream | None = None
        self._sound: list[np.ndarray] = []  # what the spotter was fed
        if command.over_speech is not None:
            self._spotter = recogniser.open(stops)
        self._answers = recogniser.open(answers) if answers else None
        self._spotted: list[str] = []  # of each block, where free recognition agrees
        self.text = ""
        self.stopped = False  # a stop phrase was said, and nothing else
        self.nearly_stop = False  # ... so far

    def feed(self, ring: CaptureRing, until: int, *, all_of_it: bool = False) -> bool:
        """Feed whole blocks of what is new; return True when something was understood anew."""
        before = self.text, self.stopped, self.nearly_stop
        while until - self._fed >= (1 if all_of_it else BLOCK):
            block = ring.read(self._fed, min(until, self._fed + BLOCK))
            self._fed = min(until, self._fed + BLOCK)
            if block.size:
                self.text = self._stream.feed(block)
                self._spot(block)
                if self._answers is not None and self._fed > self._begun:
                    self._answers.feed(block[-(self._fed - self._begun) :])
        return (self.text, self.stopped, self.nearly_stop) != before

    def _spot(self, block: np.ndarray) -> None:
        if self._spotter is not None:
            self._sound.append(block)
            spotted = self._spotter.feed(block)
            self._spotted.append(spotted if self.text in self._stops else "")
            self.nearly_stop = spotted in self._stops and self.text in ("", spotted)
            self.stopped = is_stop(self._spotted, self._stops) and spotted not in self._own

    def finish(self, end: int) -> Transcript:
        """Return the final transcript of an utterance that ended at sample ``end``.

        ``stopped`` is final too. A stop phrase that the reply itself was just saying counts only
        when somebody was still speaking after the loudspeaker had gone quiet. While a question
        is open, one of its answers that was clearly heard beats free words.
        """
        transcript = self._stream.finish()
        self.text = transcript.text
        if self._answers is not None:
            answer = self._answers.finish()
            if answer.text and UNKNOWN not in answer.text and answer.confidence >= SURE:
                transcript = answer
        if self._spotter is not None:
            spotted = self._spotter.finish()
            agrees = speaks_for(transcript, spotted.text, self._stops)
            own = spotted.text in self._own and end < self._quiet_from
            sure = transcript.text in self._stops and transcript.confidence >= SURE
            shortest = SHORTEST_SURE_S if sure else SHORTEST_STOP_S
            said = end - self.start - PRE_ROLL > shortest * SAMPLE_RATE
            self.stopped = said and agrees and not own and is_stop(spotted, self._stops)
            if self.stopped and (self._recogniser.overconfident or not sure):
                self.stopped = self._stands_out(spotted.text, transcript, sure)
        return transcript

    def is_heard_alike(self) -> bool:
        """Return whether what was said over a reply is no listener's short sound; after the end."""
        return is_heard_alike(self._recogniser, np.concatenate(self._sound), self.text)

    def _stands_out(self, spotted: str, said: Transcript, sure: bool) -> bool:
        """Whether it is still ``spotted``, at other paces, too, and with more to choose from.

        That is what listeners say, and what free words made of it, ``said``: a "right" that was
        "light" was surely "quiet" as long as that was all it could be.
        """
        others = (*LISTENING, said.text) if UNKNOWN not in said.text else LISTENING
        choices = tuple(dict.fromkeys((*self._stops, *others)))
        sound = np.concatenate(self._sound)
        if sure:
            return is_heard_again(self._recogniser, sound, spotted, choices, said.confidence)
        clear = confidence(self._recogniser, sound, spotted, choices) >= self._recogniser.clear
        return clear and is_heard_alike(self._recogniser, sound, spotted, choices)

    def close(self) -> None:
        """Drop the streams."""
        self._stream.close()
        for beside in (self._spotter, self._answers):
            if beside is not None:
                beside.close()


def could_be_said(text: str, length: int, voiced: int | None = None) -> bool:
    """Whether ``length`` samples, pre-roll included, are enough to say ``text`` in.

    A cough makes any recogniser find words; nobody says "add back" in a fifth of a second, nor
    without a voice: ``voiced`` is how many of the samples have one.
    """
    spoken_s = (length - PRE_ROLL) / SAMPLE_RATE
    shortest_s = max(SHORTEST_S, WORD_S * len(text.split()))
    voice = voiced is None or voiced / SAMPLE_RATE >= VOICED * shortest_s
    return spoken_s >= shortest_s and voice
