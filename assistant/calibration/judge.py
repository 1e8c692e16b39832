"""What a measurement means: a line for each property, with a remedy where it is not good."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from assistant.audio.device import Layout
from assistant.audio.rotation import SURE
from assistant.board import Board
from assistant.calibration.measure import Measured
from assistant.calibration.order import FITS
from assistant.doctor import Finding

COPY = 0.98  # likeness of a channel that never was sound: close microphones reach 0.9
SPEAKER = "put the loudspeaker on the board's own output, and turn it up"


def findings(measured: Measured, board: Board, layout: Layout) -> list[Finding]:
    """Return the table. Red means that the settings would be wrong, so none are written."""
    lines = [*_channels(measured, board, layout), *_losses(measured)]
    if not measured.heard:
        text = "the microphones do not hear the loudspeaker"
        return [Finding("delay", "red", text, SPEAKER), *lines, *_levels(measured, layout)]
    return [_delay(measured), _drift(measured, board), _erle(measured), _distortion(measured),
            *_levels(measured, layout), *lines]  # fmt: skip


def _delay(measured: Measured) -> Finding:
    text = f"{measured.delay_ms:.1f} ms from the mixer to microphone 1"
    if measured.delay_ms <= 400:
        return Finding("delay", "green", text)
    return Finding("delay", "red", text, "more than 400 ms cannot be cancelled: no Bluetooth")


def _drift(measured: Measured, board: Board) -> Finding:
    ppm = measured.drift_ppm
    text = f"{ppm:+.1f} ppm"
    if abs(ppm) < 3:
        return Finding("clock drift", "green", f"{text}: one clock")
    remedy = "use one card for both" if board.playback.own else "a USB card for both is better"
    if abs(ppm) < 300:
        return Finding("clock drift", "yellow", f"{text}: two clocks; it is followed", remedy)
    return Finding("clock drift", "red", f"{text}: sound was lost, or a clock is broken", remedy)


def _erle(measured: Measured) -> Finding:
    erle = measured.erle_db
    text = f"{erle:.0f} dB of the echo are cancelled"
    if erle >= 15:
        return Finding("echo", "green", text)
    remedy = "turn the loudspeaker down, move it away from the microphones, mount it softly"
    return Finding("echo", "yellow" if erle >= 3 else "red", text, remedy)


def _distortion(measured: Measured) -> Finding:
    text = f"{100 * measured.distortion:.1f} % of the sound at the microphone is distortion"
    if measured.distortion < 0.05:
        return Finding("distortion", "green", text)
    remedy = "turn it down, or use a larger loudspeaker: distortion cannot be subtracted"
    return Finding("distortion", "yellow", text, remedy)


def _levels(measured: Measured, layout: Layout) -> Iterator[Finding]:
    noise, echo, clipped = (np.array(x) for x in
                            (measured.noise_db, measured.echo_db, measured.clipped))  # fmt: skip
    silent = [f"{n + 1}" for n in range(len(noise)) if max(noise[n], echo[n]) < -110]
    if silent:
        text = f"microphone {', '.join(silent)} hears nothing at all"
        yield Finding("microphones", "red", text, "is it muted? look at its switch and alsamixer")
    elif measured.twins:
        pairs = ", ".join(f"{b + 1} and {a + 1}" for a, b in measured.twins)
        text = f"microphones {pairs} carry the same sound"
        yield Finding("microphones", "red", text, "correct layout.mics in the board file")
    else:
        loudest = max(echo)
        weak = [f"{n + 1} ({loudest - echo[n]:.0f} dB less)" for n in range(len(echo))
                if loudest - echo[n] > 12 and measured.heard]  # fmt: skip
        text = f"the sweep arrives at {_range(echo)} dBFS"
        remedy = f"microphone {', '.join(weak)}: is its hole covered?" if weak else ""
        yield Finding("microphones", "yellow" if weak else "green", text, remedy)
    loud = max(noise) > -45
    text = f"{_range(noise)} dBFS"
    remedy = "move it away from fans; turn the microphone's gain down if it is quiet there"
    yield Finding("noise", "yellow" if loud else "green", text, remedy if loud else "")
    worst = float(clipped.max())
    if worst > 1e-4:
        where = ", ".join(f"{n + 1}" for n in range(len(clipped)) if clipped[n] > 1e-4)
        text = f"microphone {where} clips: {100 * worst:.2f} % of the samples"
        remedy = "turn the microphone's gain down in alsamixer, or the loudspeaker"
        yield Finding("clipping", "red", text, remedy)
    else:
        yield Finding("clipping", "green", "none")


def _channels(measured: Measured, board: Board, layout: Layout) -> Iterator[Finding]:
    likeness = measured.likeness
    copies = [row for row, alike in enumerate(likeness) if alike >= COPY]
    wrong = [row for row in copies if row in layout.mics]
    loop = layout.loopback
    if loop is not None and likeness[loop] < max(SURE, max(likeness) - 0.02):
        found = ", ".join(map(str, copies)) or "none"
        text = f"channel {loop} should return what is played; it does not ({found} does)"
        where = f"layout.loopback = {copies[0]} in the board file" if copies else SPEAKER
        yield Finding("loopback", "red", text, where)
    elif wrong:
        text = f"channel {', '.join(map(str, wrong))} is no microphone: it returns what is played"
        yield Finding("loopback", "red", text, "correct layout in the board file (docs/boards.md)")
    elif loop is not None:
        turned = f"; the channels are shifted by {measured.rotation}" if measured.rotation else ""
        yield Finding("loopback", "green", f"channel {loop} returns what is played{turned}")
    yield _order(measured, layout)


def _order(measured: Measured, layout: Layout) -> Finding:
    order = measured.order
    shown = ", ".join(map(str, layout.mics))
    if not measured.heard or len(layout.mics) == 1:
        return Finding("order", "green", f"channel {shown}")
    if not order.told:
        if order.misfit <= 2.0:
            return Finding("order", "green", f"channels {shown}; so few cannot tell more")
        text = f"channels {shown} are further apart than the board is large"
        return Finding("order", "red", text, "check layout.mics and mics in the board file")
    text = f"channels {shown}, {order.misfit:.1f} samples off the board's geometry"
    if order.better:
        better = ", ".join(str(layout.mics[n]) for n in order.better)
        text = f"the microphones are swapped: channels {shown} should be {better}"
        return Finding("order", "red", text, f"layout.mics = ({better}) in the board file")
    good = order.misfit <= FITS
    remedy = "" if good else "check the positions in the board file; keep things off the board"
    return Finding("order", "green" if good else "yellow", text, remedy)


def _losses(measured: Measured) -> Iterator[Finding]:
    rate = f"{measured.rate} Hz"
    if not measured.lost:
        yield Finding("sound card", "green", f"{rate}, nothing was lost")
        return
    text = f"{rate}, some {measured.lost} samples were lost while measuring"
    yield Finding("sound card", "red", text, "close other programs, check the supply, try again")


def _range(levels) -> str:
    low, high = min(levels), max(levels)
    return f"{high:.0f}" if high - low < 1 else f"{low:.0f} to {high:.0f}"
