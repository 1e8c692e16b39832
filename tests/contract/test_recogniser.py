"""Every recogniser hears by the same contract. Real engines, espeak-ng's speech."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.format import SAMPLE_RATE
from assistant.errors import AssistantError
from assistant.speech.espeak_ import EspeakVoice
from assistant.speech.pocketsphinx_ import PocketsphinxRecogniser
from assistant.speech.vosk_ import HOUSEHOLD, VoskRecogniser
from tests.speech.sentences import COMMANDS, GRAMMAR, OTHER, STOPS

CHUNK = 1600


@pytest.fixture(scope="module", params=["vosk-household", "pocketsphinx"])
def make(request):
    """Return a function that opens a new recogniser of one kind."""
    if request.param == "pocketsphinx":
        return lambda: PocketsphinxRecogniser(GRAMMAR)
    return lambda: VoskRecogniser(HOUSEHOLD, "vosk household")


@pytest.fixture(scope="module")
def recogniser(make):
    recogniser = make()
    yield recogniser
    recogniser.close()


@pytest.fixture(scope="module")
def say():
    """Return a function that speaks a text with some silence around it, as a microphone hears."""
    voice = EspeakVoice("en-us+f3")
    quiet = np.random.default_rng(0).standard_normal(12_000).astype(np.float32) * 1e-4

    def speak(text: str) -> np.ndarray:
        return np.concatenate((quiet[:5000], voice.speak(text).samples, quiet[5000:]))

    yield speak
    voice.close()


def hear(recogniser, sound, phrases=None, chunk=CHUNK):
    stream = recogniser.open(phrases)
    partials = [stream.feed(sound[i : i + chunk]) for i in range(0, len(sound), chunk)]
    return stream.finish(), partials


def test_it_understands_clear_commands(recogniser, say):
    heard = [hear(recogniser, say(text))[0].text for text in COMMANDS]
    right = sum(h == text for h, text in zip(heard, COMMANDS, strict=True))
    assert right >= 0.8 * len(COMMANDS), list(zip(COMMANDS, heard, strict=True))


def test_the_words_have_times_and_confidence(recogniser, say):
    sound = say("what time is it")
    transcript, _ = hear(recogniser, sound)
    assert transcript.text == " ".join(w.text for w in transcript.words) == "what time is it"
    edges = [edge for w in transcript.words for edge in (w.start, w.end)]
    assert edges == sorted(edges)
    assert 0.15 * SAMPLE_RATE < edges[0] < 0.5 * SAMPLE_RATE < edges[-1] <= len(sound)
    assert all(0.0 <= w.confidence <= 1.0 for w in transcript.words)
    assert 0.5 < transcript.confidence <= 1.0


def test_partials_grow_while_the_person_speaks(recogniser, say):
    _, partials = hear(recogniser, say("set a timer for twenty minutes"))
    assert partials[0] == ""
    assert any(p.startswith("set a timer") for p in partials[: -len(partials) // 4])
    assert partials[-1] == "set a timer for twenty minutes"


def test_other_speech_is_not_forced_onto_a_phrase(recogniser, say):
    heard = [hear(recogniser, say(text), STOPS)[0].text for text in OTHER]
    assert all(h in STOPS or "[unk]" in h or h == "" for h in heard)
    taken = [(said, h) for said, h in zip(OTHER, heard, strict=True) if h in STOPS]
    assert len(taken) <= 0.2 * len(OTHER), taken


def test_phrases_are_heard_as_themselves(recogniser, say):
    heard = [hear(recogniser, say(text), STOPS)[0].text for text in STOPS]
    assert sum(h == text for h, text in zip(heard, STOPS, strict=True)) >= len(STOPS) - 1, heard


def test_two_streams_at_once_do_not_mix(recogniser, say):
    sound = say("turn the volume down"), say("please stop")
    both = recogniser.open(), recogniser.open(STOPS)
    for i in range(0, max(map(len, sound)), CHUNK):
        for stream, x in zip(both, sound, strict=True):
            stream.feed(x[i : i + CHUNK])
    assert both[1].finish().text == "please stop"
    assert both[0].finish().text == "turn the volume down"


@pytest.mark.parametrize("phrases", [None, STOPS])
def test_silence_is_an_empty_transcript(recogniser, phrases):
    transcript, partials = hear(recogniser, np.zeros(3 * SAMPLE_RATE, np.float32), phrases)
    assert (transcript.text, transcript.words, transcript.confidence) == ("", (), 0.0)
    assert set(partials) == {""}


def test_an_empty_feed_changes_nothing(recogniser, say):
    stream = recogniser.open()
    assert stream.feed(np.zeros(0, np.float32)) == ""
    for part in np.array_split(say("stop"), 7):
        stream.feed(part)
        stream.feed(np.zeros(0, np.float32))
    assert stream.finish().text == "stop"
    assert recogniser.open().finish().text == ""


def test_one_long_feed_is_the_same_sound(recogniser, say):
    sound = np.concatenate((np.zeros(8 * SAMPLE_RATE, np.float32), say("repeat that")))
    assert hear(recogniser, sound, chunk=len(sound))[0].text == "repeat that"


def test_nothing_is_lost_at_a_pause(recogniser, say):
    pause = np.zeros(round(1.5 * SAMPLE_RATE), np.float32)
    sound = np.concatenate((say("set a timer"), pause, say("for twenty minutes")))
    assert hear(recogniser, sound)[0].text == "set a timer for twenty minutes"


def test_the_same_sound_gives_the_same_transcript(recogniser, say):
    sound = say("add milk and eggs to the shopping list")
    first, partials = hear(recogniser, sound)
    hear(recogniser, say("who is at the door") * 0.1)
    assert hear(recogniser, sound) == (first, partials)


def test_a_phrase_of_unknown_words_is_never_heard_as_its_rest(recogniser, say):
    transcript, _ = hear(recogniser, say("stop"), ["stop 東京", "cancel"])
    assert transcript.text != "stop 東京"
    assert transcript.text in ("", "cancel") or "[unk]" in transcript.text
    assert "東京" in recogniser.unknown_words


def test_a_finished_or_closed_stream_refuses_more(recogniser):
    stream = recogniser.open()
    stream.finish()
    stream.close()
    stream.close()
    dropped = recogniser.open()
    dropped.close()
    for ended in (stream, dropped):
        with pytest.raises(AssistantError):
            ended.feed(np.zeros(CHUNK, np.float32))


def test_a_closed_recogniser_says_so_and_closes_twice(make):
    recogniser = make()
    recogniser.close()
    recogniser.close()
    with pytest.raises(AssistantError, match="closed"):
        recogniser.open()
