"""Tries a sound card: the contract of ``assistant.audio.device``, on whatever is plugged in.

tests/contract/test_device.py runs the same checks on ALSA's plug-ins, and
``assistant doctor --hardware`` on the real card.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from assistant.audio.device import Device, DeviceLost
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.board_checks import Broken, Check

HOPS = round(SAMPLE_RATE / HOP)  # a second
OFF = 0.15  # by which a second may be wrong: the buffers fill first
PART = "sound card"


def sound_checks(open_card: Callable[[], Device]) -> Iterator[Check]:
    """Yield the checks; each opens the card itself and leaves it closed. It stays silent."""
    for promise, function in CHECKS:
        yield Check(PART, promise, lambda function=function: function(open_card) or "")


def _gives_hops(open_card: Callable[[], Device]) -> str:
    device = open_card()
    try:
        used = {*device.layout.mics, device.layout.loopback} - {None}
        shapes, loudest = set(), 0.0
        for _ in range(HOPS // 2):
            rows = device.exchange(np.zeros(HOP, np.float32))
            shapes.add(rows.shape)
            if not np.isfinite(rows).all():
                raise Broken("it hears what is no number")
            loudest = max(loudest, float(np.abs(rows).max()))
    finally:
        device.close()
    ((rows, length),) = shapes
    if length != HOP or rows <= max(used):
        raise Broken(f"hops of {rows} channels and {length} samples came")
    if loudest > 1.0:
        raise Broken(f"samples up to {loudest:.1f} came")
    return f"{rows} channel" + "s" * (rows > 1)


def _keeps_time(open_card: Callable[[], Device]) -> str:
    device, silence = open_card(), np.zeros(HOP, np.float32)
    try:
        for _ in range(HOPS // 4):
            device.exchange(silence)
        before, began = device.health(), time.perf_counter()
        for _ in range(HOPS):
            device.exchange(silence)
        took_s = time.perf_counter() - began
        after = device.health()
    finally:
        device.close()
    if abs(took_s - HOPS * HOP / SAMPLE_RATE) > OFF:
        raise Broken(f"a second took {took_s:.2f} s")
    lost = after.overruns - before.overruns
    if lost:
        raise Broken(f"{lost} samples were lost in a second")
    return f"a second took {took_s:.2f} s, dry {after.underruns - before.underruns} times"


def _ends(open_card: Callable[[], Device]) -> None:
    for _ in range(3):
        device = open_card()
        device.exchange(np.zeros(HOP, np.float32))
        device.close()
        device.close()
        try:
            device.exchange(np.zeros(HOP, np.float32))
        except DeviceLost:
            continue
        raise Broken("it plays after its end")


CHECKS = (
    ("gives hops with all its channels", _gives_hops),
    ("keeps time and loses nothing", _keeps_time),
    ("can be closed twice and opened again", _ends),
)
