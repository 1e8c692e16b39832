"""The household evening with pocketsphinx: what the embedded recogniser is good for today.

It hears sentences without things in them, and never does what nobody asked for; the names of
things it still loses in a room (README.md), so the lists of the evening are not checked here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EVENING = ROOT / "assistant" / "room" / "demo.toml"
FIXED = ("what's on my shopping list", "read my shopping list")


@pytest.mark.slow
def test_fixed_sentences_are_heard_and_noise_stops_nothing(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "assistant", "simulate", str(EVENING), "--out", str(tmp_path),
         "--fixed-costs", "--set", "speech.recogniser=pocketsphinx"],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["engines"]["recogniser"].startswith("pocketsphinx"), ran.stderr
    assert report["false_wakes"] == report["false_stops"] == 0
    said = [row for row in report["utterances"] if row["text"].endswith(FIXED)]
    assert len(said) >= 3
    assert all(row["heard"] == row["text"].partition(", ")[2] for row in said[:3])
    assert [reply["ended"] for reply in report["replies"]].count("resumed") >= 1
