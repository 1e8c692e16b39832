"""Learning hears exactly what the running speaker hears."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP
from assistant.audio.openwakeword_ import CHUNK, EMBEDDINGS, FEATURES, Models
from assistant.audio.wake import WakeWord
from assistant.teach import features
from assistant.teach.features import FIRST, WINDOW, Features
from assistant.teach.talkers import Talker, speak


def test_scores_are_those_of_the_run_path():
    word = speak(Talker("espeak", "en-us+f2"), "hey jarvis") * 0.5
    sound = np.random.default_rng(0).normal(0, 1e-3, WINDOW + 20 * CHUNK).astype(np.float32)
    sound[WINDOW : WINDOW + len(word)] += word
    rows, models, running = Features().of(sound), Models("hey_jarvis"), WakeWord("hey_jarvis")
    ends = range(EMBEDDINGS, len(rows) + 1)
    learned = [models.score(rows[None, end - EMBEDDINGS : end]) for end in ends]
    heard = [
        score
        for at in range(0, len(sound) - HOP + 1, HOP)
        if (score := running.process(sound[at : at + HOP])) is not None
    ]
    assert max(heard) > 0.9
    assert np.allclose(learned, heard[FIRST + EMBEDDINGS - 2 :], atol=1e-4)


def test_a_short_sound_has_no_embedding():
    hears = Features()
    assert hears.of(np.zeros(FIRST * CHUNK - 1, np.float32)).shape == (0, FEATURES)
    assert hears.of(np.zeros(WINDOW, np.float32)).shape == (EMBEDDINGS, FEATURES)


def test_a_whole_spectrogram_gives_what_its_windows_give_one_by_one(monkeypatch):
    sound = np.random.default_rng(1).normal(0, 0.1, 40 * CHUNK + 100).astype(np.float32)
    at_once = Features()
    monkeypatch.setattr(features, "_long_embedding", lambda: None)
    monkeypatch.setattr(features, "_LONGEST", 7)
    assert np.allclose(at_once.of(sound), Features().of(sound), atol=1e-3)
