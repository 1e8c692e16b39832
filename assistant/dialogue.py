"""The memory of a conversation: open questions, what was being said, what "that one" means.

Engine-free: the worker and ``assistant ask`` use it alike.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from assistant.audio.format import samples
from assistant.errors import AssistantError
from assistant.language import text
from assistant.language.answers import (
    Answer,
    is_backchannel,
    is_greeting,
    possible_answers,
    read_answer,
)
from assistant.messages import Position
from assistant.skill import Again, Ask, Reply, SkillError
from assistant.speaker import Speaker, Spoken
from assistant.speech.segments import parts
from assistant.store import Store
from assistant.understanding import Match, Understanding

_log = logging.getLogger(__name__)

QUESTION_S = 30.0  # an unanswered question is forgotten
REACTION = samples(0.4)  # whoever interrupts sooner than this meant the segment before
_TURNS = 8  # replies remembered
_UNCLEAR = ("Sorry, I didn't understand that.", "Sorry, I didn't get that.")
_UNABLE = ("Sorry, I can't help with that.", "Sorry, that's not something I can do.")
_YES_OR_NO = "Sorry, was that a yes or a no?"
FIXED = ("Okay.", *_UNCLEAR, *_UNABLE, _YES_OR_NO)  # what it says often, and should say at once


@dataclass(frozen=True)
class Assessment:
    """What an utterance, finished or not, could mean now."""

    stop: bool = False  # a stop phrase
    command: bool = False  # a sentence of some skill, or an answer to the open question
    complete: bool = False  # a command that no known sentence continues
    own: bool = False  # only words the reply itself is saying
    familiar: bool = True  # a command about things the skill knows
    settled: bool = False  # a command that only a few fixed words could follow
    unfinished: bool = False  # a sentence has begun that needs more words


@dataclass(frozen=True)
class Question:
    """A question that waits for its answer."""

    ask: Ask
    skill: str
    asked: datetime
    tries: int = 0  # answers that were not understood
    stopped: bool = False  # a stop phrase was heard since: only a "no" still counts


@dataclass(frozen=True)
class _Planned:
    """A reply as it is spoken: a part of ``whole`` that begins at segment ``start``."""

    whole: Reply
    start: int = 0


class Dialogue:
    """One conversation; worker thread only.

    ``post`` takes events for main (``VolumeSet``), ``now`` returns the local time.
    """

    def __init__(
        self,
        understanding: Understanding,
        store: Store,
        post: Callable[[object], None],
        now: Callable[[], datetime] = datetime.now,
        *,
        volume: float = 0.7,
    ) -> None:
        self._understanding, self._now = understanding, now
        self.speaker = Speaker(store, post, now, volume)
        self.speaker.about = tuple(s.about for s in understanding.skills if s.about)
        self.question: Question | None = None
        self._turns: OrderedDict[int, _Planned] = OrderedDict()
        self._latest: _Planned | None = None
        self._misses = 0

    def assess(self, said: str, *, speaking: tuple[str, ...] | None = None) -> Assessment:
        """Say what ``said`` could mean; ``speaking`` is the reply that sounds meanwhile."""
        if not text.words(said):
            return Assessment()
        question = self._open_question()
        answers = self._read_answer(said) is not None
        if self._understanding.is_stop(said):
            if question is not None:
                self.question = replace(question, stopped=True)
            return Assessment(stop=True, command=answers, complete=True)
        if answers:
            return Assessment(command=True, complete=True)
        idle = is_backchannel(said) or (speaking is not None and is_greeting(said))
        match = None if idle else self._understanding.match(said)
        if match is not None:
            dangling = self._understanding.is_unfinished(said)
            return Assessment(
                command=True,
                complete=match.complete and not dangling,
                familiar=match.familiar,
                settled=match.settled and not dangling,
                unfinished=dangling,
            )
        own = speaking is not None and _own(said, speaking)
        return Assessment(own=own, unfinished=not own and self._understanding.is_unfinished(said))

    def answers(self) -> tuple[str, ...]:
        """Return the phrases that would answer the open question; empty without one."""
        question = self._open_question()
        if question is None or question.ask.hear is not None:
            return ()
        return possible_answers(question.ask)

    def could_continue(self, said: str) -> bool:
        """Return whether more words are likely to follow ``said``."""
        if self._read_answer(said) is not None:
            return False
        return self._understanding.could_continue(said)

    def respond(
        self, said: str, interrupted: Position | None = None, quiet: bool = False
    ) -> Reply | None:
        """Do what ``said`` asks for and return what to say, ``None`` for nothing.

        ``interrupted`` is where the reply was that it was said over; ``quiet`` says nothing to
        what is not understood. Never raises for anything a skill does.
        """
        self._relate(interrupted)
        question = self._open_question()
        answer = self._read_answer(said)
        if question is not None and answer is not None:
            return self._answer(question, answer)
        if self._understanding.is_stop(said):
            self.question = None
            return None
        match = self._understanding.match(said)
        if match is not None and not (quiet and is_backchannel(said)):
            return self._do(match, question)
        if quiet or (question is None and is_backchannel(said)):
            return None
        if question is not None and question.ask.hear is not None and text.UNKNOWN not in said:
            heard = " ".join(text.spoken(text.words(said)))
            return self._answer(question, Answer(question.ask.hear, (heard,)))
        return self._not_understood(said, question)

    def note_planned(self, turn: int, reply: Reply) -> None:
        """Remember that ``reply`` is about to be spoken in ``turn``."""
        latest = self._latest
        planned = latest if latest is not None and _part(latest) == reply else _Planned(reply)
        self._turns[turn] = self._latest = planned
        self._turns.move_to_end(turn)
        while len(self._turns) > _TURNS:
            self._turns.popitem(last=False)
        self.speaker.last = Spoken(planned.whole)

    def note_interrupted(self, position: Position) -> None:
        """Remember where a reply was cut off, so that it can go on ("continue")."""
        planned = self._turns.get(position.turn)
        if planned is None:
            return
        at = min(planned.start + position.segment, len(planned.whole.segments) - 1)
        early = position.word is None or position.sample < REACTION
        spoken = Spoken(planned.whole, max(at, 0), early)
        self.speaker.last = self.speaker.paused = spoken

    def _relate(self, interrupted: Position | None) -> None:
        if interrupted is not None:
            self.note_interrupted(interrupted)

    def _open_question(self) -> Question | None:
        question = self.question
        if question is None:
            return None
        if (self._now() - question.asked).total_seconds() > QUESTION_S:
            self.question = None
        return self.question

    def _read_answer(self, said: str) -> Answer | None:
        question = self._open_question()
        if question is None:
            return None
        answer = read_answer(question.ask, said)
        refused = answer is not None and answer.function is question.ask.no
        return answer if refused or not question.stopped else None

    def _answer(self, question: Question, answer: Answer) -> Reply | None:
        self.question = None
        if not callable(answer.function):
            return Reply.of(answer.function) if answer.function else None
        return self._call(question.skill, answer.function, answer.values, question.ask.data)

    def _do(self, match: Match, question: Question | None) -> Reply | None:
        self.question = None
        handler = match.handler
        reply = self._call(handler.skill.name, handler.function, (), match.slots)
        if reply is not None and reply.question and self.question is None and question is not None:
            self.question = replace(question, asked=self._now())  # the question was repeated
        return reply

    def _call(self, skill: str, function: Callable, values: tuple, named) -> Reply | None:
        try:
            result = function(self.speaker, *values, **named)
            return self._reply(skill, result)
        except SkillError as e:
            return Reply.of(str(e))
        except AssistantError:
            _log.exception("the skill %s could not reach its memory", skill)
            return Reply.of("Sorry, I could not save that, so nothing was changed.")
        except Exception:
            _log.exception("the skill %s failed", skill)
            return Reply.of("Sorry, something went wrong there.")

    def _reply(self, skill: str, result: object) -> Reply | None:
        if isinstance(result, Ask):
            self.question = Question(result, skill, self._now())
            return Reply.of(result.question).asking(result)
        if isinstance(result, Again):
            self._latest = _Planned(result.reply, result.start)
            return _part(self._latest)
        if isinstance(result, str):
            return Reply.of(*parts(result)) if parts(result) else None
        if result is None or isinstance(result, Reply):
            return result
        raise TypeError(f"a handler returned {type(result).__name__}, not str, Reply, Ask or None")

    def _not_understood(self, said: str, question: Question | None) -> Reply:
        if question is not None and question.tries == 0:
            self.question = replace(question, tries=1, asked=self._now())
            return Reply.of(_hint(question.ask)).asking(question.ask)
        self.question = None
        self._misses += 1
        return Reply.of(_sorry(said, self._misses))


def _part(planned: _Planned) -> Reply:
    return replace(planned.whole, segments=planned.whole.segments[planned.start :])


def _own(said: str, speaking: tuple[str, ...]) -> bool:
    """Return whether the words known to the recogniser are all the reply's, in its order."""
    heard = tuple(w for w in text.spoken(text.words(said)) if w != text.UNKNOWN)
    return bool(heard) and text.is_within(heard, text.words(" ".join(speaking)))


def _hint(ask: Ask) -> str:
    if len(ask.options) > 4:
        return "Sorry, which one?"
    if ask.options:
        return f"Sorry, which one: {text.join(list(ask.options), 'or')}?"
    return _YES_OR_NO


def _sorry(said: str, count: int) -> str:
    words = text.spoken(text.strip_trail(text.strip_lead(text.words(said))))
    if not words or text.UNKNOWN in words:
        return _UNCLEAR[count % 2]
    if len(words) <= 6:
        return f'Sorry, I heard "{" ".join(words)}", and I can\'t help with that.'
    return _UNABLE[count % 2]
