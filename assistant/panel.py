"""Connects a board's lights, button, mute switch and bearing to the speaker.

Two threads at most, and neither is ever waited for: "lights" draws, "controls" watches what has
to be looked at. Edges of the button come on the driver's own thread. All of them only post.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from assistant import messages as m
from assistant.board import Bearing, Board, Button, Lights, Mute
from assistant.button import Gesture, Gestures
from assistant.lights.painter import Brightness, Painter, Scene, quiet_hours
from assistant.loop import Channels
from assistant.service import Service
from assistant.settings import Settings

LIGHTS_HZ, CONTROLS_HZ = 30.0, 30.0
MUTE_EVERY = 5  # looks at the controls between two questions to the board's mute switch
POINTING = ("listening", "held")
SOUNDING = ("speaking", "held", "thinking", "ringing")  # a press only ends these


@dataclass(frozen=True)
class MuteStep:
    """What one comparison of the board's mute switch with the speaker's asks for."""

    post: bool | None = None  # tell main that the owner switched it so, at the board
    write: bool | None = None  # switch the board so


def reconcile(board: bool, speaker: bool, board_was: bool | None, speaker_was: bool) -> MuteStep:
    """Return who follows whom: whichever changed since the last look leads, the board first.

    At the very first look (``board_was`` None) a muted side mutes the other one.
    """
    if board == speaker:
        return MuteStep()
    if board_was is None:
        return MuteStep(post=True) if board else MuteStep(write=True)
    if board != board_was:
        return MuteStep(post=board)
    return MuteStep(write=speaker) if speaker != speaker_was else MuteStep()


class Controls:
    """The board's button, mute switch and bearing, opened. Controls thread, except ``feed``."""

    def __init__(self, board: Board, panel: Panel) -> None:
        self._panel = panel
        self._button: Button | None = None
        self._mute: Mute | None = None
        self._bearing: Bearing | None = None
        self._looks = 0
        self._was: tuple[bool | None, bool] = (None, False)
        try:
            self._button = board.open_button(panel.feed) if board.open_button else None
            self._mute = board.open_mute() if board.open_mute else None
            self._bearing = board.open_bearing() if board.open_bearing else None
        except BaseException:
            self.close()
            raise

    def look(self, now_s: float) -> None:
        """Look at everything once. Raises OSError when the board is gone."""
        if self._button is not None:
            self._panel.ask(now_s, self._button.down)
        if self._mute is not None and self._looks % MUTE_EVERY == 0:
            self._compare(self._mute)
        if self._bearing is not None and self._panel.pointing:
            self._panel.direction_deg = self._bearing.degrees()
        self._looks += 1

    def _compare(self, mute: Mute) -> None:
        board, speaker = mute.get(), self._panel.muted()
        todo = reconcile(board, speaker, *self._was)
        if todo.post is not None:
            self._panel.channels.inbox.put(m.MuteSet(todo.post))
        if todo.write is not None:
            mute.set(todo.write)
            board = mute.get()
        self._panel.board_muted = board
        self._was = (board, speaker)

    def close(self) -> None:
        """Release all of them."""
        for part in (self._button, self._mute, self._bearing):
            if part is not None:
                part.close()


class Panel:
    """Runs a board's lights and controls for one speaker.

    ``muted`` returns whether the audio thread really hears zeros: the red light shows that, not
    what main wishes. ``start``, ``look`` and ``stop`` belong to main.
    """

    def __init__(
        self, board: Board, channels: Channels, muted: Callable[[], bool], settings: Settings
    ) -> None:
        chosen = settings.lights
        self.channels, self.muted = channels, muted
        self.board_muted = False
        self.direction_deg: float | None = None
        self._painter = Painter(board.ring)
        self._gestures, self._button_lock = Gestures(), threading.Lock()
        self._brightness = Brightness(
            chosen.brightness, quiet_hours(chosen.quiet), chosen.quiet_brightness
        )
        self._explain = False
        self._shutdown = settings.button.shutdown
        self._services: list[Service] = []
        if board.open_lights is not None and chosen.enabled:
            self._add("lights", board.open_lights, self.draw, LIGHTS_HZ)
        if board.open_button or board.open_mute or board.open_bearing:
            self._add("controls", lambda: Controls(board, self), Controls.look, CONTROLS_HZ)

    def _add(self, name: str, open_driver, step, hz: float) -> None:
        self._services.append(Service(name, open_driver, step, hz=hz, report=self._report))

    def start(self) -> None:
        """Begin; returns at once."""
        for service in self._services:
            service.start()

    def look(self) -> None:
        """Notice drivers that hang; main's loop calls it some times a second."""
        for service in self._services:
            service.look()

    def stop(self) -> None:
        """Put the lights out and let go of the board."""
        for service in self._services:
            service.stop()

    @property
    def pointing(self) -> bool:
        """Whether the direction of the talker is of interest now."""
        return self.channels.mood in POINTING

    def scene(self) -> Scene:
        """Return what there is to show now."""
        shown, muted = self.channels.shown, self.muted() or self.board_muted
        direction = shown.direction_deg if shown.direction_deg is not None else self.direction_deg
        mood = "error" if self.channels.away else shown.mood
        if mood == "idle" and self.channels.updating:
            mood = "updating"
        return Scene(mood, direction, muted, self.channels.volume)

    def feed(self, t_s: float, down: bool) -> None:
        """Take an edge of the button at ``t_s`` (monotonic seconds); the driver's thread."""
        self.ask(t_s, lambda: down)

    def ask(self, t_s: float, down: Callable[[], bool]) -> None:
        """Look at the button at ``t_s``; the controls thread.

        ``down`` is called under the lock: a level read before an edge must not arrive after it.
        """
        with self._button_lock:
            gestures = self._gestures.update(t_s, down())
        for gesture in gestures:
            self._act(gesture)

    def _act(self, gesture: Gesture) -> None:
        if gesture is Gesture.PRESS:
            # Whoever holds it to unmute must not be told how to unmute: wait for the release.
            self._explain = self.muted() and self.channels.mood not in SOUNDING
            self.channels.audio.append(m.Pressed(0))
        elif gesture is Gesture.TAP:
            if self._explain:
                self.channels.audio.append(m.Pressed(0, "explain"))
        elif gesture is Gesture.DOUBLE:
            self.channels.audio.append(m.Pressed(0, "repeat"))
        elif gesture is Gesture.HOLD:
            self.channels.inbox.put(m.MuteSet(not (self.muted() or self.board_muted)))
        elif self._shutdown:
            self.channels.inbox.put(m.PowerHeld())

    def draw(self, lights: Lights, now_s: float) -> None:
        """Show this moment; the lights thread."""
        limit = self._brightness.at(datetime.now().time())
        lights.show(self._painter.paint(self.scene(), now_s, limit))

    def _report(self, text: str) -> None:
        self.channels.inbox.put(m.BoardTold(text))
