"""The delay benchmark's signals are what they are said to be."""

import numpy as np
import pytest

from assistant.audio.format import SAMPLE_RATE
from tests.benchmarks import delay_scenes


@pytest.mark.parametrize("drift_ppm", [0.0, 100.0])
def test_a_scene_is_late_by_what_it_says(drift_ppm):
    """By the peak of the correlation with the reference, before and after the jump."""
    scene = delay_scenes.build(
        310, 6.0, [], latency_ms=100.0, drift_ppm=drift_ppm, jumps=((3.0, 250.0),)
    )
    direct = int(np.abs(delay_scenes.rooms.paths(310, delay_scenes.MICS).speaker[0]).argmax())
    for at in (SAMPLE_RATE, 4 * SAMPLE_RATE):
        part = slice(at, at + SAMPLE_RATE)
        told = scene.delay[at + SAMPLE_RATE // 2] + direct
        lags = range(round(told) - 200, round(told) + 200)
        heard = scene.echo[0][part]
        dots = [abs(heard @ scene.reference[at - lag : at - lag + SAMPLE_RATE]) for lag in lags]
        assert abs(lags[int(np.argmax(dots))] - told) <= 8
