"""Pieces a scene's messages together: what became of each utterance, reply and interruption."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant import messages as m
from assistant.room.record import Record


@dataclass
class Turn:
    """What became of one utterance."""

    start: int
    end: int | None = None
    endpoint: int | None = None
    heard: str = ""
    intent: str = ""


@dataclass
class Spoken:
    """A reply while it is being pieced together from the messages."""

    turn: int
    texts: tuple[str, ...] = ()
    clips: dict[int, m.Clip] = field(default_factory=dict)
    start: int | None = None
    end: int | None = None
    cut: m.Position | None = None
    resumed: bool = False


@dataclass(frozen=True)
class Cut:
    """A reply that was stopped, or ducked and resumed."""

    kind: str
    at: int
    turn: int
    suspected: m.SpeechSuspected | None
    resumed_at: int | None = None


class Story:
    """Turns, replies and cuts, put together from the messages in order."""

    def __init__(self, record: Record) -> None:
        self.turns: dict[int, Turn] = {}
        self._spoken: dict[int, Spoken] = {}
        self.cuts: list[Cut] = []
        self._suspected: m.SpeechSuspected | None = None
        self._away = False  # the sound card was lost during a reply
        self._stop_heard = False
        for at, message in record.messages:
            self._take(at, message)
        self.replies = [r for r in self._spoken.values() if r.start is not None]
        self.replies.sort(key=lambda r: r.start)

    def _take(self, at: int, message: object) -> None:
        match message:
            case m.Recognise():
                self.turns.setdefault(message.turn, Turn(message.start))
            case m.SpeechEnded() if message.turn in self.turns:
                turn = self.turns[message.turn]
                turn.endpoint, turn.end = message.at, message.end
            case m.Heard() if message.turn in self.turns:
                turn = self.turns[message.turn]
                turn.heard = message.text or turn.heard
                turn.intent = getattr(message, "intent", "") or turn.intent
                self._stop_heard = message.stop
            case m.SpeechSuspected():
                self._suspected, self._stop_heard = message, False
            case m.WakeHeard() if message.interrupted is not None:
                self._cut("wake", message.at, message.interrupted)
            case m.Pressed() if message.interrupted is not None:
                self._cut("button", message.at, message.interrupted)
            case m.DeviceGone():
                self._suspected, self._away = None, True
            case m.SpeechStopped() if self._away:
                reply = self._of(message.turn)
                reply.end, reply.cut, self._away = message.at, message.position, False
            case m.Resume() if self._away:
                self._of(message.turn).resumed, self._away = True, False
            case m.SpeechStopped():
                kind = "stop" if self._stop_heard else "speech"
                self._cut(kind, message.at, message.position)
            case m.Resume():
                self._resume(at, message.turn)
            case m.HoldExpired():
                self._resume(at, None)
            case _:
                self._follow(message)

    def _follow(self, message: object) -> None:
        match message:
            case m.ReplyPlanned():
                self._of(message.turn).texts = message.texts
            case m.SegmentReady():
                self._of(message.turn).clips[message.segment] = message.clip
            case m.SegmentStarted():
                reply = self._of(message.turn)
                reply.start = message.at if reply.start is None else reply.start
            case m.SpeechFinished():
                self._of(message.turn).end = message.at
                self._suspected, self._away = None, False

    def _of(self, turn: int) -> Spoken:
        return self._spoken.setdefault(turn, Spoken(turn))

    def _cut(self, kind: str, at: int, where: m.Position) -> None:
        reply = self._of(where.turn)
        if reply.end is None:
            reply.end, reply.cut = at, where
            self.cuts.append(Cut(kind, at, where.turn, self._suspected))
        self._suspected = None

    def _resume(self, at: int, turn: int | None) -> None:
        if self._suspected is not None:
            where = self._suspected.position
            turn = where.turn if turn is None and where is not None else turn
            if turn is not None:
                self._of(turn).resumed = True
            self.cuts.append(Cut("speech", at, turn or 0, self._suspected, resumed_at=at))
        self._suspected = None
