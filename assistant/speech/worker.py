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
from assistant.dialogue import FIXED, Dialogue
from assistant.errors import AssistantError
from assistant.language.text import words as spoken_words
from assistant.loop import Channels
from assistant.skill import Reply, Segment
from assistant.speech.address import after_name, command_words, partial_command
from assistant.speech.clips import with_pause
from assistant.speech.hearing import Hearing, could_be_said
from assistant.speech.normalise import for_speech
from assistant.speech.own_words import OwnWords
from assistant.speech.recogniser import Recogniser, Transcript
from assistant.speech.voice import Clip, Voice

log = logging.getLogger(__name__)

TRAILING = SAMPLE_RATE // 5  # sound after the last speech that the recogniser still gets
WHOLE_SENTENCE = 5  # words: "add nails to the list" may name anything, "add nails and" not
SAYING_BEFORE, SAYING_AFTER = 6 * SAMPLE_RATE // 5, 4 * SAMPLE_RATE // 5  # around a duck
ONLY_THE_NAME = SAMPLE_RATE // 4  # so soon after, hardly anything was said but the wake word
COMMA = SAMPLE_RATE // 4  # twice the pause of a comma that ``segments.parts`` cut off
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
        pause: int = 0,
        own_words: OwnWords | None = None,
        wake_word: str = "",
    ) -> None:
        """``wake_word`` is how it is said."""
        self._channels, self._ring = channels, ring
        self.recogniser, self.dialogue, self.voice = recogniser, dialogue, voice
        self._stops, self._pause = stops, pause  # samples between two parts of a reply
        self._own_words, self.wake_word = own_words or OwnWords(()), wake_word
        self._hearing: Hearing | None = None
        self._spoken: dict[int, tuple[str, ...]] = {}  # what the reply of a turn says
        self._clips: dict[int, Clip] = {}  # of the reply's segments

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

    def prepare(self) -> Iterator[str]:
        """Let the voice make what it says often, one phrase at a time, yielding each."""
        for text in (*FIXED, APOLOGY):
            try:
                self.voice.speak(text)
            except AssistantError as error:
                log.error("%s", error)
            yield text

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
                    over = command.over_speech is not None
                    answers = () if over else self.dialogue.answers()
                    saying = self._saying(command.position)
                    self._hearing = Hearing(command, self.recogniser, self._stops, saying, answers)
            case m.Captured():
                yield from self._captured(command)
            case m.Conclude():
                yield from self._conclude(command)
            case m.Respond():
                yield from self._respond(command)
            case m.Say():
                if command.interrupted is not None:
                    self.dialogue.note_interrupted(command.interrupted)
                yield from self._say(command.turn, Reply((Segment(command.text),)))
            case m.Cancel():
                if self._hearing is not None and self._hearing.turn <= command.turn:
                    self._forget()

    def _saying(self, where: m.Position | None) -> tuple[str, ...]:
        """Return the words the reply was saying around ``where``, as far as they are known."""
        if where is None or where.turn not in self._spoken or where.segment not in self._clips:
            return ()
        first, last = where.sample - SAYING_BEFORE, where.sample + SAYING_AFTER
        before = self._clips.get(where.segment - 1)
        found = [w.text for w in self._clips[where.segment].words if first <= w.start <= last]
        if before is not None and first < 0:
            found = [w.text for w in before.words if w.start >= before.samples.size + first] + found
        return spoken_words(" ".join(found))

    def _cancelled(self, turn: int) -> bool:
        return turn <= self._channels.cancelled

    def _forget(self) -> None:
        if self._hearing is not None:
            self._hearing.close()
            self._hearing = None

    def _captured(self, command: m.Captured) -> Iterator[m.Event]:
        hearing = self._hearing
        if hearing is not None and hearing.feed(self._ring, command.until):
            yield self._heard(hearing, self._so_far(hearing), final=False)

    def _so_far(self, hearing: Hearing) -> str:
        """Return the partial text, without what the recogniser made of the wake word."""
        if hearing.woken is None:
            return hearing.text
        return partial_command(hearing.text, self.wake_word, self._is_command)

    def _is_command(self, text: str) -> bool:
        return bool(text) and self.dialogue.assess(text).command

    def _is_complete(self, text: str) -> bool:
        return bool(text) and self.dialogue.assess(text).complete

    def _conclude(self, command: m.Conclude) -> Iterator[m.Event]:
        hearing = self._hearing
        if hearing is None or hearing.turn != command.turn:
            if not self._cancelled(command.turn):  # the recogniser failed: main waits all the same
                yield m.Heard(command.turn, "", final=True)
            return
        until = min(command.end + TRAILING, self._ring.position)
        hearing.feed(self._ring, until, all_of_it=True)
        transcript = self._own_words.restored(hearing.finish(command.end))
        text = self._without_wake_word(hearing, transcript, command.end)
        event = self._heard(hearing, text, final=True, confidence=transcript.confidence)
        if event.command and hearing.over_speech is not None:
            length = command.end - hearing.start
            said = could_be_said(text, length, command.voiced)
            meant = said and (hearing.woken is not None or hearing.is_heard_alike())
            event = replace(event, command=meant)
        self._forget()
        yield event

    def _without_wake_word(self, hearing: Hearing, heard: Transcript, end: int) -> str:
        """Return what was said to the speaker after the wake word, or without one."""
        if hearing.woken is None:
            return heard.text
        woken = hearing.woken - hearing.start
        judges = self._is_command, self._is_complete
        rest = command_words(heard.words, woken, self.wake_word, *judges)
        text = " ".join(w.text for w in rest)
        if end > hearing.woken + ONLY_THE_NAME:
            return text
        named = after_name(heard.text, self.wake_word) is not None
        return text if named and self._is_command(text) else ""

    def _heard(self, hearing: Hearing, text: str, final: bool, confidence: float = 1.0) -> m.Heard:
        speaking = self._spoken.get(hearing.over_speech) if hearing.over_speech else None
        sense = self.dialogue.assess(text, speaking=speaking)
        command = sense.command
        if hearing.over_speech is not None and not sense.familiar:
            command = sense.complete and len(text.split()) >= WHOLE_SENTENCE
        if hearing.over_speech is not None and after_name(text, self.wake_word) == "":
            command = True
        known = sense.stop or sense.command or sense.own
        return m.Heard(
            hearing.turn,
            text,
            final,
            stop=hearing.stopped or (final and sense.stop and hearing.over_speech is None),
            command=command,
            complete=sense.complete,
            own=sense.own,
            nearly_stop=hearing.nearly_stop,
            foreign=bool(text) and not known and not self.dialogue.could_continue(text),
            confidence=confidence,
            settled=sense.settled,
            unfinished=sense.unfinished and not final,
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
        self._spoken, self._clips = {turn: texts}, {}
        yield m.ReplyPlanned(turn, texts, reply.policy, reply.question)
        for index, segment in enumerate(reply.segments):
            if self._cancelled(turn):
                return
            last = index == len(texts) - 1
            clip = self._clips[index] = self._clip(segment, last)
            yield m.SegmentReady(turn, index, clip, last)

    def _clip(self, segment: Segment, last: bool) -> Clip:
        clip = self.voice.speak(for_speech(segment.text))
        if last:
            return clip
        cut = segment.item is None and segment.text.endswith((",", ";"))
        return with_pause(clip, segment.text, max(self._pause, COMMA if cut else 0))

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
