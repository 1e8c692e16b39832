"""Every state meets every event: nothing raises, and the promises hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assistant import messages as m
from assistant.conversation import step
from assistant.messages import Policy, Position
from assistant.speech.voice import Clip
from assistant.state import Mode, Rules, State

RULES = Rules()
CLIP = Clip(np.zeros(16, np.float32))
AT = 1_000_000


def turns_of(state: State) -> tuple[int, ...]:
    """Every turn worth trying: the live ones, a stale one, and one never given out."""
    return tuple(sorted({state.turn, state.candidate, max(state.last - 1, 0), state.last + 7}))


def events_for(state: State) -> list[m.Event]:
    cut = Position(state.turn, 1, 2, 300)
    events: list[m.Event] = [
        m.WakeHeard(AT, AT - 100, "hey_jarvis", 0.9),
        m.WakeHeard(AT, AT - 100, "hey_jarvis", 0.9, cut),
        m.SpeechSuspected(AT, AT - 500, cut),
        m.Pressed(AT),
        m.Pressed(AT, interrupted=cut),
        m.Pressed(AT, "repeat", cut),
        m.HoldExpired(AT),
        m.AudioFailed(AT, "unplugged"),
        m.DeviceGone(AT, "unplugged"),
        m.DeviceGone(AT, "unplugged", cut),
        m.DeviceBack(AT, RULES.outage // 2, m.Cause.SILENT),
        m.DeviceBack(AT, RULES.outage * 2, m.Cause.UNPLUGGED),
        m.VolumeSet(0.5),
        m.Tick(AT),
        m.Tick(AT + RULES.think * 10),
        m.MuteSet(True),
        m.MuteSet(False),
    ]
    for turn in turns_of(state):
        events += [
            m.SpeechEnded(AT, turn, AT - 50),
            m.NothingHeard(AT, turn),
            m.SegmentStarted(AT, turn, 0),
            m.SpeechFinished(AT, turn),
            m.SpeechStopped(AT, turn, cut),
            m.ReplyPlanned(turn, ("yes",)),
            m.ReplyPlanned(turn, ("sure?",), Policy.CLOSED, question=True),
            m.SegmentReady(turn, 0, CLIP, last=True),
            m.NoReply(turn),
        ]
        for final in (False, True):
            events += [
                m.Heard(turn, "", final),
                m.Heard(turn, "stop", final, stop=True),
                m.Heard(turn, "add milk", final, command=True, complete=True),
                m.Heard(turn, "add", final, command=True),
                m.Heard(turn, "three things", final, own=True),
                m.Heard(turn, "uh huh", final),
                m.Heard(turn, "and the weather", final, foreign=True),
                m.Heard(turn, "stop", final, nearly_stop=True),
                m.Heard(turn, "add fish", final, command=True, confidence=0.3),
            ]
    return events


def shape(state: State) -> tuple:
    """The state without its absolute numbers, so that the walk is finite."""
    return (
        state.mode,
        (state.turn == 0, state.turn == state.last),
        (state.candidate == 0, state.candidate == state.last),
        state.policy,
        state.question,
        state.quiet,
        state.again,
        state.interrupted is None,
        state.deadline is None,
        state.muted,
        state.nearly_stop,
        state.woken is None,
    )


def walk() -> list[tuple[State, m.Event, State, tuple]]:
    """Return every transition reachable from the start."""
    seen, todo, transitions = {shape(State())}, [State()], []
    while todo:
        state = todo.pop()
        for event in events_for(state):
            following, commands = step(state, event, RULES)
            transitions.append((state, event, following, commands))
            if shape(following) not in seen:
                seen.add(shape(following))
                todo.append(following)
    return transitions


TRANSITIONS = walk()


def kinds(commands: tuple) -> list[type]:
    return [type(c) for c in commands]


def test_the_walk_reaches_every_mode():
    assert {s.mode for s, *_ in TRANSITIONS} == set(Mode)
    assert len({shape(s) for s, *_ in TRANSITIONS}) > 30


def test_stale_turns_change_nothing():
    checked = 0
    for state, event, following, commands in TRANSITIONS:
        turn = getattr(event, "turn", None)
        if turn is None or isinstance(event, m.SpeechStopped):
            continue
        if turn == 0 or turn not in (state.turn, state.candidate):
            assert (following, commands) == (state, ())
            checked += 1
    assert checked > 100


def test_an_interruption_cancels_first():
    for state, event, _following, commands in TRANSITIONS:
        if state.mode in (Mode.THINKING, Mode.SPEAKING, Mode.HELD) and isinstance(
            event, m.WakeHeard | m.Pressed
        ):
            if state.muted and isinstance(event, m.WakeHeard):
                continue
            assert isinstance(commands[0], m.Cancel), (state, event)
        if m.StopSpeech in kinds(commands):
            assert isinstance(commands[0], m.Cancel)


def test_muted_never_listens():
    for state, event, following, commands in TRANSITIONS:
        if state.muted and following.muted:
            assert not {m.Listen, m.Recognise} & set(kinds(commands)), (state, event)


def test_going_mute_ends_listening():
    for _state, event, following, _commands in TRANSITIONS:
        if event == m.MuteSet(True):
            assert following.mode not in (Mode.LISTENING, Mode.HELD)


def test_held_always_ends():
    late = m.Tick(AT + RULES.hold * 10)
    for state, *_ in TRANSITIONS:
        if state.mode is Mode.HELD:
            assert state.deadline is not None
            assert step(state, late, RULES)[0].mode is not Mode.HELD
            assert step(state, m.HoldExpired(AT), RULES)[0].mode is not Mode.HELD


def test_what_may_be_a_stop_or_the_wake_word_is_forgotten_with_the_hold():
    for state, event, following, _commands in TRANSITIONS:
        if following.mode is not Mode.HELD:
            assert not following.nearly_stop and following.woken is None, (state, event)


def test_a_voice_that_fails_loses_no_wake_word(speaking):
    heard = m.Heard(2, "stop", False, nearly_stop=True)
    state, _ = tell(held(speaking), heard, wake_at(4000), m.NoReply(1))
    assert tell(state, m.Heard(2, "", True))[0].mode is Mode.LISTENING


def test_leaving_held_resumes_or_stops_the_reply():
    for state, event, following, commands in TRANSITIONS:
        if state.mode is Mode.HELD and following.mode is not Mode.HELD:
            ended = isinstance(event, m.SpeechFinished | m.AudioFailed) or state.woken is not None
            assert ended or {m.Resume, m.StopSpeech} & set(kinds(commands)), (state, event)


def test_every_deadline_ends_a_wait():
    for state, *_ in TRANSITIONS:
        if state.mode is Mode.THINKING:
            assert state.deadline is not None
            assert step(state, m.Tick(state.deadline), RULES)[0].mode is Mode.IDLE


def test_turns_only_grow_and_a_turn_is_answered_once():
    for state, event, following, commands in TRANSITIONS:
        assert following.last >= state.last
        assert kinds(commands).count(m.Respond) <= 1, (state, event)
        for command in commands:
            if isinstance(command, m.Listen) and following.woken is not None:
                assert command.turn == state.candidate  # still the same utterance
            elif isinstance(command, m.Recognise | m.Listen):
                assert command.turn == following.last > state.last


def test_only_an_open_reply_yields_to_plain_speech():
    for state, event, following, _commands in TRANSITIONS:
        if state.mode is not Mode.HELD or not isinstance(event, m.Heard) or event.stop:
            continue
        if state.woken is not None:
            continue
        if state.policy is not Policy.OPEN or not event.command or event.own:
            still = (Mode.HELD, Mode.SPEAKING if state.turn else Mode.IDLE)
            assert following.mode in still, (state, event)


def test_over_media_only_a_stop_phrase_counts():
    for state, event, following, commands in TRANSITIONS:
        if state.mode is not Mode.HELD or state.turn or not isinstance(event, m.Heard):
            continue
        if state.woken is not None and not event.stop:
            continue
        assert m.StopMedia in kinds(commands) or not event.stop or event.turn != state.candidate
        if not event.stop:
            assert m.Respond not in kinds(commands) and m.StopMedia not in kinds(commands)
            assert following.mode in (Mode.HELD, Mode.IDLE)


def test_a_stop_phrase_ends_every_reply():
    for state, event, following, commands in TRANSITIONS:
        if (
            state.mode is Mode.HELD
            and isinstance(event, m.Heard)
            and event.stop
            and event.turn == state.candidate
        ):
            assert following.mode is Mode.IDLE
            assert m.StopSpeech(state.turn) in commands


# --- a few conversations, told in full -------------------------------------------------------


def tell(state: State, *events: m.Event) -> tuple[State, list]:
    said: list = []
    for event in events:
        state, commands = step(state, event, RULES)
        said += commands
    return state, said


def held(state: State) -> State:
    return tell(state, m.SpeechSuspected(3000, 2900, Position(1, 0)))[0]


def wake_at(at: int) -> m.WakeHeard:
    return m.WakeHeard(at, at - 100, "hey_jarvis", 0.45)


def test_what_no_sentence_begins_with_is_not_waited_for(speaking):
    state, said = tell(held(speaking), m.Heard(2, "and the weather", False, foreign=True))
    assert said == [m.SetPatience(2, RULES.silence_over)]
    assert step(state, m.Tick(3000 + RULES.doubt), RULES)[0].mode is Mode.SPEAKING
    state, said = tell(state, m.Heard(2, "remove the", False))
    assert said == [m.SetPatience(2, RULES.silence)]
    assert step(state, m.Tick(3000 + RULES.doubt), RULES)[0].mode is Mode.HELD
    assert step(state, m.Tick(3000 + RULES.hold), RULES)[0].mode is Mode.SPEAKING


def test_what_sounds_like_a_stop_is_concluded_at_the_first_pause(speaking):
    said = tell(held(speaking), m.Heard(2, "stop", False, complete=True, nearly_stop=True))[1]
    assert said == [m.SetPatience(2, RULES.silence_stop)]


@pytest.mark.parametrize("turn", [0, 1])
def test_a_stop_that_resembles_the_wake_word_stops_all_the_same(speaking, turn):
    """To the wake word's network "stop" is now and then a weak "hey jarvis"."""
    state = held(speaking if turn else State())
    heard, woken = m.Heard(turn + 1, "stop", False, nearly_stop=True), wake_at(4000)
    state, said = tell(state, heard, woken)
    goes_on = m.Listen(turn + 1, 4000, RULES.address, True, RULES.silence_stop)
    assert said[1:] == [m.Cancel(turn), m.StopSpeech(turn), goes_on]
    state, said = tell(state, m.Heard(turn + 1, "stop", True, stop=True))
    assert state.mode is Mode.IDLE and m.StopMedia() in said


@pytest.mark.parametrize(
    "end",
    [
        *(m.Heard(2, "", True), m.Heard(2, "hey jarvis what", False)),
        *(m.NothingHeard(9000, 2), m.Tick(10**6), wake_at(9000)),
    ],
)
def test_a_wake_word_that_resembles_a_stop_wakes_all_the_same(speaking, end):
    heard = m.Heard(2, "stop", False, nearly_stop=True)
    state, said = tell(held(speaking), heard, wake_at(4000), end)
    assert state.mode is Mode.LISTENING and m.StopListening(2) in said
    again = isinstance(end, m.WakeHeard)
    woken = end if again else wake_at(4000)
    assert m.Recognise(3, woken.start, woken=woken.at) in said
    assert m.Listen(3, woken.start, RULES.address, speaking=not again) in said


def test_music_is_ducked_for_chatter_and_comes_back():
    suspected = m.SpeechSuspected(3000, 2900)
    state, said = tell(State(), suspected)
    assert state.mode is Mode.HELD and state.turn == 0 and said[0].over_speech == 0
    state, said = tell(state, m.SpeechEnded(9000, 1, 8000), m.Heard(1, "add milk", True))
    assert state.mode is Mode.IDLE and said[-3:-1] == [m.StopListening(1), m.Resume(0)]


def test_stop_ends_the_music_said_over_it_or_after_the_wake_word():
    heard = m.Heard(1, "stop", True, stop=True)
    said = tell(State(), m.SpeechSuspected(3000, 2900), m.SpeechEnded(9000, 1, 8000), heard)[1]
    assert m.StopMedia() in said
    woken = m.WakeHeard(1000, 900, "hey_jarvis", 0.9)
    said = tell(State(), woken, m.SpeechEnded(2000, 1, 1900), heard)[1]
    assert m.StopMedia() in said and said[-1] == m.Respond(1, "stop", None, False)


@pytest.fixture
def speaking() -> State:
    state, _ = tell(
        State(),
        m.WakeHeard(1000, 900, "hey_jarvis", 0.9),
        m.SpeechEnded(2000, 1, 1900),
        m.Heard(1, "what's on my shopping list", True, command=True),
        m.ReplyPlanned(1, ("You have", "milk", "eggs")),
        m.SegmentReady(1, 0, CLIP, False),
    )
    assert state.mode is Mode.SPEAKING
    return state


def test_a_cough_resumes(speaking):
    state, said = tell(
        speaking,
        m.SpeechSuspected(3000, 2900, Position(1, 0)),
        m.SpeechEnded(5000, 2, 3100),
        m.Heard(2, "", True),
    )
    assert state.mode is Mode.SPEAKING and said[-2:] == [m.Resume(1), m.Show("speaking")]


def test_a_command_over_the_reply_replaces_it_and_knows_the_item(speaking):
    cut = Position(1, 1, 0, 40)
    state, said = tell(
        speaking,
        m.SpeechSuspected(3000, 2900, cut),
        m.SpeechEnded(9000, 2, 8000),
        m.Heard(2, "remove that one", True, command=True),
    )
    assert (state.mode, state.turn) == (Mode.THINKING, 2)
    assert m.Respond(2, "remove that one", cut, quiet=True) in said


def test_a_clatter_that_resembles_a_command_resumes(speaking):
    state, said = tell(
        speaking,
        m.SpeechSuspected(3000, 2900, Position(1, 0)),
        m.Heard(2, "add fish", True, command=True, confidence=0.44),
    )
    assert state.mode is Mode.SPEAKING and m.Resume(1) in said


def test_the_owner_may_ask_that_only_the_wake_word_interrupts():
    rules = replace(RULES, policy=Policy.WAKE)
    thinking = State(mode=Mode.THINKING, turn=1, last=1, deadline=AT)
    assert step(thinking, m.ReplyPlanned(1, ("yes",)), rules)[1] == (m.Begin(1, Policy.WAKE),)
    closed = m.ReplyPlanned(1, ("sure?",), Policy.CLOSED)
    assert step(thinking, closed, rules)[1] == (m.Begin(1, Policy.CLOSED),)


@pytest.mark.parametrize(
    ("said", "confidence", "obeyed"),
    [("help me", 0.9, False), ("help me", 0.95, True), ("add more milk", 0.9, True)],
)
def test_a_short_command_over_the_reply_must_be_surer(speaking, said, confidence, obeyed):
    """Somebody's "mm" was "help me" with 0.90."""
    heard = m.Heard(2, said, True, command=True, confidence=confidence)
    state, commands = tell(speaking, m.SpeechSuspected(3000, 2900), heard)
    assert (m.StopSpeech(1) in commands) == obeyed
    assert state.mode is (Mode.THINKING if obeyed else Mode.SPEAKING)


def test_segments_that_arrive_while_held_are_played_after_the_resume(speaking):
    state, said = tell(
        speaking,
        m.SpeechSuspected(3000, 2900, None),
        m.SegmentReady(1, 1, CLIP, True),
        m.NothingHeard(4000, 2),
    )
    assert said.index(m.Resume(1)) > [type(c) for c in said].index(m.Play)
    assert state.candidate == 0


def test_the_name_alone_keeps_it_listening_and_only_then_it_apologises():
    state, said = tell(
        State(),
        m.WakeHeard(1000, 900, "alexa", 0.9),
        m.SpeechEnded(20_000, 1, 1900),
        m.Heard(1, "", True),
    )
    assert state.mode is Mode.LISTENING
    assert m.Listen(2, 20_000, RULES.address) in said
    state, said = tell(state, m.SpeechEnded(60_000, 2, 50_000), m.Heard(2, "", True))
    assert said[-1] == m.Respond(2, "", None, False)


def test_a_question_opens_the_microphone():
    state, said = tell(
        State(mode=Mode.THINKING, turn=1, last=1, deadline=AT),
        m.ReplyPlanned(1, ("Clear the list?",), Policy.CLOSED, question=True),
        m.SegmentReady(1, 0, CLIP, True),
        m.SpeechFinished(5000, 1),
    )
    assert state.mode is Mode.LISTENING and not state.quiet
    assert m.Listen(2, 5000, RULES.question) in said


def test_no_follow_up_when_it_is_switched_off(speaking):
    state, _ = step(speaking, m.SpeechFinished(5000, 1), replace(RULES, follow_up=0))
    assert state.mode is Mode.IDLE


# --- a sound card that goes away -------------------------------------------------------------


def test_without_a_card_nobody_is_listened_to():
    for state, event, following, commands in TRANSITIONS:
        if isinstance(event, m.DeviceGone):
            assert following.mode not in (Mode.LISTENING, Mode.HELD)
            assert not {m.Listen, m.Recognise, m.StopSpeech, m.Respond} & set(kinds(commands))
            assert following.muted == state.muted and following.turn in (0, state.turn)


def test_a_reply_goes_on_after_a_short_outage_and_is_given_up_after_a_long_one():
    checked = 0
    for state, event, following, commands in TRANSITIONS:
        if not isinstance(event, m.DeviceBack) or state.mode not in (Mode.SPEAKING, Mode.HELD):
            continue
        checked += 1
        if event.away < RULES.outage:
            assert m.Resume(state.turn) in commands and following.mode is state.mode
            continue
        assert kinds(commands)[:2] == [m.Cancel, m.StopSpeech]
        (said,) = [c for c in commands if isinstance(c, m.Say)]
        assert "unplugged for 20 seconds" in said.text and "go on" in said.text
        assert said.interrupted.turn == state.turn or said.interrupted == state.interrupted
        assert following.mode is Mode.THINKING and following.turn == said.turn > state.turn
    assert checked > 4


def test_an_answer_that_is_being_made_outlives_any_outage():
    for state, event, following, commands in TRANSITIONS:
        if state.mode is Mode.THINKING and isinstance(event, m.DeviceBack | m.DeviceGone):
            assert following.mode is Mode.THINKING and following.turn == state.turn
            assert commands == ()


def test_it_says_nothing_of_an_outage_that_nobody_noticed():
    state, commands = step(State(), m.DeviceBack(AT, RULES.outage - 1, m.Cause.SILENT), RULES)
    assert (state, commands) == (State(), ())
    _, commands = step(State(), m.DeviceBack(AT, RULES.outage, m.Cause.BUSY), RULES)
    (said,) = [c for c in commands if isinstance(c, m.Say)]
    assert said.text == "My sound card was used by another program for 10 seconds."
    assert said.interrupted is None
