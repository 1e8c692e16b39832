"""The worker: hears the words, understands, does it, and speaks. One turn at a time.

``handle`` is a generator so that the same code runs in a thread on a Pi and on the virtual clock
of the room: between two of its events the caller may look whether the turn still matters.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from assistant import messages as m
from assistant.audio.capture import CaptureRing
from assistant.audio.format import SAMPLE_RATE
from assistant.dialogue import Dialogue
from assistant.errors import AssistantError
from assistant.language.text import UNKNOWN
from assistant.loop import Channels
from assistant.skill import Reply, Segment
from assistant.speech.hearing import Hearing, could_be_said
from assistant.speech.normalise import for_speech
from assistant.speech.recogniser import HeardWord, Recogniser, Transcript
from assistant.speech.voice import Clip, Voice

log = logging.getLogger(__name__)

TRAILING = SAMPLE_RATE // 5  # sound after the last speech that the recogniser still gets
WHOLE_SENTENCE = 5  # words: "add nails to the list" may name anything
TAIL = 7 * SAMPLE_RATE // 20  # a word ending this soon after the hit may be the wake word's tail
TAIL_WORDS = 2
REFUSALS = {"don't", "do", "not", "never", "no"}  # never dropped: they turn a command around
ONLY_THE_NAME = SAMPLE_RATE // 4  # nothing was said but the wake word
APOLOGY = "Sorry, something went wrong."


class Worker:
    """Turns commands into events. Worker thread only."""

    def __init__(
        self,
        channels: Channels,
        ring: CaptureRing,
        recogniser: Recogniser,
        dialogue: Dialogue,
        voice: Voice,
        stops: tuple[str, ...],
    ) -> None:
        self._channels, self._ring = channels, ring
        self.recogniser, self.dialogue, self.voice = recogniser, dialogue, voice
        self._stops = stops
        self._hearing: Hearing | None = None
        self._spoken: dict[int, tuple[str, ...]] = {}  # what the reply of a turn says

    def handle(self, command: m.WorkerCommand) -> Iterator[m.Event]:
        """Do ``command``, yielding each event as soon as it exists.

        An engine that fails costs this turn an apology, never the speaker.
        """
        try:
            yield from self._dispatch(command)
        except AssistantError as error:
            log.error("%s", error)
            yield from self._apologise(command)
        except Exception:
            log.exception("the worker failed on %s", type(command).__name__)
            yield from self._apologise(command)

    def close(self) -> None:
        """Release the engines."""
        self._forget()
        self.recogniser.close()
        self.voice.close()

    def _dispatch(self, command: m.WorkerCommand) -> Iterator[m.Event]:
        match command:
            case m.Recognise():
                self._forget()
                if not self._cancelled(command.turn):
                    self._hearing = Hearing(command, self.recogniser, self._stops)
            case m.Captured():
                yield from self._captured(command)
            case m.Conclude():
                yield from self._conclude(command)
            case m.Respond():
                yield from self._respond(command)
            case m.Say():
                yield from self._say(command.turn, Reply((Segment(command.text),)))
            case m.Cancel():
                if self._hearing is not None and self._hearing.turn <= command.turn:
                    self._forget()

    def _cancelled(self, turn: int) -> bool:
        return turn <= self._channels.cancelled

    def _forget(self) -> None:
        if self._hearing is not None:
            self._hearing.close()
            self._hearing = None

    @staticmethod
    def _may_be_tail(word: HeardWord, hearing: Hearing) -> bool:
        """Whether a first word may be the end of the wake word; an unknown one may be "don't"."""
        if word.text in REFUSALS:
            return False
        patience = 0 if word.text == UNKNOWN else TAIL
        return hearing.start + word.end <= hearing.woken + patience

    def _captured(self, command: m.Captured) -> Iterator[m.Event]:
        hearing = self._hearing
        if hearing is not None and hearing.feed(self._ring, command.until):
            yield self._heard(hearing, self._so_far(hearing), final=False)

    def _so_far(self, hearing: Hearing) -> str:
        """Return the partial text, without what may be the wake word's tail (no times yet)."""
        words = hearing.text.split()
        if hearing.woken is None or self.dialogue.assess(hearing.text).command:
            return hearing.text
        for start in range(1, 1 + TAIL_WORDS):
            text = " ".join(words[start:])
            if text and self.dialogue.assess(text).command:
                return text
        return hearing.text

    def _conclude(self, command: m.Conclude) -> Iterator[m.Event]:
        hearing = self._hearing
        if hearing is None or hearing.turn != command.turn:
            if not self._cancelled(command.turn):  # the recogniser failed: main waits all the same
                yield m.Heard(command.turn, "", final=True)
            return
        until = min(command.end + TRAILING, self._ring.position)
        hearing.feed(self._ring, until, all_of_it=True)
        transcript = hearing.finish()
        text = self._without_wake_word(hearing, transcript, command.end)
        event = self._heard(hearing, text, final=True, confidence=transcript.confidence)
        if hearing.over_speech is not None and not could_be_said(text, command.end - hearing.start):
            event = replace(event, command=False)
        self._forget()
        yield event

    def _without_wake_word(self, hearing: Hearing, heard: Transcript, end: int) -> str:
        """Drop what the recogniser made of the wake word's end, if only that makes sense of it."""
        if hearing.woken is not None and end <= hearing.woken + ONLY_THE_NAME:
            return ""
        if hearing.woken is None or self.dialogue.assess(heard.text).command:
            return heard.text
        words = list(heard.words)
        while words and self._may_be_tail(words[0], hearing):
            words.pop(0)
            text = " ".join(w.text for w in words)
            if self.dialogue.assess(text).command:
                return text
        return heard.text

    def _heard(self, hearing: Hearing, text: str, final: bool, confidence: float = 1.0) -> m.Heard:
        speaking = self._spoken.get(hearing.over_speech) if hearing.over_speech else None
        sense = self.dialogue.assess(text, speaking=speaking)
        command = sense.command
        if hearing.over_speech is not None and not sense.familiar:
            command = len(text.split()) >= WHOLE_SENTENCE
        return m.Heard(
            hearing.turn,
            text,
            final,
            stop=hearing.stopped,
            command=command,
            complete=sense.complete,
            own=sense.own,
            confidence=confidence,
        )

    def _respond(self, command: m.Respond) -> Iterator[m.Event]:
        reply = self.dialogue.respond(
            command.text, interrupted=command.interrupted, quiet=command.quiet
        )
        if reply is None or not reply.segments:
            yield m.NoReply(command.turn)
            return
        self.dialogue.note_planned(command.turn, reply)
        yield from self._say(command.turn, reply)

    def _say(self, turn: int, reply: Reply) -> Iterator[m.Event]:
        texts = tuple(s.text for s in reply.segments)
        self._spoken = {turn: texts}
        yield m.ReplyPlanned(turn, texts, reply.policy, reply.question)
        for index, segment in enumerate(reply.segments):
            if self._cancelled(turn):
                return
            last = index == len(texts) - 1
            yield m.SegmentReady(turn, index, self._clip(segment), last)

    def _clip(self, segment: Segment) -> Clip:
        return self.voice.speak(for_speech(segment.text))

    def _apologise(self, command: m.WorkerCommand) -> Iterator[m.Event]:
        match command:
            case m.Conclude():
                self._forget()
                yield m.Heard(command.turn, "", final=True)
            case m.Respond():
                try:
                    yield from self._say(command.turn, Reply((Segment(APOLOGY),)))
                except Exception:
                    log.exception("not even the apology could be spoken")
                    yield m.NoReply(command.turn)
            case m.Say():
                yield m.NoReply(command.turn)
            case _:
                self._forget()
