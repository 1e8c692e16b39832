"""The main thread: events in, ``step``, commands out to audio, worker and lights."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import get_args

from assistant import messages as m
from assistant.audio.format import SAMPLE_RATE
from assistant.conversation import step
from assistant.state import Mode, Rules, State

AUDIO = get_args(m.AudioCommand)
WORKER = get_args(m.WorkerCommand)


@dataclass
class Channels:
    """How the threads reach each other; made once, shared by all."""

    inbox: queue.SimpleQueue = field(default_factory=queue.SimpleQueue)  # events to main
    audio: deque = field(default_factory=deque)  # commands to the audio thread
    worker: queue.SimpleQueue = field(default_factory=queue.SimpleQueue)  # commands to the worker
    shown: m.Show = m.Show("idle")  # latest wins; the lights read it
    volume: float | None = None  # the level last set; the lights show a change
    away: str = ""  # why the sound card is away; the audio thread says so, the lights show it
    updating: bool = False  # a new version is being installed; the lights say so in silence
    cancelled: int = 0  # turns up to this one are nobody's business any more

    @property
    def mood(self) -> str:
        """The mood shown now."""
        return self.shown.mood


class MainLoop:
    """Owns the conversation's state. Main thread only."""

    def __init__(
        self, channels: Channels, position: Callable[[], int], rules: Rules | None = None
    ) -> None:
        self.channels = channels
        self.rules = rules or Rules()
        self.state = State()
        self.observers: list[Callable[[object, int], None]] = []
        self._position = position  # samples the audio thread has handled

    def pump(self) -> None:
        """Handle everything in the inbox without waiting, and the deadline if it passed."""
        while not self.channels.inbox.empty():
            self.handle(self.channels.inbox.get())
        self._tick()

    def wait(self, timeout_s: float) -> None:
        """Wait for one event at most ``timeout_s``, and handle it."""
        try:
            event = self.channels.inbox.get(timeout=timeout_s)
        except queue.Empty:
            self._tick()
            return
        self.handle(event)
        self._tick()

    def patience_s(self, longest_s: float = 0.5) -> float:
        """Return how long ``wait`` may sleep before the next deadline."""
        if self.state.deadline is None:
            return longest_s
        left = (self.state.deadline - self._position()) / SAMPLE_RATE
        return min(max(left, 0.0), longest_s)

    def handle(self, event: m.Event) -> None:
        """Step the conversation and send its commands."""
        self._observe(event)
        self.state, commands = step(self.state, event, self.rules)
        for command in commands:
            self.send(command)

    def send(self, command: m.Command) -> None:
        """Hand ``command`` to the thread it is for."""
        self._observe(command)
        if isinstance(command, m.Cancel):
            self.channels.cancelled = max(self.channels.cancelled, command.turn)
        if isinstance(command, m.SetVolume):
            self.channels.volume = command.level
        if isinstance(command, AUDIO):
            self.channels.audio.append(command)
        elif isinstance(command, WORKER):
            self.channels.worker.put(command)
        else:
            self.channels.shown = command

    @property
    def mode(self) -> Mode:
        """The conversation's mode."""
        return self.state.mode

    def _tick(self) -> None:
        deadline = self.state.deadline
        if deadline is not None and self._position() >= deadline:
            self.handle(m.Tick(self._position()))

    def _observe(self, message: object) -> None:
        for observer in self.observers:
            observer(message, self._position())
