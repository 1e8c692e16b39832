"""Whole scenes through the whole speaker, each with what must come of it."""

from pathlib import Path

import pytest

from assistant.room.run import simulate
from assistant.settings import Settings, with_overrides

SCENES = sorted(Path(__file__).parent.glob("*.toml"))
SETTINGS = with_overrides(Settings(), {"speech.recogniser": "vosk-household"})


@pytest.mark.parametrize("scene", SCENES, ids=lambda path: path.stem)
def test_scene(scene, tmp_path):
    report = simulate(scene, tmp_path, settings=SETTINGS, fixed_costs=True)
    missed = [f"{e['what']} (got: {e['got']})" for e in report["expectations"] if not e["ok"]]
    assert report["expectations"] and not missed
    assert {path.name for path in tmp_path.iterdir()} == {
        "report.json", "events.jsonl", "timeline.png", "mic.wav", "speaker.wav", "clean.wav",
    }  # fmt: skip


@pytest.mark.slow
def test_a_scene_repeats_to_the_sample(tmp_path):
    scene = next(path for path in SCENES if path.stem == "wake_interrupts")
    for run in ("one", "two"):
        simulate(scene, tmp_path / run, settings=SETTINGS, fixed_costs=True)
    for name in ("events.jsonl", "mic.wav", "clean.wav"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
