"""What ``assistant doctor`` tries out: echo canceller, speed, priority, pins, latency, supply."""

from __future__ import annotations

import importlib.metadata
import os
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE, samples, seconds
from assistant.board import Board
from assistant.doctor import SETUP, Finding, pi_model
from assistant.errors import AssistantError
from assistant.machine import System
from assistant.settings import Settings

HOP_MS = 1000 * HOP / SAMPLE_RATE
TRIED_S = 4.0  # of sound, for the canceller and for the speed
GOOD_ERLE_DB, BAD_ERLE_DB = 18.0, 10.0
SLOW_MS, TOO_SLOW_MS = 0.5 * HOP_MS, 0.9 * HOP_MS  # of a hop's 16: half of the hops take more
MANY_LATE = 0.01
GPIO_PACKAGES = ("RPi.GPIO", "rpi-lgpio")
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"


def self_tests(settings: Settings, board: Board, system: System) -> Iterator[Finding]:
    """Yield the findings; takes some five seconds. Never raises."""
    yield gpio(system, board)
    yield from supply(system)
    running = _running()
    try:
        yield from echo_and_speed(settings, board, busy=running is None)
    except Exception as error:  # a broken native library may raise anything
        yield Finding("echo self-test", "red", f"does not run: {error}", SETUP)
    yield priority()
    yield latency(settings, board, running)
    yield calibration(settings, board)


# --- the computer ------------------------------------------------------------------------------


def gpio(system: System, board: Board) -> Finding:
    """Return whether the header's pins can be used, where there are any."""
    if not system.model:
        return Finding("GPIO", "green", "no header on this computer")
    installed = [name for name in GPIO_PACKAGES if _version(name)]
    needed = "red" if board.open_button is not None else "yellow"
    if not installed:
        return Finding("GPIO", needed, "neither rpi-lgpio nor RPi.GPIO is installed", SETUP)
    remedy = "pip uninstall RPi.GPIO rpi-lgpio, then ./install.sh setup"
    if len(installed) > 1:
        return Finding("GPIO", "red", "RPi.GPIO and rpi-lgpio overwrite each other", remedy)
    text = f"{installed[0]} {_version(installed[0])}"
    if installed[0] == "RPi.GPIO" and system.has_rp1:
        return Finding("GPIO", needed, f"{text} cannot work on a {system.model}", remedy)
    if installed[0] == "RPi.GPIO" and system.kernel >= (6, 6):
        text += " reports no edges on this kernel; the button is looked at instead"
        return Finding("GPIO", "yellow", text, remedy)
    chips = sorted((system.root / "dev").glob("gpiochip*"))
    if not any(os.access(chip, os.R_OK | os.W_OK) for chip in chips):
        return Finding("GPIO", needed, f"{text}, but the pins may not be opened",
                       "sudo usermod -aG gpio $USER, then log in again")  # fmt: skip
    return Finding("GPIO", "green", text)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def supply(system: System) -> Iterator[Finding]:
    """Yield whether the Pi's firmware has seen a weak supply or too much heat; nothing elsewhere.

    Bits: https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
    """
    try:
        bits = int(system.read(THROTTLED), 16)
    except ValueError:
        return
    told = [text for bit, text in ((0, "the supply is too weak now"), (16, "it was too weak"),
                                   (2, "it is slowed down now"), (18, "it was slowed down"))
            if bits >> bit & 1]  # fmt: skip
    if not told:
        yield Finding("supply", "green", "strong enough since the start")
        return
    remedy = "use the supply made for this Pi, a short cable, and a heat sink"
    yield Finding("supply", "red" if bits & 1 else "yellow", "; ".join(told), remedy)


def priority() -> Finding:
    """Return whether the audio thread may run before all others here."""
    from assistant.daemon import PRIORITY, be_prompt

    allowed: list[bool] = []
    thread = threading.Thread(target=lambda: allowed.append(be_prompt()))
    thread.start()
    thread.join()
    if allowed == [True]:
        return Finding("real-time priority", "green", f"{PRIORITY} of 99, for the audio thread")
    text = "not for this user: a busy computer may be heard as clicks"
    remedy = "the service has it; by hand, put '@audio - rtprio 20' into /etc/security/limits.d"
    return Finding("real-time priority", "yellow", text, remedy)


# --- the audio thread --------------------------------------------------------------------------


def echo_and_speed(settings: Settings, board: Board, busy: bool = True) -> Iterator[Finding]:
    """Run the audio thread in a simulated room, ``busy`` beside a thread that computes all day.

    It has the priority and the switch interval that it has in the speaker.
    """
    from assistant.app import SWITCH_INTERVAL_S
    from assistant.daemon import be_prompt

    loop, room = _loop(settings, board)
    hops: list[tuple[float, float, float, float]] = []

    def listen() -> None:
        be_prompt()
        for _ in range(round(TRIED_S * SAMPLE_RATE / HOP)):
            hops.append(_hop(loop, room))

    stop, interval = threading.Event(), sys.getswitchinterval()
    worker = threading.Thread(target=_compute, args=(stop,), daemon=True)
    audio = threading.Thread(target=listen, daemon=True)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        if busy:
            worker.start()
        audio.start()
        audio.join()
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        loop.close()
        loop.ears.close()
    if busy:
        worker.join()
    figures = np.array(hops)
    yield _erle(figures[:, 2:])
    yield _speed(figures[:, :2], len(board.layout.mics))


def _hop(loop, room) -> tuple[float, float, float, float]:
    """Return the ms a hop took by the clock and by the processor, and the echo before and after."""
    canceller = loop.ears.front_end.canceller
    solved, began, cpu = canceller.solver_s, time.perf_counter(), time.thread_time()
    loop.hop()
    own = room.exchange_s + canceller.solver_s - solved  # a speaker solves on another thread
    wall_ms = 1000 * (time.perf_counter() - began - own)
    cpu_ms = 1000 * (time.thread_time() - cpu - own)
    cleaned = loop.ears.front_end.cleaned[0]
    return wall_ms, cpu_ms, float(np.mean(room.heard[0] ** 2)), float(np.mean(cleaned**2))


def _loop(settings: Settings, board: Board):
    from assistant.audio.ears import Ears
    from assistant.audio.mixer import Mixer
    from assistant.audio.thread import AudioLoop
    from assistant.loop import Channels
    from assistant.messages import Begin, Clip, Play, Policy
    from assistant.room.device import VirtualRoom
    from assistant.room.scene import Placement, Room

    room = VirtualRoom(Room(rt60_s=0.25), Placement(distortion=0.01), board)
    positions = np.array(board.mics)
    ears = Ears(
        len(board.layout.mics), settings, loopback=board.layout.loopback is not None,
        positions=positions,
    )  # fmt: skip
    channels = Channels()
    loop = AudioLoop(room, ears, Mixer(level=1.0), channels, silence=samples(0.7))
    noise = np.random.default_rng(0).standard_normal(samples(TRIED_S + 1))
    spectrum = np.fft.rfft(noise) / (1 + (np.fft.rfftfreq(len(noise), 1 / SAMPLE_RATE) / 600) ** 2)
    sound = np.fft.irfft(spectrum, len(noise))
    clip = Clip((0.1 * sound / np.sqrt(np.mean(sound**2))).astype(np.float32))
    channels.audio.extend([Begin(1, Policy.CLOSED), Play(1, 0, clip, last=True)])
    return loop, room


def _compute(stop: threading.Event) -> None:
    while not stop.is_set():
        sum(n * n for n in range(1000))


def _erle(powers: np.ndarray) -> Finding:
    half = len(powers) // 2
    heard, left = powers[half:].mean(axis=0)
    erle = 10 * np.log10((heard + 1e-15) / (left + 1e-15))
    text = f"{erle:.0f} dB cancelled in a simulated room after {TRIED_S / 2:.0f} s"
    colour = "green" if erle >= GOOD_ERLE_DB else "yellow" if erle >= BAD_ERLE_DB else "red"
    return Finding("echo self-test", colour, text, "" if colour == "green" else SETUP)


def _speed(took_ms: np.ndarray, mics: int) -> Finding:
    wall, cpu = took_ms[20:].T
    half, most = np.median(cpu), np.quantile(cpu, 0.99)
    late = float(np.mean(wall > HOP_MS))
    text = (
        f"{half:.1f} ms of {HOP_MS:.0f} a hop with {mics} microphone{'s' * (mics > 1)}, "
        f"99 % within {most:.1f}; {100 * late:.1f} % late beside a busy program"
    )
    if half > TOO_SLOW_MS:
        remedy = "take a Pi 4 or 5, or a board with one microphone"
        return Finding("audio thread", "red" if pi_model() else "yellow", text, remedy)
    if half > SLOW_MS or late > MANY_LATE:
        return Finding("audio thread", "yellow", text, "close other programs; see assistant status")
    return Finding("audio thread", "green", text)


# --- the sound card ----------------------------------------------------------------------------


def _running() -> dict | None:
    from assistant.remote import tell

    try:
        return tell({"do": "status"})
    except AssistantError:
        return {}  # one runs, but we may not ask it


def latency(settings: Settings, board: Board, running: dict | None) -> Finding:
    """Return how late sound leaves the card, from the running speaker or by opening the card."""
    from assistant.sound_card import open_device

    if running is not None:
        sound = running.get("sound", {})
        if not sound:
            return Finding("latency", "yellow", "the running speaker does not answer you", SETUP)
        text = (
            f"{sound['latency_ms']:.0f} ms to the loudspeaker; since the start "
            f"{sound['late_hops']} hops late, dry {sound['dry']} times, card lost "
            f"{sound['outages']} times"
        )
        if sound["trouble"]:
            return Finding("latency", "red", sound["trouble"], "see docs/troubleshooting.md")
        return Finding("latency", "green", text)
    try:
        device = open_device(settings, board)
    except AssistantError as error:
        return Finding("latency", "yellow", f"not measured: {error}")
    try:
        rate, late = device.rate, device.health().output_latency
    finally:
        device.close()
    text = f"{1000 * seconds(late):.0f} ms to the loudspeaker, at {rate} Hz"
    good = seconds(late) < 0.25
    remedy = "" if good else "use another output: Bluetooth and some HDMI sets are too late"
    return Finding("latency", "green" if good else "yellow", text, remedy)


def calibration(settings: Settings, board: Board) -> Finding:
    """Return whether the way from loudspeaker to microphone was measured here."""
    if board.layout.loopback is not None:
        return Finding("calibration", "green", "not needed: the board returns what it plays")
    if settings.echo.delay_ms >= 0:
        return Finding("calibration", "green", f"delay of {settings.echo.delay_ms:.1f} ms measured")
    text = "not done: the first reply after each start is cancelled late"
    return Finding("calibration", "yellow", text, "assistant calibrate")
