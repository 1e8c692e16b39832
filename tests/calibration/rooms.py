"""Rooms drawn by seed, and devices with something wrong, for the tests of calibrate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assistant.audio.device import DeviceHealth, Layout
from assistant.audio.format import SAMPLE_RATE
from assistant.board import Board, load_board
from assistant.calibration.judge import findings
from assistant.calibration.measure import Measured, evaluate, play
from assistant.doctor import Finding
from assistant.room.acoustics import SPEED_OF_SOUND
from assistant.room.device import VirtualRoom
from assistant.room.scene import Placement, Room
from assistant.settings import Echo
from tests.audio.sounds import speech_like

BOARDS = ("respeaker_2mic", "respeaker_4mic", "respeaker_6mic", "default", "respeaker_usb_v2")


@dataclass(frozen=True)
class Truth:
    """What calibrate should find in a room."""

    board: Board
    room: VirtualRoom
    delay_ms: float  # from the reference to microphone 1
    drift_ppm: float


def draw(seed: int, board: str | None = None, **chosen) -> Truth:
    """Draw a room, a place in it, a latency and a drift."""
    rng = np.random.default_rng(seed)
    layout = load_board(board or BOARDS[seed % len(BOARDS)])
    size = (rng.uniform(3, 7), rng.uniform(2.8, 6), rng.uniform(2.3, 3))
    room = Room(size, rt60_s=rng.uniform(0.2, 0.6), noise_db=rng.uniform(28, 42))
    turn, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.07, 0.15)
    drifts = layout.layout.loopback is None
    placement = Placement(
        position_m=(size[0] * rng.uniform(0.3, 0.7), rng.uniform(0.4, 1.0), rng.uniform(0.7, 1.2)),
        speaker_offset_m=(far * np.cos(turn), far * np.sin(turn), rng.uniform(-0.08, -0.02)),
        speaker_db=rng.uniform(60, 70),
        latency_ms=rng.uniform(10, 200),
        drift_ppm=rng.choice([0.0, -120.0, -40.0, 40.0, 120.0]) if drifts else 0.0,
        distortion=rng.uniform(0.005, 0.05),
    )
    placement = replace(placement, **chosen)
    device = VirtualRoom(room, placement, layout, seed=seed)
    first = device.mics[0]
    travel_s = np.linalg.norm(first - np.asarray(device.loudspeaker_m)) / SPEED_OF_SOUND
    latency_ms = 0.0 if layout.layout.loopback is not None else placement.latency_ms
    return Truth(layout, device, latency_ms + 1000 * travel_s, placement.drift_ppm)


class Wrong:
    """A device between calibrate and the room that changes what is heard, hop by hop."""

    def __init__(self, room: VirtualRoom, change, layout: Layout | None = None) -> None:
        self.layout = layout or room.layout
        self._room, self._change = room, change
        self.lost = 0

    def exchange(self, out: np.ndarray) -> np.ndarray:
        return np.clip(self._change(self._room.exchange(out)), -1.0, 1.0)

    def health(self) -> DeviceHealth:
        self.lost += 1
        return DeviceHealth(0, self.lost - 1 if self._change is lossy else 0, 0)

    def close(self) -> None:
        self._room.close()


def lossy(rows: np.ndarray) -> np.ndarray:
    """Change nothing; ``Wrong`` counts losses then."""
    return rows


def calibrated(truth: Truth, device=None) -> tuple[Measured, dict[str, Finding]]:
    """Return what is measured, and the table by the names of its lines."""
    device = device or truth.room
    words = speech_like(3, 6.0, rms=0.05)
    heard = play(device, words)
    measured = evaluate(heard, truth.board, device.layout, Echo(), SAMPLE_RATE)
    return measured, {f.name: f for f in findings(measured, truth.board, device.layout)}


def red(table: dict[str, Finding]) -> set[str]:
    """Return the names of the red lines."""
    return {name for name, finding in table.items() if finding.colour == "red"}
