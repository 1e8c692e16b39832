"""The worker with the engines it ships with: what it hears, does and says, and what it survives."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from assistant import messages as m
from assistant.audio.capture import CaptureRing
from assistant.audio.format import HOP, samples
from assistant.errors import AssistantError
from assistant.loop import Channels, MainLoop
from assistant.room.people import speak, trim
from assistant.settings import Settings, with_overrides
from assistant.skill import Reply, Segment
from assistant.speech.engines import open_recogniser, open_voice
from assistant.speech.hearing import PRE_ROLL
from assistant.speech.recogniser import HeardWord, Transcript
from assistant.speech.voice import Clip
from assistant.speech.worker import APOLOGY, COMMA, TRAILING, Worker
from assistant.state import Mode, State
from tests.talking import Talk, shipped

SPEECH = with_overrides(
    Settings(), {"speech.recogniser": "vosk-household", "speech.voice": "espeak:en-us+f3"}
).speech
LAG = samples(0.18)  # a wake word's hit comes about so long after its end
CAPTURED_EVERY = 4 * HOP


@pytest.fixture(scope="module")
def recogniser():
    understanding = shipped()
    opened, _ = open_recogniser(SPEECH, understanding.grammar(), understanding.vocabulary())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def voice():
    opened, _ = open_voice(SPEECH)
    yield opened
    opened.close()


PARTIALS = ("the soup is on the stove", "add milk to", "stop")


class Counting:
    """A voice that passes everything on and keeps what it was asked to say."""

    def __init__(self, voice) -> None:
        self.name, self._voice, self.asked = voice.name, voice, []

    def speak(self, text: str) -> Clip:
        self.asked.append(text)
        return self._voice.speak(text)

    def close(self) -> None:
        """The fixture's voice outlives it."""


class Failing(Counting):
    """A voice that raises what it is given, one error a call, and then works again."""

    def __init__(self, voice, *errors: Exception) -> None:
        super().__init__(voice)
        self.errors = list(errors)

    def speak(self, text: str) -> Clip:
        if self.errors:
            raise self.errors.pop(0)
        return super().speak(text)


class Watched:
    """A recogniser whose ``where`` ("open", "feed" or "finish") may raise once, and then works.

    It counts the samples it is fed.
    """

    def __init__(self, recogniser, where: str = "", error: Exception | None = None) -> None:
        self.name, self.clear = recogniser.name, recogniser.clear
        self.overconfident = recogniser.overconfident
        self._recogniser = recogniser
        self.where, self.error, self.fed = where, error, 0

    def fail_once(self, where: str) -> None:
        if self.where == where and self.error is not None:
            error, self.error = self.error, None
            raise error

    def open(self, phrases=None):
        self.fail_once("open")
        return _Watched(self, self._recogniser.open(phrases))

    def close(self) -> None:
        """The fixture's recogniser outlives it."""


class _Watched:
    def __init__(self, owner: Watched, stream) -> None:
        self._owner, self._stream = owner, stream

    def feed(self, sound: np.ndarray) -> str:
        self._owner.fail_once("feed")
        self._owner.fed += sound.size
        return self._stream.feed(sound)

    def finish(self) -> Transcript:
        self._owner.fail_once("finish")
        return self._stream.finish()

    def close(self) -> None:
        self._stream.close()


@cache
def _spoken(text: str) -> Clip:
    voice, _ = open_voice(SPEECH)
    try:
        return voice.speak(text)
    finally:
        voice.close()


@dataclass
class Desk:
    """A worker at its desk: a room's sound in the ring, commands in, events out."""

    talk: Talk
    recogniser: object
    voice: object
    channels: Channels = field(default_factory=Channels)
    ring: CaptureRing = field(default_factory=CaptureRing)

    def __post_init__(self) -> None:
        self.worker = Worker(
            self.channels,
            self.ring,
            self.recogniser,
            self.talk.dialogue,
            self.voice,
            shipped().stop_phrases(),
        )

    def do(self, command: m.WorkerCommand) -> list[m.Event]:
        return list(self.worker.handle(command))

    def sound(self, x: np.ndarray) -> list[m.Event]:
        """Let the microphone hear ``x``, telling the worker as often as the audio thread does."""
        events = []
        for hop in np.pad(x, (0, -len(x) % HOP)).astype(np.float32).reshape(-1, HOP):
            self.ring.write(hop)
            if self.ring.position % CAPTURED_EVERY == 0:
                events += self.do(m.Captured(self.ring.position))
        return events

    def hear(self, text: str, turn: int = 1, **recognise) -> list[m.Event]:
        """Say ``text`` to it as the utterance ``turn``; return every event."""
        clip = _spoken(text)
        self.sound(quiet(0.3))
        events = self.do(m.Recognise(turn, self.ring.position, **recognise))
        return events + self._utter(0.3 * clip.samples, turn)

    def hear_in_one_breath(self, text: str, turn: int = 1, until: int = 1) -> list[m.Event]:
        """Say ``text``, a wake word of two words and a command; listen from its middle on.

        The wake word is certain shortly after the word number ``until`` ended.
        """
        clip = _spoken(text)
        begin = self.ring.position
        name = clip.words[1]
        middle = (name.start + name.end) // 2
        woken = begin + clip.words[until].end + LAG
        events = self.do(m.Recognise(turn, begin + middle, woken=woken))
        return events + self._utter(0.3 * clip.samples, turn)

    def _utter(self, speech: np.ndarray, turn: int, voiced: int | None = None) -> list[m.Event]:
        """Let ``speech`` sound; voice activity saw ``voiced`` samples of it, or all."""
        begin = self.ring.position
        events = self.sound(speech)
        end = begin + (len(speech) if voiced is None else voiced)
        events += self.sound(quiet(0.4))
        return events + self.do(m.Conclude(turn, end))

    def stored(self) -> str:
        return self.talk.dialogue.respond("what's on my shopping list").text


def quiet(duration_s: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return 1e-4 * rng.standard_normal(samples(duration_s)).astype(np.float32)


def final(events: list[m.Event]) -> m.Heard:
    """Return the one final transcript, which must come last."""
    heard = [e for e in events if isinstance(e, m.Heard)]
    assert [h.final for h in heard] == [False] * (len(heard) - 1) + [True]
    assert events[-1] is heard[-1]
    return heard[-1]


@pytest.fixture
def desk(tmp_path, recogniser, voice):
    talk = Talk(tmp_path / "assistant.db")
    yield Desk(talk, recogniser, Counting(voice))
    talk.store.close()


# --- hearing ---------------------------------------------------------------------------------


def test_a_command_is_heard_while_it_is_said_and_when_it_ended(desk):
    events = desk.hear("add milk and eggs to my shopping list")
    heard = final(events)
    assert heard.text == "add milk and eggs to my shopping list"
    assert heard.command and heard.complete and heard.confidence > 0.8
    partials = [e.text for e in events[:-1]]
    assert len(partials) >= 3 and len(set(partials)) == len(partials)
    assert "add milk" in partials


@pytest.mark.parametrize("end", [16_000, 16_000 + 1599])
def test_every_sample_until_a_little_behind_the_end_is_heard_once(tmp_path, recogniser, voice, end):
    desk = Desk(Talk(tmp_path / "assistant.db"), Watched(recogniser), voice)
    desk.do(m.Recognise(1, 1000))
    for until in (8000, 12_001):
        for _ in range(60):
            desk.ring.write(np.zeros(HOP, np.float32))
        desk.do(m.Captured(until))
    desk.do(m.Conclude(1, end))
    assert desk.recogniser.fed == end + TRAILING - 1000
    desk.talk.store.close()


def test_the_end_of_a_sentence_still_in_the_ring_is_not_missed(desk):
    """Nobody said Captured about the last blocks before Conclude."""
    clip = _spoken("what time is it")
    desk.do(m.Recognise(1, 0))
    for hop in np.pad(0.3 * clip.samples, (0, -len(clip.samples) % HOP + 8 * HOP)).reshape(-1, HOP):
        desk.ring.write(hop.astype(np.float32))
    assert final(desk.do(m.Conclude(1, len(clip.samples)))).text == "what time is it"


def test_what_is_not_a_command_is_not_called_one(desk):
    heard = final(desk.hear("the list of eggs is two"))
    assert heard.text and not heard.command and not heard.stop


def test_the_tail_of_the_wake_word_is_dropped(desk):
    heard = final(desk.hear_in_one_breath("hey jarvis, add milk"))
    assert (heard.text, heard.command) == ("add milk", True)


def test_a_tail_is_kept_where_no_wake_word_was(desk):
    clip = _spoken("hey jarvis, add milk")
    name = clip.words[1]
    desk.do(m.Recognise(1, (name.start + name.end) // 2))
    assert final(desk._utter(0.3 * clip.samples, 1)).text == "this add milk"


def test_a_negation_is_not_taken_for_the_tail(desk):
    heard = final(desk.hear_in_one_breath("hey jarvis, never clear my list", until=2))
    assert heard.text.endswith("never clear my list") and not heard.command


@pytest.mark.parametrize("name", ["hey jarvis", "hey jarvis!"])
def test_the_name_alone_is_nothing_said(desk, name):
    assert final(desk.hear_in_one_breath(name)).text == ""


def test_a_short_command_behind_the_name_is_not_lost(desk):
    assert final(desk.hear_in_one_breath("hey jarvis, louder")).text == "louder"


# --- over its own speech ---------------------------------------------------------------------


@pytest.mark.parametrize("phrase", ["stop", "never mind", "be quiet"])
def test_a_stop_phrase_over_a_reply(desk, phrase):
    heard = final(desk.hear(phrase, turn=2, over_speech=1))
    assert heard.stop and heard.text == phrase


@pytest.mark.parametrize("sentence", ["add milk to my shopping list", "what time is it"])
def test_another_sentence_over_a_reply_is_no_stop(desk, sentence):
    events = desk.hear(sentence, turn=2, over_speech=1)
    assert not any(e.stop for e in events)
    assert final(events).command


@pytest.mark.parametrize("text, command", [
    ("add nails to the shopping list", True),
    ("add three hours and then the lights went out and nobody", False),
    ("add milk", True),
    ("add back", False),
])  # fmt: skip
def test_over_a_reply_a_thing_nobody_knows_needs_a_sentence_with_an_end(desk, text, command):
    hearing = SimpleNamespace(turn=2, over_speech=1, stopped=False, nearly_stop=False)
    assert desk.worker._heard(hearing, text, final=True).command is command


def test_a_stop_phrase_the_reply_was_just_saying_needs_somebody_who_goes_on(desk):
    desk.talk.say("add milk and a stop sign")
    planned = desk.do(m.Respond(1, "what's on my shopping list"))
    said = [e for e in planned if isinstance(e, m.SegmentReady)]
    ready, named = next((e, w) for e in said for w in e.clip.words if w.text.startswith("stop"))
    there = m.Position(1, ready.segment, sample=named.start)
    elsewhere = m.Position(1, 0, sample=0)
    never, at_once = 10**9, 0
    stops = {}
    for turn, (where, quiet_from) in enumerate(
        ((there, never), (there, at_once), (elsewhere, never)), start=2
    ):
        how = {"over_speech": 1, "position": where, "quiet_from": quiet_from}
        stops[turn] = any(e.stop for e in desk.hear("stop", turn=turn, **how))
    assert stops == {2: False, 3: True, 4: True}


def test_what_cannot_become_a_command_is_foreign(desk):
    heard = {t: desk.hear(t, turn=i, over_speech=1) for i, t in enumerate(PARTIALS, start=2)}
    foreign = {t: final(events).foreign for t, events in heard.items()}
    assert foreign == dict(zip(PARTIALS, (True, False, False), strict=True))


def test_a_word_that_only_resembles_a_stop_phrase_is_none(desk):
    """Alone, the spotter takes it for "quiet"; the other stream knows better."""
    events = desk.hear("quite", turn=2, over_speech=1)
    assert final(events).text == "quite" and not any(e.stop for e in events)


def test_a_sound_without_a_voice_is_no_stop_whatever_it_resembles(desk):
    desk.sound(quiet(0.3))
    desk.do(m.Recognise(2, desk.ring.position, over_speech=1))
    events = desk._utter(0.3 * _spoken("stop").samples[: samples(0.35)], 2, voiced=PRE_ROLL)
    assert not final(events).stop


def test_a_sure_stop_needs_no_more_than_a_glimpse_of_a_voice(desk):
    """The first half of a "stop" drowns in the reply's first second."""
    desk.sound(quiet(0.3))
    desk.do(m.Recognise(2, desk.ring.position, over_speech=1))
    events = desk._utter(
        0.3 * _spoken("stop").samples[: samples(0.45)], 2, voiced=PRE_ROLL + samples(0.07)
    )
    assert final(events).stop


@pytest.mark.parametrize("named", [False, True])
def test_a_listeners_sound_is_no_command_unless_the_name_was_said(desk, named):
    """Somebody's "ugh" is "again" with confidence 1, at this one pace."""
    desk.sound(quiet(1.0))
    woken = desk.ring.position - samples(0.5) if named else None
    desk.do(m.Recognise(2, desk.ring.position - PRE_ROLL, over_speech=1, woken=woken))
    heard = final(desk._utter(0.3 * trim(speak("en-us+f5", "ugh")), 2))
    assert (heard.text, heard.command) == ("again", named)


@pytest.mark.parametrize("said", ["again", "next", "undo", "add milk"])
def test_a_short_command_over_a_reply_is_one(desk, said):
    assert final(desk.hear(said, turn=2, over_speech=1)).command


@pytest.mark.parametrize(("name", "meant"), [("hey jarvis", True), ("computer", False)])
def test_a_greeting_over_a_reply_is_a_command_to_its_own_name_only(desk, monkeypatch, name, meant):
    """Somebody's "I see" was "hey rhasspy"."""
    monkeypatch.setattr(desk.worker, "wake_word", name)
    desk.do(m.Respond(1, "what's on my shopping list"))
    heard = final(desk.hear("hey jarvis", turn=2, over_speech=1))
    assert (heard.text, heard.command) == ("hey jarvis", meant)


def test_a_stop_phrase_in_silence_is_one_too(desk):
    heard = final(desk.hear("stop"))
    assert heard.stop and heard.text == "stop"
    assert desk.do(m.Respond(1, heard.text)) == [m.NoReply(1)]


def test_the_words_of_the_reply_are_its_own(desk):
    desk.talk.say("add milk, eggs and bread")
    desk.do(m.Respond(1, "what's on my shopping list"))
    assert final(desk.hear("eggs", turn=2, over_speech=1)).own
    assert not final(desk.hear("rice", turn=3, over_speech=1)).own
    assert not final(desk.hear("eggs", turn=4)).own


# --- answering -------------------------------------------------------------------------------


def test_a_spoken_command_is_done_and_answered(desk):
    heard = final(desk.hear("add milk and eggs to my shopping list"))
    planned, *segments = desk.do(m.Respond(1, heard.text))
    assert planned == m.ReplyPlanned(1, ("Added milk and eggs.",))
    assert [(s.segment, s.last) for s in segments] == [(0, True)]
    words = [w.text.strip(".").lower() for w in segments[0].clip.words]
    assert words == ["added", "milk", "and", "eggs"]
    assert desk.stored() == "You have two things: milk and eggs."


def test_a_reply_is_planned_first_and_spoken_in_order(desk):
    desk.talk.say("add milk, eggs, bread and rice")
    planned, *segments = desk.do(m.Respond(1, "what's on my shopping list"))
    assert isinstance(planned, m.ReplyPlanned) and len(planned.texts) == 5
    assert [s.segment for s in segments] == [0, 1, 2, 3, 4]
    assert [s.last for s in segments] == [False] * 4 + [True]
    assert all(s.turn == 1 and s.clip.samples.size for s in segments)
    assert desk.voice.asked == list(planned.texts)


def test_the_first_segment_does_not_wait_for_the_others(desk):
    desk.talk.say("add milk, eggs, bread and rice")
    events = desk.worker.handle(m.Respond(1, "what's on my shopping list"))
    assert isinstance(next(events), m.ReplyPlanned) and desk.voice.asked == []
    for done in (1, 2):
        assert isinstance(next(events), m.SegmentReady) and len(desk.voice.asked) == done


def test_a_turn_cancelled_meanwhile_says_no_more(desk):
    desk.talk.say("add milk, eggs, bread and rice")
    events = desk.worker.handle(m.Respond(1, "what's on my shopping list"))
    assert isinstance(next(events), m.ReplyPlanned)
    assert isinstance(next(events), m.SegmentReady)
    desk.channels.cancelled = 1
    assert list(events) == [] and len(desk.voice.asked) == 1


def test_a_turn_cancelled_before_it_is_planned_is_not_spoken(desk):
    desk.channels.cancelled = 1
    planned = desk.do(m.Respond(1, "what time is it"))
    assert [type(e) for e in planned] == [m.ReplyPlanned] and desk.voice.asked == []


def test_the_turn_behind_a_cancelled_one_is_answered(desk):
    desk.channels.cancelled = 1
    assert desk.do(m.Respond(2, "what time is it"))[-1].last


# --- stale turns -----------------------------------------------------------------------------


def test_a_cancelled_utterance_is_not_opened(desk):
    desk.channels.cancelled = 1
    assert desk.hear("what time is it") == []


def test_cancel_drops_the_utterance_being_heard(desk):
    desk.do(m.Recognise(1, 0))
    desk.do(m.Cancel(1))
    desk.channels.cancelled = 1
    assert desk._utter(_spoken("what time is it").samples, 1) == []


def test_cancelling_an_older_turn_leaves_the_newer_one(desk):
    start = desk.ring.position
    desk.do(m.Recognise(2, start))
    desk.do(m.Cancel(1))
    heard = final(desk._utter(0.3 * _spoken("what time is it").samples, 2))
    assert (heard.turn, heard.text) == (2, "what time is it")


def test_a_new_utterance_replaces_the_old_one(desk):
    desk.do(m.Recognise(1, 0))
    assert {e.turn for e in desk.hear("what time is it", turn=2)} == {2}


# --- engines that fail -----------------------------------------------------------------------

ERRORS = [AssistantError("the engine is out of sorts"), RuntimeError("a bug")]


def answers(desk: Desk) -> bool:
    """Return whether the next command is heard, done and answered."""
    heard = final(desk.hear("add rice to my shopping list", turn=9))
    reply = desk.do(m.Respond(9, heard.text))
    return reply[0].texts == ("Added rice.",) and reply[-1].last


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_a_voice_that_fails_once_costs_an_apology(tmp_path, recogniser, voice, error):
    desk = Desk(Talk(tmp_path / "assistant.db"), recogniser, Failing(voice, error))
    events = desk.do(m.Respond(1, "what time is it"))
    assert events[-2].texts == (APOLOGY,) and events[-1].last and events[-1].clip.samples.size
    assert answers(desk)
    desk.talk.store.close()


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_a_voice_that_keeps_failing_costs_the_reply(tmp_path, recogniser, voice, error):
    desk = Desk(Talk(tmp_path / "assistant.db"), recogniser, Failing(voice, error, error))
    assert desk.do(m.Respond(1, "what time is it"))[-1] == m.NoReply(1)
    assert answers(desk)
    desk.talk.store.close()


def test_a_voice_that_fails_for_good_in_mid_reply_ends_the_reply(tmp_path, recogniser, voice):
    class Breaking(Counting):
        def speak(self, text: str) -> Clip:
            if self.asked:
                raise RuntimeError("the voice broke")
            return super().speak(text)

    desk = Desk(Talk(tmp_path / "assistant.db"), recogniser, Breaking(voice))
    desk.talk.say("add milk, eggs, bread and rice")
    main = MainLoop(desk.channels, lambda: desk.ring.position)
    main.state = State(Mode.THINKING, turn=1, last=1)
    for event in desk.worker.handle(m.Respond(1, "what's on my shopping list")):
        main.handle(event)
    assert main.mode is Mode.IDLE
    assert [type(c) for c in desk.channels.audio] == [m.Begin, m.Play, m.StopSpeech]
    desk.talk.store.close()


@pytest.mark.parametrize("where", ["open", "feed", "finish"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_a_recogniser_that_fails_heard_nothing(tmp_path, recogniser, voice, where, error):
    desk = Desk(Talk(tmp_path / "assistant.db"), Watched(recogniser, where, error), voice)
    heard = final(desk.hear("what time is it"))
    assert (heard.turn, heard.text, heard.command) == (1, "", False)
    assert answers(desk)
    desk.talk.store.close()


# --- the sound of a reply --------------------------------------------------------------------


def test_between_its_parts_it_pauses_but_not_at_the_end(desk):
    desk.worker._pause = 800
    reply = Reply((Segment("Two things:"), Segment("milk,", item=1), Segment("and eggs.", item=2)))
    _, *ready = desk.worker._say(1, reply)
    silent = [np.flatnonzero(e.clip.samples[::-1])[0] for e in ready]
    spoken = [np.flatnonzero(desk.voice.speak(t).samples[::-1])[0] for t in list(desk.voice.asked)]
    assert [a - b for a, b in zip(silent, spoken, strict=True)] == [400, 400, 0]


def test_a_clause_cut_from_its_sentence_keeps_the_pause_of_its_comma(desk):
    reply = Reply.of("Your list has five things,", "and two of them are new.")
    _, first, second = desk.worker._say(1, reply)
    alone = [desk.voice.speak(text).samples for text in list(desk.voice.asked)]
    assert len(first.clip.samples) - len(alone[0]) == COMMA // 2
    assert len(second.clip.samples) == len(alone[1])


def test_what_it_says_often_is_made_before_it_is_needed(tmp_path, recogniser, voice, caplog):
    failing = Failing(voice, AssistantError("the engine coughed"))
    desk = Desk(Talk(tmp_path / "assistant.db"), recogniser, failing)
    phrases = list(desk.worker.prepare())
    assert "Okay." in phrases and APOLOGY in phrases
    assert failing.asked == phrases[1:] and "coughed" in caplog.text
    desk.talk.store.close()


def test_the_wake_words_rest_does_not_turn_a_question_into_another(desk):
    """ "is what's on my list" is a sentence, too, and not what was asked."""
    hearing = desk.worker._without_wake_word
    words = (HeardWord("is", 0, 2000, 0.9), *_spread("what's on my shopping list", 4000))
    heard = Transcript(" ".join(w.text for w in words), words, 0.9)
    woken = SimpleNamespace(start=0, woken=256, over_speech=None)
    assert hearing(woken, heard, 40_000) == "what's on my shopping list"
    later = Transcript("add milk", _spread("add milk", 0), 0.9)
    assert hearing(woken, later, 40_000) == "add milk"


def _spread(text: str, start: int) -> tuple[HeardWord, ...]:
    return tuple(
        HeardWord(w, start + 5000 * i, start + 5000 * i + 4500, 0.9)
        for i, w in enumerate(text.split())
    )
