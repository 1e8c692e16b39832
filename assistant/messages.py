"""Everything the threads tell each other: events in the past tense, commands in the imperative.

All are frozen. ``at``, ``start`` and ``onset`` are sample counts of the audio thread
(``assistant.audio.format``). Whatever belongs to a turn carries ``turn``; main drops what is
stale in one place. A turn is one utterance and the reply to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from assistant.speech.voice import Clip


class Policy(Enum):
    """What may end a reply before its end."""

    OPEN = "open"  # anything meant for the speaker
    WAKE = "wake"  # the wake word, a stop phrase, the button
    CLOSED = "closed"  # a sensitive prompt: only a stop phrase or the button


@dataclass(frozen=True)
class Position:
    """Where a reply is: the last word of which a sample has left the device."""

    turn: int
    segment: int
    word: int | None = None  # index into the clip's words; None before the first
    sample: int = 0  # within the segment's clip


# --- events: audio -> main -------------------------------------------------------------------


@dataclass(frozen=True)
class WakeHeard:
    """The wake word was heard; whatever may be interrupted by it is already silent."""

    at: int
    start: int  # where a command in the same breath would begin
    word: str
    score: float
    interrupted: Position | None = None  # the reply that was cut, if one was
    direction_deg: float | None = None  # where from, 0 to 360, if the board or the beam knows


@dataclass(frozen=True)
class SpeechSuspected:
    """Somebody may be talking over the reply or the media; the speaker is already ducked."""

    at: int
    onset: int
    position: Position | None = None  # where the reply was ducked


@dataclass(frozen=True)
class SpeechEnded:
    """The utterance of ``turn`` is over (endpoint)."""

    at: int
    turn: int
    end: int  # last sample with speech in it
    voiced: int | None = None  # samples with a voice in them, where somebody counted


@dataclass(frozen=True)
class NothingHeard:
    """The microphone was open for ``turn`` and nobody spoke."""

    at: int
    turn: int


@dataclass(frozen=True)
class SegmentStarted:
    """The first sample of a segment left the device."""

    at: int
    turn: int
    segment: int


@dataclass(frozen=True)
class SpeechFinished:
    """The last sample of the reply of ``turn`` left the device."""

    at: int
    turn: int


@dataclass(frozen=True)
class SpeechStopped:
    """The reply was cut at ``position`` by a Stop command."""

    at: int
    turn: int
    position: Position


@dataclass(frozen=True)
class Pressed:
    """A button was pressed; whatever was sounding is already silent.

    "action" stops or listens, "repeat" says the last reply again, "explain" says why it is deaf.
    """

    at: int
    button: str = "action"
    interrupted: Position | None = None


@dataclass(frozen=True)
class HoldExpired:
    """The audio thread let a ducked reply go on by itself because no decision came."""

    at: int


class Cause(Enum):
    """What kept the sound card away."""

    SILENT = "silent"  # it stopped answering, and could be opened again
    BUSY = "busy"  # another program had it
    UNPLUGGED = "unplugged"  # it was not there


@dataclass(frozen=True)
class DeviceGone:
    """The sound card is lost; hops of silence are counted until it is back."""

    at: int
    reason: str  # one sentence
    position: Position | None = None  # the reply that was cut, if one was


@dataclass(frozen=True)
class DeviceBack:
    """The sound card was opened again; a reply that was cut still waits for Resume."""

    at: int
    away: int  # samples
    cause: Cause


@dataclass(frozen=True)
class AudioFailed:
    """The audio thread could not go on; ``reason`` is one sentence."""

    at: int
    reason: str


# --- events: worker -> main ------------------------------------------------------------------


@dataclass(frozen=True)
class Heard:
    """What the recogniser has of ``turn``, and what it could mean."""

    turn: int
    text: str
    final: bool
    stop: bool = False  # a stop phrase
    command: bool = False  # a sentence of some skill, or an answer to the open question
    complete: bool = False  # a command or stop phrase that no known sentence continues
    own: bool = False  # only words the reply itself is saying
    nearly_stop: bool = False  # a stop phrase so far, though more may follow
    foreign: bool = False  # no sentence begins like this
    confidence: float = 1.0
    settled: bool = False  # a command that only a few fixed words could follow ("again")
    unfinished: bool = False  # a sentence has begun that needs more words


@dataclass(frozen=True)
class ReplyPlanned:
    """A reply exists; its segments follow as they are synthesised."""

    turn: int
    texts: tuple[str, ...]
    policy: Policy = Policy.OPEN
    question: bool = False  # the microphone opens after it


@dataclass(frozen=True)
class SegmentReady:
    """One segment of the reply of ``turn`` can be played; ``last`` marks the final one."""

    turn: int
    segment: int
    clip: Clip
    last: bool


@dataclass(frozen=True)
class NoReply:
    """There is nothing to say in ``turn`` (a stop, an utterance that was not for us)."""

    turn: int


@dataclass(frozen=True)
class VolumeSet:
    """A skill set the loudspeaker's level, 0 to 1."""

    level: float


# --- events: main itself ---------------------------------------------------------------------


@dataclass(frozen=True)
class Tick:
    """A deadline of the conversation may have passed."""

    at: int


@dataclass(frozen=True)
class MuteSet:
    """The owner muted or unmuted the microphone (never by voice)."""

    on: bool


@dataclass(frozen=True)
class PowerHeld:
    """The button was held so long that the owner wants the computer to shut down."""


@dataclass(frozen=True)
class BoardTold:
    """A board's lights or controls failed, or work again; ``text`` is one sentence."""

    text: str


@dataclass(frozen=True)
class SayAsked:
    """Somebody asked for ``text`` to be said (the command line, or we after a crash)."""

    at: int
    text: str


# --- commands: main -> audio -----------------------------------------------------------------


@dataclass(frozen=True)
class Listen:
    """Capture the utterance of ``turn``: find its endpoint from ``start`` on."""

    turn: int
    start: int
    timeout: int  # samples to wait for speech before NothingHeard
    speaking: bool = False  # somebody is talking already (barge-in)
    silence: int | None = None  # samples that end it; None is the usual


@dataclass(frozen=True)
class SetPatience:
    """Change how many samples of silence end the utterance of ``turn``."""

    turn: int
    silence: int


@dataclass(frozen=True)
class StopListening:
    """Forget the utterance of ``turn``."""

    turn: int


@dataclass(frozen=True)
class Begin:
    """Get ready to play the reply of ``turn`` under ``policy``."""

    turn: int
    policy: Policy


@dataclass(frozen=True)
class Play:
    """Queue one segment of the reply of ``turn``."""

    turn: int
    segment: int
    clip: Clip
    last: bool


@dataclass(frozen=True)
class Resume:
    """Go on with the held reply from the start of the word or clause that was ducked."""

    turn: int


@dataclass(frozen=True)
class StopSpeech:
    """Cut the reply of ``turn`` without a click and forget the rest of it."""

    turn: int


@dataclass(frozen=True)
class PlaySound:
    """Play a short sound beside everything else (``sounds`` of the mixer)."""

    clip: Clip


@dataclass(frozen=True)
class PlayMedia:
    """Play music beside everything else; it ducks while anybody speaks."""

    clip: Clip
    loop: bool = False


@dataclass(frozen=True)
class StopMedia:
    """Fade the music out."""


@dataclass(frozen=True)
class SetVolume:
    """Set the loudspeaker's level, 0 to 1."""

    level: float


@dataclass(frozen=True)
class SetMute:
    """Feed zeros instead of the microphone while ``on``."""

    on: bool


# --- commands: main -> worker ----------------------------------------------------------------


@dataclass(frozen=True)
class Recognise:
    """Open a stream on the captured sound from ``start`` on, for ``turn``."""

    turn: int
    start: int
    over_speech: int | None = None  # the turn whose reply it was said over; 0 is media
    position: Position | None = None  # where that reply was
    quiet_from: int = 0  # the loudspeaker's sound has died away by then: what is heard is not ours
    woken: int | None = None  # where the wake word was certain: what ended before may be its tail


@dataclass(frozen=True)
class Captured:
    """The capture ring now reaches ``until`` (from audio, a few times a second)."""

    until: int


@dataclass(frozen=True)
class Conclude:
    """The utterance of ``turn`` ended at ``end``: give its final transcript."""

    turn: int
    end: int
    voiced: int | None = None  # see ``SpeechEnded``


@dataclass(frozen=True)
class Respond:
    """Understand ``text``, do it, and say the reply of ``turn``."""

    turn: int
    text: str
    interrupted: Position | None = None
    quiet: bool = False  # say nothing when it is not a command (it may not have been for us)


@dataclass(frozen=True)
class Cancel:
    """Stop working on ``turn`` and everything before it."""

    turn: int


@dataclass(frozen=True)
class Say:
    """Say ``text`` as the reply of ``turn``."""

    turn: int
    text: str
    interrupted: Position | None = None  # the reply that was cut for it, to go on with


# --- commands: main -> lights ----------------------------------------------------------------


@dataclass(frozen=True)
class Show:
    """Show a mood (``assistant.lights.moods``, or "idle": dark)."""

    mood: str
    direction_deg: float | None = None  # of the talker, where known


Event = (
    WakeHeard | SpeechSuspected | SpeechEnded | NothingHeard | SegmentStarted | SpeechFinished
    | SpeechStopped | Pressed | HoldExpired | DeviceGone | DeviceBack | AudioFailed | Heard
    | ReplyPlanned | SegmentReady | NoReply | VolumeSet | Tick | MuteSet | PowerHeld | BoardTold
    | SayAsked
)  # fmt: skip
AudioCommand = (
    Listen | SetPatience | StopListening | Begin | Play | Resume | StopSpeech | PlaySound
    | PlayMedia | StopMedia | SetVolume | SetMute | Pressed
)  # fmt: skip
WorkerCommand = Recognise | Captured | Conclude | Respond | Say | Cancel
Command = AudioCommand | WorkerCommand | Show
