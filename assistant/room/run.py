"""Plays a scene against the assembled speaker, on a clock that counts samples.

The audio loop, the conversation and the worker are the shipped ones. The worker is one server
on the virtual clock: each step of its work takes effect when the time it took has passed there.
"""

from __future__ import annotations

import queue
import tempfile
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, thread_time

import numpy as np

from assistant import messages as m
from assistant.app import Speaker, assemble
from assistant.audio.device import EndOfAudio
from assistant.audio.format import HOP, from_int16, samples, seconds
from assistant.audio.mixer import volume_gain
from assistant.board import load_board
from assistant.errors import BadInput
from assistant.memory import peak
from assistant.room.console import Narrator
from assistant.room.device import VirtualRoom
from assistant.room.plot import draw
from assistant.room.record import Hop, Record, write_files
from assistant.room.report import make_report, write_report
from assistant.room.revival import RoomRevival
from assistant.room.scene import Scene, load_scene
from assistant.room.stage import Stage
from assistant.settings import Settings, with_overrides
from assistant.speech.loudness import active_level

FIXED_COSTS = {
    "Recognise": 0.005,
    "Captured": 0.010,
    "Conclude": 0.030,
    "Respond": 0.080,
}  # seconds per step: what a 2020s x86 core needs with the embedded engines, rounded up

MONDAY_MORNING = datetime(2024, 1, 8, 9, 0)
LISTENING_GAIN = np.float32(3.0)  # people two metres away are quiet in a microphone
CALIBRATION = "You have milk, bread and a dozen eggs on your shopping list."


class WorkerOnClock:
    """The worker as one server: a step's events reach main when its computing time has passed.

    ``costs`` maps command names to seconds per step; without it, steps cost what they really
    take on this machine.
    """

    def __init__(self, speaker: Speaker, costs: Mapping[str, float] | None = None) -> None:
        self._speaker, self._costs = speaker, costs
        self._waiting: deque[tuple[int, m.WorkerCommand]] = deque()
        self._job = None
        self._kind = ""
        self._result: m.Event | None = None
        self._free = 0  # sample at which the current step is done

    def advance(self, now: int) -> None:
        """Take new commands and deliver every event that is ready at sample ``now``."""
        self._take(now)
        while self._free <= now:
            if self._result is not None:
                self._speaker.inbox.put(self._result)
                self._result = None
            if self._job is None:
                if not self._waiting:
                    return
                arrived, command = self._waiting.popleft()
                self._free = max(self._free, arrived)
                self._kind = type(command).__name__
                self._job = self._speaker.worker.handle(command)
            self._step()

    def _take(self, now: int) -> None:
        while True:
            try:
                command = self._speaker.worker_queue.get_nowait()
            except queue.Empty:
                return
            if isinstance(command, m.Cancel):  # cheap, and it must overtake what is waiting
                for event in self._speaker.worker.handle(command):
                    self._speaker.inbox.put(event)
            else:
                self._waiting.append((now, command))

    def _step(self) -> None:
        began = perf_counter()
        self._result = next(self._job, None)
        took = perf_counter() - began
        if self._result is None:
            self._job = None
        if self._costs is not None:
            took = self._costs.get(self._kind, 0.01) if self._result is not None else 0.001
        self._free += max(1, samples(took))


class Simulation:
    """One scene being played; ``run`` plays it to the end and returns its record."""

    def __init__(self, scene: Scene, speaker: Speaker, room: VirtualRoom, *, costs=None) -> None:
        self.scene, self.speaker, self.room = scene, speaker, room
        nearest = room.travel(room.loudspeaker_m)
        self.record = Record(latency=room.health().output_latency + nearest)
        self.stage = Stage(scene, room, self.record, self._press)
        self.worker = WorkerOnClock(speaker, costs)
        speaker.observers.append(self.record.observe)
        speaker.observers.append(self.stage.observe)

    def run(self, progress=None) -> Record:
        """Play until the scene is over; ``progress`` is called with scene time after every hop."""
        try:
            while True:
                self.step()
                if progress is not None:
                    progress(self.room.time_s)
        except EndOfAudio:
            self.speaker.pump()
            self.record.alignment = self._alignment()
            return self.record

    def step(self) -> None:
        """Play one hop and let main and the worker do what is due."""
        speaker, room = self.speaker, self.room
        self.stage.advance(room.position)
        canceller = speaker.audio.ears.front_end.canceller
        solved_s, began = canceller.solver_s, thread_time()
        speaker.audio.hop()
        cost = thread_time() - began - room.exchange_s
        self._note(1000 * (cost - canceller.solver_s + solved_s))  # solving: another thread's
        speaker.pump()
        self.worker.advance(speaker.position)
        speaker.pump()

    def _alignment(self) -> dict[str, float]:
        taps = self.speaker.audio.taps
        return {
            "delay_ms": round(1000 * seconds(taps.delay), 1),
            "drift_ppm": round(taps.drift_ppm, 1),
            "jumps": taps.jumps,
        }

    def _press(self, button: str) -> None:
        self.speaker.channels.audio.append(m.Pressed(self.speaker.position, button))

    def _note(self, cost_ms: float) -> None:
        speaker, room, taps = self.speaker, self.room, self.speaker.audio.taps
        now = speaker.position
        self.record.hops.append(
            Hop(
                wake=float(taps.wake),
                speech=float(taps.speech),
                gain=float(taps.gain),
                playing=bool(taps.playing),
                held=bool(taps.held),
                mode=speaker.main.mode.value,
                cost_ms=cost_ms,
            )
        )
        clean = speaker.audio.ring.read(now - HOP, now)
        self.record.add_sound(room.heard, room.played, clean, room.echo_hop, room.near_hop)


def simulate(
    scene_path: str | Path,
    out_dir: str | Path | None,
    *,
    settings: Settings | None = None,
    costs: Mapping[str, float] | None = None,
    fixed_costs: bool = False,
    console=None,
    play: bool = False,
) -> dict:
    """Play a scene file, write its files into ``out_dir`` (made if missing), return the report.

    The scene's own [settings] override ``settings``. ``costs`` fixes the worker's computing time
    per step, ``fixed_costs`` at ``FIXED_COSTS``; otherwise it is measured. ``console`` (rich's)
    gets the story; ``play`` sends the first microphone to the sound card. Raises BadInput.
    """
    scene = load_scene(scene_path)
    costs = FIXED_COSTS if fixed_costs and costs is None else costs
    return play_scene(scene, out_dir, settings=settings, costs=costs, console=console, play=play)


def play_scene(
    scene: Scene,
    out_dir: str | Path | None = None,
    *,
    settings: Settings | None = None,
    costs: Mapping[str, float] | None = None,
    console=None,
    play: bool = False,
) -> dict:
    """Like ``simulate``, for a Scene built in code; without ``out_dir`` nothing is written."""
    folder = _folder(out_dir)
    narrator = Narrator(console, scene) if console is not None else None
    with tempfile.TemporaryDirectory() as scratch:
        simulation = open_scene(scene, Path(scratch), settings=settings, costs=costs)
        try:
            report = _play(simulation, narrator)
        finally:
            simulation.speaker.close()
    if folder is not None:
        write_files(simulation.record, folder)
        write_report(report, folder)
        draw(simulation.record, report, folder / "timeline.png")
    if narrator is not None:
        narrator.end(report, folder)
    if play:
        _listen(simulation)
    return report


def _play(simulation: Simulation, narrator: Narrator | None) -> dict:
    if narrator is None:
        record = simulation.run()
    else:
        simulation.speaker.observers.append(narrator.observe)
        with narrator:
            record = simulation.run(lambda s: narrator.progress(s, simulation.record))
    return make_report(record, context_of(simulation))


def context_of(simulation: Simulation) -> dict:
    """Return what the report says beside the record."""
    scene, speaker = simulation.scene, simulation.speaker
    worker, wake = speaker.worker, speaker.settings.wake.word
    return {
        "title": scene.title,
        "duration_s": scene.duration_s,
        "engines": {
            "wake": f"openwakeword {wake}",
            "recogniser": worker.recogniser.name,
            "voice": worker.voice.name,
        },
        "memory": peak(),
        "wake_word": worker.wake_word,
        "lists": {name: list(items) for name, items in speaker.lists().items()},
        "expects": scene.expects,
    }


def open_scene(
    scene: Scene, scratch: Path, *, settings: Settings | None = None, costs=None
) -> Simulation:
    """Assemble the speaker in the scene's room; ``scratch`` takes a store of its own."""
    chosen = with_overrides(settings or Settings(), scene.settings, f"{scene.source}, [settings]")
    if "store.path" not in scene.settings:
        chosen = with_overrides(chosen, {"store.path": str(scratch / "scene.db")})
    try:
        board = load_board(scene.device.board)
    except BadInput as error:
        where = f"{scene.source}, [device], key board"
        raise BadInput(where, f'there is no "{scene.device.board}"', error.remedy) from error
    length = samples(scene.duration_s)
    room = VirtualRoom(scene.room, scene.device, board, seed=scene.seed, duration=length)

    def clock() -> datetime:
        return MONDAY_MORNING + timedelta(seconds=room.time_s)

    speaker = assemble(chosen, room, board=board, now=clock, revival=RoomRevival(room))
    speaker.fill_lists(scene.start)
    room.calibrate(voice_level(speaker))
    return Simulation(scene, speaker, room, costs=costs)


def voice_level(speaker: Speaker) -> float:
    """Return the level in dBFS at which the speaker's own voice reaches the device."""
    clip = speaker.worker.voice.speak(CALIBRATION)
    return active_level(clip.samples * volume_gain(speaker.settings.volume.level))


def _folder(out_dir: str | Path | None) -> Path | None:
    if out_dir is None:
        return None
    folder = Path(out_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadInput(str(folder), f"cannot be made: {reason}", "choose another --out") from error
    return folder


def _listen(simulation: Simulation) -> None:
    """Play what the first microphone heard on the sound card."""
    from assistant.audio.pyaudio_device import PyAudioDevice

    device = PyAudioDevice(simulation.speaker.settings.audio.device)
    try:
        for hop in simulation.record.mic:
            device.exchange(np.clip(LISTENING_GAIN * from_int16(hop[0]), -1.0, 1.0))
    finally:
        device.close()
