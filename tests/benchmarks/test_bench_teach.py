"""The benchmark of taught words counts nobody as a stranger who taught them."""

from __future__ import annotations

from assistant.teach.features import Features
from tests.benchmarks import bench_teach


def test_without_other_engines_there_are_no_strangers(monkeypatch):
    monkeypatch.setattr(bench_teach, "engines", lambda: ("espeak",))
    assert bench_teach.strange_voices("hey pumpkin", Features()) == {}
