"""The people and things of a scene: puts each sound into the room when its moment has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assistant import messages as m
from assistant.audio.format import HOP, samples
from assistant.memory import give_back
from assistant.room.device import VirtualRoom
from assistant.room.people import render_line, render_sound
from assistant.room.record import Record, Sounding
from assistant.room.scene import Press, Say, Scene, Sound, Unplug, When, Xrun

Entry = Say | Sound | Press | Unplug | Xrun


@dataclass(frozen=True)
class _Cue:
    """A sound ready to be heard, or something done to the speaker, and when."""

    entry: Entry
    at_mics: np.ndarray | None = None
    travel: int = 0  # samples from its place to the nearest microphone
    length: int = 0  # of the dry sound


class Stage:
    """Watches what happens, and lets the scene's people react to it.

    Lines with ``after`` count events: a wake is the WakeHeard, a reply begins and ends when its
    sound does, "ring" is the mood of that name.
    """

    def __init__(
        self, scene: Scene, room: VirtualRoom, record: Record, press: Callable[[str], None]
    ) -> None:
        self._room, self._record, self._press_button = room, record, press
        self._due: list[tuple[int, _Cue]] = []
        self._pending: list[_Cue] = []
        self._counts: Counter[str] = Counter()
        self._sounding: int | None = None  # turn whose reply sounds now
        self._begun = 0  # the newest turn whose reply has begun
        entries = (*scene.says, *scene.sounds, *scene.presses, *scene.unplugs, *scene.xruns)
        for number, entry in enumerate(entries):
            cue = self._prepare(scene, entry, scene.seed + number)
            if entry.when.at_s is None:
                self._pending.append(cue)
            else:
                self._due.append((samples(entry.when.at_s), cue))
        give_back()  # what making their sounds took is not the speaker's

    def _prepare(self, scene: Scene, entry: Entry, seed: int) -> _Cue:
        if isinstance(entry, Press | Unplug | Xrun):
            return _Cue(entry)
        if isinstance(entry, Say):
            person = scene.person(entry.person)
            dry, place = render_line(entry, person), person.position_m
        else:
            dry, place = render_sound(entry, seed), entry.position_m
        heard = self._room.at_mics(dry, place, talker=isinstance(entry, Say))
        return _Cue(entry, heard, self._room.travel(place), len(dry))

    def observe(self, message: object, at: int) -> None:
        """Count what lines may wait for; an observer of the speaker."""
        match message:
            case m.WakeHeard():
                self._happened("wake", message.at)
                self._ended(message.interrupted, message.at)
            case m.Pressed():
                self._ended(message.interrupted, message.at)
            case m.SegmentStarted() if message.turn > self._begun:
                self._begun = self._sounding = message.turn
                self._happened("reply", message.at - HOP + self._record.latency)
            case m.SpeechFinished():
                self._ended(message, message.at)
            case m.SpeechStopped():
                self._ended(message.position, message.at)
            case m.Show(mood="ringing"):
                self._happened("ring", at)

    def _ended(self, of: m.Position | m.SpeechFinished | None, at: int) -> None:
        if of is not None and of.turn == self._sounding:
            self._sounding = None
            self._happened("reply-end", at)

    def _happened(self, kind: str, at: int) -> None:
        self._counts[kind] += 1
        waiting, self._pending = self._pending, []
        for cue in waiting:
            when: When = cue.entry.when
            if when.after == kind and when.nth == self._counts[kind]:
                self._due.append((at + samples(when.offset_s), cue))
            else:
                self._pending.append(cue)

    def advance(self, now: int) -> None:
        """Start everything that begins before the end of the hop at ``now``."""
        ready = [(at, cue) for at, cue in self._due if at < now + HOP]
        if not ready:
            return
        self._due = [(at, cue) for at, cue in self._due if at >= now + HOP]
        for at, cue in ready:
            self._start(max(at, now), cue)

    def _start(self, at: int, cue: _Cue) -> None:
        entry = cue.entry
        if isinstance(entry, Press):
            self._press_button(entry.button)
            self._record.soundings.append(Sounding("press", entry.button, "", at, at))
            return
        if isinstance(entry, Unplug | Xrun):
            self._break(at, entry)
            return
        at = self._room.add(cue.at_mics, at)
        onset = at + cue.travel
        if isinstance(entry, Say):
            kind, who, text = "say", entry.person, entry.text
        else:
            name = entry.kind.removeprefix("noise:") if entry.kind else entry.wav.stem
            kind, who, text = "sound", name, ""
        sounding = Sounding(kind, who, text, onset, onset + cue.length, entry.wav is not None)
        self._record.soundings.append(sounding)

    def _break(self, at: int, entry: Unplug | Xrun) -> None:
        if isinstance(entry, Xrun):
            self._room.glitch(samples(entry.ms / 1000))
            self._record.soundings.append(Sounding("xrun", "xrun", "", at, at))
            return
        back = at + samples(entry.back_after_s)
        free = back + samples(entry.busy_s)
        self._room.unplug(back, free)
        self._record.soundings.append(Sounding("unplug", "sound card unplugged", "", at, free))
