"""The speaker as a system service: systemd, the control socket, and the word after a crash."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import messages as m
from assistant.audio.format import SAMPLE_RATE, seconds
from assistant.control import NAME, ControlServer, folders
from assistant.errors import BadInput, did_you_mean
from assistant.journald import JournalHandler, under_journal
from assistant.notify import LISTENING, Notifier, Pulse, watchdog_interval_s
from assistant.state import Mode
from assistant.status import Status, line

if TYPE_CHECKING:
    from assistant.app import Speaker

log = logging.getLogger(__name__)

AUDIO_THREAD = "audio"  # its name
PRIORITY = 10  # of the audio thread, 1 to 99; the sound card's own interrupt threads have 50
MAX_TEXT = 500  # characters that `say` takes
APOLOGY = "Sorry, I had to start again."
APOLOGY_EVERY_S = 600.0


def be_prompt() -> bool:
    """Give the calling thread real-time priority where that is allowed; return whether it is.

    The service may (LimitRTPRIO in assistant.service); started by hand, usually not.
    """
    try:
        parameter = os.sched_param(PRIORITY)
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, parameter)
    except OSError:
        return False
    return True


def go_first() -> None:
    """Do what ``be_prompt`` does, and tell the journal where it is not allowed."""
    if not be_prompt():
        log.warning(
            "the audio thread has the usual priority, for real time was refused: speech may "
            "stutter while this computer is busy; LimitRTPRIO=20 in the service allows it"
        )


def audio_priority() -> int | None:
    """Return the real-time priority the audio thread has, 0 for the usual one, None without one.

    Asked of the kernel, not remembered.
    """
    for thread in threading.enumerate():
        if thread.name == AUDIO_THREAD and thread.native_id is not None:
            with contextlib.suppress(OSError):  # it has just ended
                return os.sched_getparam(thread.native_id).sched_priority
    return None


class Crashes:
    """Knows from a file in ``folder`` whether the process before this one ended by itself."""

    def __init__(self, folder: Path | None) -> None:
        self._file = folder / "running" if folder is not None else None

    def begin(self, now_s: float) -> bool:
        """Note that the speaker runs; return whether an apology is due.

        Not again within ten minutes: a speaker that cannot stay up must not say so all night.
        """
        if self._file is None:
            return False
        try:
            text = self._file.read_text()
        except OSError:
            text = None
        apologised = _number(text)
        due = text is not None and not 0 <= now_s - apologised < APOLOGY_EVERY_S
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._file.write_text(str(now_s if due else apologised))
        return due

    def end(self) -> None:
        """Note that the speaker ended because it was told to."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


class Controls:
    """What may be asked of a running speaker; any thread."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._began = time.monotonic()
        self._verbs = {
            "status": self._status,
            "say": self._say,
            "stop": self._stop,
            "mute": self._mute,
            "updating": self._updating,
        }

    def act(self, request: dict) -> dict:
        """Do one request; raises BadInput for one that makes no sense."""
        verb = request.get("do")
        if not isinstance(verb, str) or verb not in self._verbs:
            raise BadInput("do", f"there is no {verb!r:.40}", did_you_mean(str(verb), self._verbs))
        return self._verbs[verb](request)

    def _status(self, _request: dict) -> dict:
        speaker, state = self._speaker, self._speaker.main.state
        return {
            "mode": state.mode.value,
            "muted": state.muted,
            "mood": speaker.channels.mood,
            "listened_s": round(seconds(speaker.position), 1),
            "up_s": round(time.monotonic() - self._began, 1),
            "engines": list(speaker.engines),
            "real_time_priority": audio_priority(),
            "wake_word": speaker.settings.wake.word,
            "sound": _sound(speaker),
        }

    def _say(self, request: dict) -> dict:
        text = request.get("text")
        if not isinstance(text, str) or not text.strip() or len(text) > MAX_TEXT:
            raise BadInput("text", f"is no text of 1 to {MAX_TEXT} characters", "give it words")
        if self._speaker.main.mode is not Mode.IDLE:
            raise BadInput("say", "the speaker is in a conversation", "try again when it is over")
        self._speaker.inbox.put(m.SayAsked(self._speaker.position, text))
        return {}

    def _stop(self, _request: dict) -> dict:
        self._speaker.channels.audio.append(m.StopMedia())
        if self._speaker.main.mode is not Mode.IDLE:  # there a press would open the microphone
            self._speaker.channels.audio.append(m.Pressed(0, "control"))
        return {}

    def _mute(self, request: dict) -> dict:
        on = request.get("on")
        if not isinstance(on, bool):
            raise BadInput("on", "is neither true nor false", "say which")
        self._speaker.inbox.put(m.MuteSet(on))
        return {"muted": on}

    def _updating(self, request: dict) -> dict:
        on = request.get("on")
        if not isinstance(on, bool):
            raise BadInput("on", "is neither true nor false", "say which")
        self._speaker.channels.updating = on
        return {}


def _sound(speaker: Speaker) -> dict:
    health, audio = speaker.audio.device.health(), speaker.audio
    return {
        "trouble": speaker.channels.away,
        "outages": audio.outages,
        "lost_samples": health.overruns,
        "dry": health.underruns,  # times the loudspeaker had nothing to play
        "late_hops": health.late,
        "latency_ms": round(1000 * seconds(health.output_latency), 1),
        "delay_jumps": audio.taps.jumps,
        "delay_ms": round(1000 * seconds(audio.taps.delay), 1),
    }


class Service:
    """Everything around ``serve``; make it when the speaker is assembled. Main thread only.

    Outside systemd it offers the control socket, ends on SIGTERM, and that is all.
    """

    def __init__(self, speaker: Speaker, environ: Mapping[str, str] = os.environ) -> None:
        self._notifier = Notifier(environ)
        self._pulse = Pulse(
            self._notifier, lambda: speaker.audio.hops, watchdog_interval_s(environ)
        )
        runtime = environ.get("RUNTIME_DIRECTORY")
        self._crashes = Crashes(Path(runtime) if runtime else None)
        self._stopped, self._away = False, ""
        self._control = _open_control(Controls(speaker), environ)
        self._restore = signal.signal(signal.SIGTERM, self._stop)
        if not faulthandler.is_enabled():
            # The watchdog ends a stuck process with SIGABRT: then every thread says where it was.
            faulthandler.enable()
        if self._crashes.begin(time.time()):
            speaker.inbox.put(m.SayAsked(0, APOLOGY))

    def beat(self, speaker: Speaker) -> bool:
        """Feed the watchdog; return whether the service is told to end (``until`` of serve)."""
        self._pulse.beat()
        away = speaker.channels.away
        if away != self._away and self._pulse.ready:
            self._away = away
            self._notifier.send(STATUS=f"Waiting for the sound card: {away}" if away else LISTENING)
        return self._stopped

    def close(self, failed: bool) -> None:
        """Say goodbye; ``failed`` keeps the mark that makes the next process apologise."""
        self._notifier.send(STOPPING=1)
        self._notifier.close()
        if self._control is not None:
            self._control.close()
        if not failed:
            self._crashes.end()
        signal.signal(signal.SIGTERM, self._restore)

    def _stop(self, _signal: int, _frame: object) -> None:
        self._stopped = True


def _open_control(controls: Controls, environ: Mapping[str, str]) -> ControlServer | None:
    for folder in folders(environ):
        try:
            return ControlServer(folder / NAME, controls.act)
        except OSError as error:
            log.info("no control socket in %s: %s", folder, error)
    return None


class JournalStatus:
    """Puts what ``Status`` would print into the journal, with the turn and the event as fields."""

    def observe(self, message: object, at: int) -> None:
        """Take one message of the main loop (an observer of ``MainLoop``)."""
        text = line(message)
        if text is None:
            return
        fields = {"EVENT": type(message).__name__, "AT_S": f"{at / SAMPLE_RATE:.3f}"}
        turn = getattr(message, "turn", None)
        if turn:
            fields["TURN"] = str(turn)
        log.info("%s", text, extra={"fields": fields})


def observer() -> Status | JournalStatus:
    """Return what reports the conversation here: the journal under systemd, else the terminal."""
    if not under_journal():
        return Status()
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[JournalHandler()])
    return JournalStatus()
