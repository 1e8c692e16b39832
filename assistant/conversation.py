"""The conversation: a pure, total function from a state and an event to a state and commands.

``step`` decides everything that is not a matter of milliseconds (those are the audio thread's).
It never looks at a clock: time arrives as the sample count of the event. tests/
test_conversation.py walks every state with every event and checks the invariants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from assistant import messages as m
from assistant.messages import Policy
from assistant.outage import outage_text
from assistant.state import Mode, Rules, State

Commands = tuple[m.Command, ...]
Outcome = tuple[State, Commands]


def step(state: State, event: m.Event, rules: Rules) -> Outcome:
    """Return the next state and what to do; an event that does not matter changes nothing."""
    if _stale(state, event):
        return state, ()
    handler = _HANDLERS.get((state.mode, type(event))) or _ANYWHERE.get(type(event))
    return handler(state, event, rules) if handler else (state, ())


def _stale(state: State, event: m.Event) -> bool:
    turn = getattr(event, "turn", None)
    if turn is None or isinstance(event, m.SpeechStopped):
        return False
    return turn == 0 or turn not in (state.turn, state.candidate)


def _silence(state: State) -> Commands:
    """Commands that end whatever is going on; cancelling comes first."""
    commands: list[m.Command] = [m.Cancel(state.last)]
    if state.mode in (Mode.THINKING, Mode.SPEAKING, Mode.HELD):
        commands.append(m.StopSpeech(state.turn))
    heard = state.candidate or (state.turn if state.mode is Mode.LISTENING else 0)
    if heard:
        commands.append(m.StopListening(heard))
    return tuple(commands)


def _idle(state: State) -> State:
    return replace(
        state,
        mode=Mode.IDLE,
        turn=0,
        candidate=0,
        question=False,
        quiet=False,
        again=False,
        deadline=None,
        nearly_stop=False,
        woken=None,
    )


def _listen(
    state: State,
    start: int,
    timeout: int,
    quiet: bool,
    woken: int | None = None,
    direction_deg: float | None = None,
    speaking: bool = False,
) -> Outcome:
    turn = state.last + 1
    following = replace(
        _idle(state), mode=Mode.LISTENING, turn=turn, last=turn, quiet=quiet, policy=Policy.OPEN
    )
    return following, (
        m.Recognise(turn, start, woken=woken),
        m.Listen(turn, start, timeout, speaking),
        m.Show("listening", direction_deg),
    )


# --- in any mode -----------------------------------------------------------------------------


def _wake(state: State, event: m.WakeHeard, rules: Rules) -> Outcome:
    if state.muted:
        return state, ()
    before = _silence(state) if state.mode is not Mode.IDLE else ()
    late = event == state.woken  # whoever goes on after the word has begun by now, or even ended
    following, commands = _listen(
        state, event.start, rules.address, False, event.at, event.direction_deg, late
    )
    cut = event.interrupted or state.interrupted
    return replace(following, interrupted=cut), before + commands


def _press(state: State, event: m.Pressed, rules: Rules) -> Outcome:
    if event.button == "repeat":
        return _say(state, event, rules, "repeat")
    if event.button == "explain":
        wanted = state.muted and state.mode is Mode.IDLE
        return _say(state, event, rules, "unmute") if wanted else (state, ())
    if state.mode is Mode.IDLE:
        if state.muted:
            return state, (m.Show("muted"),)
        return _listen(state, event.at, rules.address, quiet=False)
    cut = event.interrupted or state.interrupted
    return replace(_idle(state), interrupted=cut), _silence(state) + (m.Show("idle"),)


def _say(state: State, event: m.Pressed, rules: Rules, text: str) -> Outcome:
    """Answer the button with what a skill says to ``text``; nothing has to be heard for that."""
    following = replace(_thinking(state, event.at + rules.think), interrupted=None)
    turn = following.turn
    before = _silence(state) if state.mode is not Mode.IDLE else ()
    cut = event.interrupted or state.interrupted
    return following, before + (m.Respond(turn, text, cut), m.Show("thinking"))


def _mute(state: State, event: m.MuteSet, rules: Rules) -> Outcome:
    commands: Commands = (m.SetMute(event.on), m.Show("muted" if event.on else "idle"))
    if not event.on or state.mode not in (Mode.LISTENING, Mode.HELD):
        return replace(state, muted=event.on), commands
    return replace(_idle(state), muted=True), _silence(state) + commands


def _volume(state: State, event: m.VolumeSet, rules: Rules) -> Outcome:
    return state, (m.SetVolume(event.level),)


def _failed(state: State, event: m.AudioFailed, rules: Rules) -> Outcome:
    return _idle(state), (m.Cancel(state.last), m.Show("error"))


def _gone(state: State, event: m.DeviceGone, rules: Rules) -> Outcome:
    """Nobody can be heard; a reply stays where it is, the audio thread plays none of it."""
    if state.mode is Mode.LISTENING:
        return _idle(state), _silence(state) + (m.Show("idle"),)
    if state.woken is not None:  # the reply has been stopped
        heard = m.Cancel(state.last), m.StopListening(state.candidate)
        return _idle(state), heard + (m.Show("idle"),)
    if state.mode is Mode.HELD:
        state, commands = _go_on(state)
        return replace(state, interrupted=event.position), commands
    return replace(state, interrupted=event.position or state.interrupted), ()


def _back(state: State, event: m.DeviceBack, rules: Rules) -> Outcome:
    """Go on with the reply after a short outage; say what was wrong after a long one."""
    if state.mode is Mode.THINKING:
        return state, ()
    unheard = state.mode in (Mode.SPEAKING, Mode.HELD)
    if event.away < rules.outage:
        return replace(state, interrupted=None), (m.Resume(state.turn),) if unheard else ()
    cut = (state.interrupted or m.Position(state.turn, 0)) if unheard else None
    before = _silence(state) if state.mode is not Mode.IDLE else ()
    following = replace(_thinking(state, event.at + rules.think), interrupted=None)
    text = outage_text(event.cause, event.away, unheard)
    return following, before + (m.Say(following.turn, text, cut), m.Show("thinking"))


def _stopped(state: State, event: m.SpeechStopped, rules: Rules) -> Outcome:
    return replace(state, interrupted=event.position), ()


def _ready(state: State, event: m.SegmentReady, rules: Rules) -> Outcome:
    if event.turn != state.turn or state.mode not in (Mode.THINKING, Mode.SPEAKING, Mode.HELD):
        return state, ()
    play = m.Play(event.turn, event.segment, event.clip, event.last)
    if state.mode is Mode.THINKING:
        return replace(state, mode=Mode.SPEAKING, deadline=None), (play, m.Show("speaking"))
    return state, (play,)


def _thinking(state: State, deadline: int) -> State:
    """Return the state in which a turn of its own is worked on: nothing has to be heard for it."""
    turn = state.last + 1
    return replace(
        _idle(state),
        mode=Mode.THINKING,
        turn=turn,
        last=turn,
        policy=Policy.OPEN,
        deadline=deadline,
    )


def _announce(state: State, event: m.SayAsked, rules: Rules) -> Outcome:
    following = _thinking(state, event.at + rules.think)
    turn = following.turn
    return following, (m.Say(turn, event.text), m.Show("thinking"))


# --- listening -------------------------------------------------------------------------------


def _patience(state: State, event: m.Heard, rules: Rules) -> Commands:
    silence = rules.silence_unfinished if event.unfinished else rules.silence
    if event.settled or event.complete:
        silence = rules.silence_complete if event.complete else rules.silence_settled
    return (m.SetPatience(event.turn, silence),)


def _patience_over(event: m.Heard, rules: Rules) -> Commands:
    """How much silence ends what is said over a reply: little when it is a stop or nothing."""
    if event.nearly_stop:
        return (m.SetPatience(event.turn, rules.silence_stop),)
    if event.complete:
        return (m.SetPatience(event.turn, rules.silence_complete),)
    waits = event.text and not event.foreign and not event.own
    return (m.SetPatience(event.turn, rules.silence if waits else rules.silence_over),)


def _heard_more(state: State, event: m.Heard, rules: Rules) -> Outcome:
    return state, () if event.final else _patience(state, event, rules)


def _utterance_ended(state: State, event: m.SpeechEnded, rules: Rules) -> Outcome:
    following = replace(state, mode=Mode.THINKING, deadline=event.at + rules.think)
    return following, (m.Conclude(event.turn, event.end, event.voiced), m.Show("thinking"))


def _nothing_heard(state: State, event: m.NothingHeard, rules: Rules) -> Outcome:
    return _idle(state), (m.Cancel(event.turn), m.Show("idle"))


# --- thinking --------------------------------------------------------------------------------


def _understood(state: State, event: m.Heard, rules: Rules) -> Outcome:
    if not event.final:
        return state, ()
    if state.quiet and (not event.text or event.confidence < rules.sure):
        return _idle(state), (m.Cancel(event.turn), m.Show("idle"))
    if event.stop:
        respond = m.Respond(event.turn, event.text, state.interrupted, state.quiet)
        return state, (m.StopMedia(), respond)
    if not event.text and not state.again and not state.muted:
        ended = (state.deadline or 0) - rules.think
        following, commands = _listen(state, ended, rules.address, quiet=False)
        return replace(following, again=True), commands
    return state, (m.Respond(event.turn, event.text, state.interrupted, state.quiet),)


def _planned(state: State, event: m.ReplyPlanned, rules: Rules) -> Outcome:
    policy = rules.policy if event.policy is Policy.OPEN else event.policy
    following = replace(
        state, policy=policy, question=event.question, interrupted=None, quiet=False
    )
    return following, (m.Begin(event.turn, policy),)


def _no_reply(state: State, event: m.NoReply, rules: Rules) -> Outcome:
    return _idle(state), (m.Show("idle"),)


def _gave_up(state: State, event: m.Tick, rules: Rules) -> Outcome:
    if state.deadline is None or event.at < state.deadline:
        return state, ()
    return _idle(state), _silence(state) + (m.Show("error"),)


# --- speaking --------------------------------------------------------------------------------


def _suspected(state: State, event: m.SpeechSuspected, rules: Rules) -> Outcome:
    """Hold the reply; or, in IDLE, the media, which is turn 0 here and ends by a stop phrase."""
    if state.muted:
        return state, (m.Resume(state.turn),)
    candidate = state.last + 1
    following = replace(
        state,
        mode=Mode.HELD,
        candidate=candidate,
        last=candidate,
        interrupted=event.position if state.turn else state.interrupted,
        deadline=event.at + rules.doubt,
        held_at=event.at,
    )
    start, turn = max(0, event.onset - rules.pre_roll), state.turn
    quiet_from = event.at + rules.died_away
    listen = m.Listen(candidate, event.onset, rules.address, True, rules.silence_over)
    return following, (
        m.Recognise(candidate, start, turn, event.position, quiet_from),
        listen,
        m.Show("held"),
    )


def _finished(state: State, event: m.SpeechFinished, rules: Rules) -> Outcome:
    window = rules.question if state.question else rules.follow_up
    if window == 0 or state.muted:
        return _idle(state), (m.Show("idle"),)
    return _listen(state, event.at, window, quiet=not state.question)


def _cannot_go_on(state: State, event: m.NoReply, rules: Rules) -> Outcome:
    """The voice failed in the middle of a reply: its last segment will never come."""
    if event.turn != state.turn or state.woken is not None:
        return state, ()
    return _idle(state), _silence(state) + (m.Show("idle"),)


# --- held ------------------------------------------------------------------------------------


def _held_heard(state: State, event: m.Heard, rules: Rules) -> Outcome:
    if event.turn != state.candidate:
        return state, ()
    if event.stop:
        return _stop_phrase(state, event)
    if state.woken is not None and (event.final or not event.nearly_stop):
        return _wake(state, state.woken, rules)
    if not event.final:
        hopeful = event.text and not event.foreign and not event.own
        wait = rules.hold if hopeful else rules.doubt
        following = replace(state, deadline=state.held_at + wait, nearly_stop=event.nearly_stop)
        return following, _patience_over(event, rules)
    needed = rules.sure_short if len(event.text.split()) <= rules.short else rules.sure
    meant = event.command and not event.own and event.confidence >= needed
    if meant and state.turn and state.policy is Policy.OPEN:
        return _interrupted(state, event, rules)
    return _go_on(state)


def _held_wake(state: State, event: m.WakeHeard, rules: Rules) -> Outcome:
    """Listen for what follows; but what is a stop phrase so far may just resemble the wake word."""
    if not state.nearly_stop or state.woken is not None or state.muted:
        return _wake(state, event, rules)
    cut = event.interrupted or state.interrupted
    return replace(state, woken=event, interrupted=cut), (
        m.Cancel(state.turn),
        m.StopSpeech(state.turn),
        m.Listen(state.candidate, event.at, rules.address, True, rules.silence_stop),
    )


def _stop_phrase(state: State, event: m.Heard) -> Outcome:
    following = replace(_idle(state), interrupted=state.interrupted)
    return following, (
        m.Cancel(state.turn),
        m.StopSpeech(state.turn),
        m.StopMedia(),
        m.StopListening(event.turn),
        m.Respond(event.turn, event.text, state.interrupted, quiet=True),
        m.Show("idle"),
    )


def _interrupted(state: State, event: m.Heard, rules: Rules) -> Outcome:
    following = replace(
        _idle(state),
        mode=Mode.THINKING,
        turn=event.turn,
        quiet=True,
        deadline=None if state.deadline is None else state.deadline + rules.think,
    )
    return following, (
        m.Cancel(state.turn),
        m.StopSpeech(state.turn),
        m.Respond(event.turn, event.text, state.interrupted, quiet=True),
        m.Show("thinking"),
    )


def _go_on(state: State) -> Outcome:
    if not state.turn:
        commands = (m.StopListening(state.candidate), m.Resume(0), m.Show("idle"))
        return _idle(state), commands
    following = replace(
        state,
        mode=Mode.SPEAKING,
        candidate=0,
        deadline=None,
        interrupted=None,
        nearly_stop=False,
        woken=None,
    )
    return following, (
        m.StopListening(state.candidate),
        m.Resume(state.turn),
        m.Show("speaking"),
    )


def _held_ended(state: State, event: m.SpeechEnded, rules: Rules) -> Outcome:
    return state, (m.Conclude(event.turn, event.end, event.voiced),)


def _held_over(state: State, event: m.Event, rules: Rules) -> Outcome:
    return _go_on(state) if state.woken is None else _wake(state, state.woken, rules)


def _held_too_long(state: State, event: m.Tick, rules: Rules) -> Outcome:
    over = state.deadline is not None and event.at >= state.deadline
    return _held_over(state, event, rules) if over else (state, ())


def _finished_while_held(state: State, event: m.SpeechFinished, rules: Rules) -> Outcome:
    """The reply ended under the duck: what is being said is now simply the next utterance."""
    following = replace(
        _idle(state),
        mode=Mode.LISTENING,
        turn=state.candidate,
        quiet=not state.question,
        interrupted=None,
    )
    return following, (m.Show("listening"),)


Handler = Callable[[State, m.Event, Rules], Outcome]

_ANYWHERE: dict[type, Handler] = {
    m.WakeHeard: _wake,
    m.Pressed: _press,
    m.MuteSet: _mute,
    m.VolumeSet: _volume,
    m.DeviceGone: _gone,
    m.DeviceBack: _back,
    m.AudioFailed: _failed,
    m.SpeechStopped: _stopped,
    m.SegmentReady: _ready,
}

_HANDLERS: dict[tuple[Mode, type], Handler] = {
    (Mode.IDLE, m.SayAsked): _announce,
    (Mode.LISTENING, m.Heard): _heard_more,
    (Mode.LISTENING, m.SpeechEnded): _utterance_ended,
    (Mode.LISTENING, m.NothingHeard): _nothing_heard,
    (Mode.THINKING, m.Heard): _understood,
    (Mode.THINKING, m.ReplyPlanned): _planned,
    (Mode.THINKING, m.NoReply): _no_reply,
    (Mode.THINKING, m.Tick): _gave_up,
    (Mode.IDLE, m.SpeechSuspected): _suspected,
    (Mode.SPEAKING, m.SpeechSuspected): _suspected,
    (Mode.SPEAKING, m.SpeechFinished): _finished,
    (Mode.SPEAKING, m.NoReply): _cannot_go_on,
    (Mode.HELD, m.Heard): _held_heard,
    (Mode.HELD, m.WakeHeard): _held_wake,
    (Mode.HELD, m.SpeechEnded): _held_ended,
    (Mode.HELD, m.NothingHeard): _held_over,
    (Mode.HELD, m.HoldExpired): _held_over,
    (Mode.HELD, m.Tick): _held_too_long,
    (Mode.HELD, m.SpeechFinished): _finished_while_held,
    (Mode.HELD, m.NoReply): _cannot_go_on,
}
