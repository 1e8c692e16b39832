"""The builder of the household model: its graph is what the tree ships; training needs torch."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest

from assistant.speech.vosk_ import HOUSEHOLD, VoskRecogniser
from tests.talking import shipped
from tests.test_tree import ROOT
from tools.household_model.files import write_graph
from tools.household_model.kaldi import KaldiOut
from tools.household_model.lexicon import lexicon
from tools.household_model.sentences import Household


def test_the_shipped_model_knows_every_word_of_the_skills():
    recogniser = VoskRecogniser(HOUSEHOLD)
    assert recogniser.lacks(shipped().vocabulary()) == ()
    recogniser.close()


def test_a_word_of_the_owners_is_added_without_training(tmp_path):
    model = shutil.copytree(HOUSEHOLD, tmp_path / "model")
    write_graph(Household(1, ("nutella",)), model)
    recogniser = VoskRecogniser(model)
    assert recogniser.lacks(["nutella", "milk", "quinoa"]) == ("quinoa",)
    recogniser.close()


def test_a_word_without_an_entry_is_pronounced_by_rule_or_left_out():
    assert set(lexicon(["milk", "zorkmilk", "東京"])) == {"milk", "zorkmilk"}


def test_a_compressed_matrix_is_right_within_its_step():
    matrix = np.random.default_rng(0).standard_normal((7, 5))
    data = bytes(KaldiOut().mat(matrix).b)[len(b"\0BCM2 ") :]
    low, span = np.frombuffer(data[:8], "<f4")
    stored = np.frombuffer(data[16:], "<u2").reshape(7, 5) / 65535 * span + low
    assert np.abs(stored - matrix).max() < span / 65535


@pytest.mark.slow
def test_the_whole_builder_makes_a_model_that_vosk_loads(tmp_path):
    pytest.importorskip("torch", reason="training needs the extra: pip install -e .[model]")
    for program in ("espeak-ng", "flite", "festival"):
        if shutil.which(program) is None:
            pytest.skip(f"training needs {program}")
    command = [sys.executable, "-m", "tools.household_model", "synth", "train", "mmi", "export"]
    folders = ["--size", "0.02", "--work", tmp_path / "work", "--model", tmp_path / "model"]
    subprocess.run([*command, *folders], cwd=ROOT, check=True, timeout=600)
    recogniser = VoskRecogniser(tmp_path / "model")
    stream = recogniser.open()
    stream.feed(np.zeros(16_000, np.float32))
    stream.finish()
    recogniser.close()
