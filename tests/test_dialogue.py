"""A conversation's memory: interruptions, positions, questions, and what is not for us."""

from __future__ import annotations

import sqlite3

import pytest

from assistant.dialogue import QUESTION_S, Dialogue
from assistant.messages import Policy, Position
from assistant.skill import Ask, Reply, Segment, Skill, SkillError
from assistant.store import Store
from assistant.understanding import Understanding
from tests.talking import Clock, Talk


@pytest.fixture
def talk(tmp_path):
    talk = Talk(tmp_path / "assistant.db")
    yield talk
    talk.store.close()


@pytest.fixture
def reading(talk):
    """A speaker that has just begun to read a list of four."""
    talk.say("add milk, eggs, bread and rice")
    assert talk.say("what's on my list") == "You have four things: milk, eggs, bread, and rice."
    return talk


# segments: 0 intro, 1 milk, 2 eggs, 3 bread, 4 rice


def test_remove_that_one_means_the_item_being_read(reading):
    assert reading.say("remove that one", cut=(2, 600)) == "Removed eggs."


def test_an_item_that_only_just_began_is_not_the_one_meant(reading):
    assert reading.say("remove that one", cut=(3, 80)) == "Removed eggs."


def test_the_second_one_counts_what_was_read(reading):
    assert reading.say("the second one", cut=(3, 600)) == "That's eggs."
    assert reading.say("remove that one") == "Removed eggs."


def test_make_that_two_changes_the_item_being_read(reading):
    assert reading.say("actually make that two", cut=(2, 600)) == "Okay, two eggs."


def test_make_that_two_changes_what_was_added_last(talk):
    talk.say("add milk and bread")
    assert talk.say("actually, make that two loaves") == "Okay, two loaves of bread."


def test_next_goes_on_behind_the_item(reading):
    assert reading.say("next", cut=(2, 600)) == "bread, and rice."
    assert reading.say("skip", cut=(0, 600)) == "and rice."


def test_next_at_the_end(reading):
    assert reading.say("next", cut=(4, 600)) == "That was the last one."


def test_go_back_goes_one_item_back_and_on(reading):
    assert reading.say("go back", cut=(3, 600)) == "eggs, bread, and rice."
    assert reading.say("go back", cut=(0, 600)) == "milk, eggs, bread, and rice."


def test_repeat_begins_with_the_item(reading):
    assert reading.say("repeat that", cut=(3, 600)) == "bread, and rice."


def test_repeat_of_a_finished_reply_is_all_of_it(reading):
    assert reading.say("what did you say").startswith("You have four things:")


def test_start_over(reading):
    assert reading.say("start over", cut=(3, 600)).startswith("You have four things:")


def test_continue_after_a_stop(reading):
    assert reading.say("stop", cut=(2, 600)) == ""
    assert reading.say("continue") == "eggs, bread, and rice."


def test_continue_after_another_question(reading):
    assert reading.say("what time is it", cut=(3, 600)) == "It's half past four."
    assert reading.say("go on") == "bread, and rice."


def test_positions_in_a_continued_reply_count_from_the_whole(reading):
    reading.say("next", cut=(1, 600))  # now reads from eggs on
    assert reading.say("remove that one", cut=(1, 600)) == "Removed bread."


def test_continue_skips_nothing_when_interrupted_twice(reading):
    reading.say("next", cut=(1, 600))
    assert reading.say("continue", cut=(1, 600)) == "bread, and rice."


def test_nothing_to_continue_or_repeat(talk):
    assert talk.say("repeat") == "I have not said anything yet."
    assert talk.say("continue") == "There is nothing to continue."
    assert talk.say("next") == "I was not reading anything."


def test_a_position_of_an_unknown_turn_is_harmless(talk):
    reply = talk.dialogue.respond("what time is it", Position(99, 5, 1, 0))
    assert reply.text == "It's half past four."


def test_that_one_without_any_context_asks(talk):
    talk.say("add milk and eggs")
    talk.say("what time is it")
    assert talk.say("remove that one") == "Which one?"
    assert talk.reply.question and talk.reply.options == ("milk", "eggs")
    assert talk.say("the first one please") == "Removed milk."


def test_an_option_by_name(talk):
    talk.say("add milk and eggs")
    talk.say("what time is it")
    talk.say("remove that one")
    assert talk.say("the egg") == "Removed eggs."


def test_a_confirmation_is_closed_and_waits(talk):
    talk.say("add milk and eggs")
    assert talk.say("clear my list") == "Remove both things from your shopping list?"
    assert talk.reply.policy is Policy.CLOSED and talk.reply.question
    assert talk.dialogue.assess("yes").command
    assert talk.say("yes please") == "Your shopping list is empty now."
    assert not talk.dialogue.assess("yes").command


@pytest.mark.parametrize("answer", ["no", "never mind", "cancel", "no thanks", "stop"])
def test_a_confirmation_is_refused(talk, answer):
    talk.say("add milk and eggs")
    talk.say("clear my list")
    assert talk.say(answer) == "Okay, I kept it."
    assert talk.say("what's on my list") == "You have two things: milk and eggs."


def test_another_command_drops_the_question(talk):
    talk.say("add milk")
    talk.say("clear my list")
    talk.say("what time is it")
    assert talk.say("yes") == ""
    assert talk.say("what's on my list") == "You only have milk."


def test_a_question_is_asked_twice_at_most(talk):
    talk.say("add milk")
    talk.say("clear my list")
    assert talk.say("purple") == "Sorry, was that a yes or a no?"
    assert talk.reply.policy is Policy.CLOSED and talk.reply.question
    talk.say("purple")
    assert talk.say("yes") == ""
    assert talk.say("what's on my list") == "You only have milk."


def test_a_question_is_forgotten_in_time(talk):
    talk.say("add milk")
    talk.say("clear my list")
    talk.clock.wait(QUESTION_S + 1)
    assert not talk.dialogue.assess("yes").command
    assert talk.say("yes") == ""
    assert talk.say("what's on my list") == "You only have milk."


def test_after_a_stop_only_a_no_still_counts(talk):
    talk.say("add milk")
    talk.say("clear my list")
    assert talk.dialogue.assess("stop").stop
    assert not talk.dialogue.assess("yes").command
    talk.say("yes")
    assert talk.say("what's on my list") == "You only have milk."


def test_talk_that_was_not_for_us_leaves_the_question_open(talk):
    talk.say("add milk")
    talk.say("clear my list")
    assert talk.say("did you see the game", quiet=True) == ""
    assert talk.say("yes") == "Your shopping list is empty now."


def test_a_repeated_question_is_still_open(talk):
    talk.say("add milk")
    talk.say("clear my list")
    assert talk.say("what did you say") == "Remove the one thing from your shopping list?"
    assert talk.say("yes") == "Your shopping list is empty now."


def test_a_free_answer(talk):
    assert talk.say("add something to the hardware list") == "What should I add?"
    assert talk.say("two boxes of nails") == "Added two boxes of nails to your hardware list."


@pytest.mark.parametrize("said", ["uh huh", "okay", "yeah", "right", "thanks", "no", "mm hmm"])
def test_backchannels_are_no_commands(talk, said):
    talk.say("add milk")
    assessed = talk.dialogue.assess(said, speaking=("You only have milk.",))
    assert not assessed.command and not assessed.stop
    assert talk.say(said, quiet=True) == ""


@pytest.mark.parametrize(
    "said", ["hello", "hey um", "hi", "how are you", "how are you doing", "hello computer"]
)
def test_a_greeting_over_a_reply_is_for_somebody_else(talk, said):
    assert not talk.dialogue.assess(said, speaking=("You only have milk.",)).command
    assert talk.dialogue.assess("hello").command


def test_own_words_are_recognised_as_own(talk):
    speaking = ("You have three things:", "milk,", "two eggs,", "and bread.")
    assert talk.dialogue.assess("three things milk", speaking=speaking).own
    assert talk.dialogue.assess("have 2 eggs bread", speaking=speaking).own
    assert talk.dialogue.assess("[unk] eggs [unk]", speaking=speaking).own
    assert not talk.dialogue.assess("[unk]", speaking=speaking).own
    assert not talk.dialogue.assess("bread milk", speaking=speaking).own
    assert not talk.dialogue.assess("three things milk").own
    assert not talk.dialogue.assess("", speaking=speaking).own
    command = talk.dialogue.assess("what time is it", speaking=("Say what time is it.",))
    assert command.command and not command.own


def test_assessment_of_partials(talk):
    assess = talk.dialogue.assess
    assert not assess("add").command
    assert assess("add milk and").command and not assess("add milk and").complete
    assert assess("add milk to the shopping list").complete
    assert assess("stop").stop and assess("[unk] stop").stop
    assert not assess("stop the").stop


@pytest.mark.parametrize("said", ["open the door", "[unk] [unk] the moon", "[unk]"])
def test_unknown_utterances_get_an_honest_answer(talk, said):
    reply = talk.say(said)
    assert reply.startswith("Sorry") and len(reply) < 70
    assert ("open the door" in reply) == (said == "open the door")
    assert talk.say(said, quiet=True) == ""


def test_stop_is_answered_by_silence(talk):
    assert talk.say("stop") == ""


def demo(tmp_path, function) -> Dialogue:
    """A dialogue with one skill of one sentence."""
    skill = Skill("demo")
    skill.on("do it now")(function)
    return Dialogue(Understanding([skill]), Store(tmp_path / "x.db"), [].append, Clock())


def test_a_crash_in_a_skill_is_an_apology_and_changes_nothing(tmp_path, caplog):
    def crash(speaker):
        with speaker.store.write() as db:
            db.execute("INSERT INTO facts VALUES ('a', 'b', '1')")
            raise ZeroDivisionError

    dialogue = demo(tmp_path, crash)
    assert dialogue.respond("do it now").text == "Sorry, something went wrong there."
    assert dialogue.speaker.store.get("a", "b") is None
    assert "ZeroDivisionError" in caplog.text
    assert dialogue.respond("do it now") is not None


def test_a_skill_that_returns_nonsense_is_an_apology(tmp_path):
    dialogue = demo(tmp_path, lambda speaker: 7)
    assert dialogue.respond("do it now").text.startswith("Sorry")


def test_what_handlers_may_return(tmp_path):
    def refuse(speaker):
        raise SkillError("Not today.")

    replies = [lambda s: "Done.", lambda s: None, lambda s: Reply((Segment("A."), Segment("B.")))]
    assert [demo(tmp_path, f).respond("do it now") for f in replies] == [
        Reply.of("Done."),
        None,
        Reply.of("A.", "B."),
    ]
    assert demo(tmp_path, refuse).respond("do it now") == Reply.of("Not today.")


def test_a_locked_store_is_said_and_changes_nothing(tmp_path):
    def write(speaker):
        speaker.store.set("a", "b", 1)
        return "Done."

    skill = Skill("demo")
    skill.on("do it now")(write)
    store = Store(tmp_path / "x.db", busy_s=0.05)
    dialogue = Dialogue(Understanding([skill]), store, [].append, Clock())
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "nothing was changed" in dialogue.respond("do it now").text
    other.execute("ROLLBACK")
    other.close()
    assert dialogue.respond("do it now").text == "Done."


def test_answers_may_be_sentences_or_functions(tmp_path):
    def ask(speaker):
        return Ask("Really?", yes="Good.", no=lambda s, n: f"Never {n}.", data={"n": 3})

    dialogue = demo(tmp_path, ask)
    dialogue.respond("do it now")
    assert dialogue.respond("yes").text == "Good."
    assert dialogue.respond("yes") is None


def test_a_text_of_two_sentences_is_two_segments_so_that_the_first_can_sound_at_once():
    from assistant.dialogue import Dialogue

    reply = Dialogue._reply(object.__new__(Dialogue), "any", "Added milk. Anything else?")
    assert [s.text for s in reply.segments] == ["Added milk.", "Anything else?"]
