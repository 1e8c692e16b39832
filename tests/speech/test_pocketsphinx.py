from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import numpy as np
import pytest

from assistant.errors import AssistantError, BadInput
from assistant.speech.espeak_ import EspeakVoice
from assistant.speech.pocketsphinx_ import PocketsphinxRecogniser
from assistant.speech.recogniser import Grammar
from tests.speech.sentences import GRAMMAR


@pytest.fixture
def recogniser():
    recogniser = PocketsphinxRecogniser(GRAMMAR)
    yield recogniser
    recogniser.close()


@pytest.fixture(scope="module")
def sound():
    voice = EspeakVoice("en-us+f3")
    quiet = np.zeros(4000, np.float32)
    yield np.concatenate((quiet, voice.speak("turn the volume down").samples, quiet, quiet))
    voice.close()


def test_a_crash_in_the_middle_of_an_utterance_loses_nothing(recogniser, sound):
    stream = recogniser.open()
    stream.feed(sound[:20_000])
    os.kill(recogniser._child.pid, signal.SIGKILL)
    stream.feed(sound[20_000:])
    assert stream.finish().text == "turn the volume down"
    assert recogniser.restarts == 1


def test_a_second_crash_is_a_clear_error(recogniser, sound):
    stream = recogniser.open()
    stream.feed(sound[:20_000])
    os.kill(recogniser._child.pid, signal.SIGKILL)
    stream.feed(sound[20_000:25_000])
    os.kill(recogniser._child.pid, signal.SIGKILL)
    with pytest.raises(AssistantError, match="crashed twice"):
        stream.feed(sound[25_000:])
    stream.close()
    with pytest.raises(AssistantError, match="closed"):
        recogniser.open()


def test_the_child_ends_with_its_parent():
    program = (
        "import os\n"
        "from assistant.speech.pocketsphinx_ import PocketsphinxRecogniser\n"
        "from tests.speech.sentences import GRAMMAR\n"
        "r = PocketsphinxRecogniser(GRAMMAR)\n"
        "print(r._child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=False)
    assert ended.returncode == -signal.SIGKILL
    try:
        handle = os.pidfd_open(int(ended.stdout))
    except ProcessLookupError:
        return  # it is gone already
    assert select.select([handle], [], [], 10.0)[0], "the child outlived its parent"
    os.close(handle)


def test_words_without_an_entry_are_pronounced_by_rule_or_left_out(sound):
    grammar = Grammar({"command": "add ( milk | zorkmilk | 東京 ) | turn the volume down"})
    recogniser = PocketsphinxRecogniser(grammar)
    stream = recogniser.open()
    stream.feed(sound)
    assert stream.finish().text == "turn the volume down"
    assert recogniser.guessed_words == ("zorkmilk",)
    assert recogniser.unknown_words == ("東京",)
    recogniser.close()


@pytest.mark.parametrize(
    ("grammar", "says"),
    [
        (Grammar({}), 'no rule "command"'),
        (Grammar({"command": "add <itms>", "items": "milk"}), 'did you mean "items"'),
        (Grammar({"command": "add < milk"}), "not JSGF"),
    ],
)
def test_a_wrong_grammar_is_refused_by_name(grammar, says):
    with pytest.raises(BadInput, match=says):
        PocketsphinxRecogniser(grammar)


def test_unbalanced_brackets_are_an_error_and_not_a_crash():
    with pytest.raises(AssistantError):
        PocketsphinxRecogniser(Grammar({"command": "add ( milk"}))


def test_a_whisper_and_a_shout_are_the_same_words(recogniser, sound):
    heard = []
    for gain in (1.0, 0.3, 0.05):
        stream = recogniser.open()
        stream.feed(sound * np.float32(gain))
        heard.append(stream.finish().text)
    assert heard == ["turn the volume down"] * 3
