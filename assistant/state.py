"""What the conversation remembers between two events, and the durations it works with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from assistant.audio.format import samples
from assistant.messages import Policy, Position, WakeHeard


class Mode(Enum):
    """What the speaker is doing."""

    IDLE = "idle"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    HELD = "held"  # ducked while it finds out whether somebody means it


@dataclass(frozen=True)
class State:
    """Everything the conversation remembers between two events."""

    mode: Mode = Mode.IDLE
    turn: int = 0  # the utterance being heard, or the reply being prepared or spoken; 0 is none
    candidate: int = 0  # the utterance said over the reply while it is held; 0 is none
    last: int = 0  # the highest turn given out
    policy: Policy = Policy.OPEN
    question: bool = False  # the reply opens the microphone
    quiet: bool = False  # the utterance may not be meant for us: no apology for chatter
    again: bool = False  # the name alone was said, and we are listening for the rest
    interrupted: Position | None = None  # where the last reply was cut
    deadline: int | None = None  # sample at which waiting ends
    held_at: int = 0  # sample of the duck
    nearly_stop: bool = False  # what is said over the held reply is a stop phrase so far
    woken: WakeHeard | None = None  # ... and the wake word, too: which, its end will tell
    muted: bool = False


@dataclass(frozen=True)
class Rules:
    """The durations ``step`` works with, in samples."""

    address: int = samples(6.0)  # wait for speech after the wake word
    question: int = samples(8.0)  # ... after a question
    follow_up: int = samples(4.0)  # ... after a reply; 0 does not listen
    silence: int = samples(0.7)  # ends an utterance
    silence_complete: int = samples(0.13)  # ... that cannot go on (voice activity trails by 0.1 s)
    silence_settled: int = samples(0.3)  # ... that only a few fixed words could follow
    silence_unfinished: int = samples(1.5)  # ... that has begun and needs more words
    think: int = samples(20.0)
    hold: int = samples(12.0)  # a reply waits so long for an utterance that may mean it
    doubt: int = samples(2.0)  # ... and for one that is nothing so far, or not for it
    died_away: int = samples(0.5)  # from the duck to silence: the pause, latency, the room
    silence_over: int = samples(0.4)  # ends what was said over a reply and may be nothing
    silence_stop: int = samples(0.16)  # ... after what sounds like a stop phrase
    pre_roll: int = samples(0.1)
    outage: int = samples(10.0)  # a sound card that was away for longer is spoken of
    sure: float = 0.9  # confidence that words not addressed to it need to be obeyed
    short: int = 2  # ... and so few words over a reply need more: somebody's "mm" was "help me"
    sure_short: float = 0.95  # with 0.90. Of 140 such commands at 2.5 m Vosk loses three to that
    policy: Policy = Policy.OPEN  # of ordinary replies
