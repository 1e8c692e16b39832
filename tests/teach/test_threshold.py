"""Where the line lies between a taught word and everything else."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from assistant.teach.corpus import Corpus, Windows
from assistant.teach.make import DEEPEST, choose_threshold


def windows(scores: np.ndarray) -> Windows:
    """Return one window for each score, which is its row."""
    places = np.arange(len(scores))
    return Windows(scores.astype(np.float32)[:, None], places, np.ones(len(scores)), places)


HEAD = SimpleNamespace(logits=lambda found: found.rows[:, 0])


@pytest.mark.parametrize(
    ("loudest", "expected"), [(-4.0, 3.0 - DEEPEST), (1.8, 1.8), (2.5, 2.5), (7.0, 3.0)]
)
def test_it_lies_above_other_speech_but_not_above_words_nor_far_below(loudest, expected):
    words, others = windows(np.full(100, 3.0)), windows(np.linspace(-9.0, loudest, 2000))
    threshold = choose_threshold(HEAD, Corpus(words, words, others, 900.0))
    assert threshold == pytest.approx(expected, abs=0.1)


def test_one_strange_sound_does_not_move_it():
    words, quiet = windows(np.full(100, 3.0)), np.full(1000, -5.0)
    usual = choose_threshold(HEAD, Corpus(words, words, windows(quiet), 900.0))
    quiet[0] = 5.0
    assert choose_threshold(HEAD, Corpus(words, words, windows(quiet), 900.0)) == usual
