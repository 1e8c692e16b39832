"""The demo as the owner plays it: every expectation of the evening, and its peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_MB = 200.0


@pytest.mark.slow
def test_the_evening_goes_as_told_in_little_memory(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "assistant", "demo", "--fixed-costs", "--out", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    for engine in report["engines"].values():
        assert engine in " ".join(ran.stdout.replace("│", " ").split())
    assert report["memory"]["total_mb"] <= MOST_MB
    assert len(report["memory"]["engines_mb"]) == 1
    assert "peak memory" in ran.stdout
