"""Puts the speaker together from its settings, and runs it in four threads on a sound card."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from assistant import messages as m
from assistant.audio.device import Device
from assistant.audio.ears import Ears
from assistant.audio.format import samples
from assistant.audio.mixer import Mixer
from assistant.audio.openwakeword_ import word_name
from assistant.audio.reopen import Revival
from assistant.audio.thread import AudioLoop
from assistant.board import Board, Found, find_board, load_board
from assistant.daemon import AUDIO_THREAD, Service, go_first, observer
from assistant.dialogue import Dialogue
from assistant.errors import AssistantError
from assistant.loop import Channels, MainLoop
from assistant.machine import System
from assistant.memory import give_back
from assistant.messages import Policy
from assistant.models.registry import folder
from assistant.panel import Panel
from assistant.plugins import load_skills
from assistant.settings import Settings
from assistant.skill import Skill
from assistant.sound_card import open_or_wait, reopener
from assistant.speech.address import called, with_address
from assistant.speech.engines import introduction, open_recogniser, open_voice
from assistant.speech.own_words import OwnWords, read_words
from assistant.speech.worker import Worker
from assistant.state import Rules
from assistant.store import Store
from assistant.understanding import Understanding

# numpy gives up the GIL in every call on more than some 500 elements, so a hop has dozens of
# moments at which a busy thread may take it. With Python's 5 ms nearly every hop is late, with 1 ms
# one in twenty, with this none (tests/benchmarks/bench_cpu.py).
SWITCH_INTERVAL_S = 0.0001


@dataclass
class Speaker:
    """The assembled speaker; whoever drives it calls ``audio.hop``, ``pump`` and the worker."""

    settings: Settings
    channels: Channels
    audio: AudioLoop
    main: MainLoop
    worker: Worker
    store: Store
    skills: tuple[Skill, ...]
    engines: tuple[str, ...]  # a sentence on each engine, for the owner

    @property
    def inbox(self):
        """Events to main."""
        return self.channels.inbox

    @property
    def worker_queue(self):
        """Commands to the worker."""
        return self.channels.worker

    @property
    def observers(self) -> list[Callable[[object, int], None]]:
        """Called with every event and command, and the sample count, on the main thread."""
        return self.main.observers

    @property
    def position(self) -> int:
        """Samples handled so far."""
        return self.audio.position

    def lists(self) -> dict[str, list[str]]:
        """Return every list the skills keep, by name."""
        found: dict[str, list[str]] = {}
        for skill in self.skills:
            found |= skill.contents(self.store) if skill.contents else {}
        return found

    def fill_lists(self, start: Mapping[str, Sequence[str]]) -> None:
        """Put things on lists before anybody speaks (a scene's [start])."""
        for skill in self.skills:
            for name, things in start.items() if skill.fill else ():
                skill.fill(self.store, name, list(things))

    def pump(self) -> None:
        """Let main handle what is in its inbox."""
        self.main.pump()

    def close(self) -> None:
        """Release engines, device and store."""
        self.worker.close()
        self.audio.ears.close()
        self.audio.close()
        self.store.close()


def rules_of(settings: Settings) -> Rules:
    """Return the conversation's durations from the settings."""
    talk = settings.conversation
    return Rules(
        question=samples(talk.question_s),
        follow_up=samples(talk.follow_up_s),
        silence=samples(talk.silence_s),
        policy=Policy(settings.bargein.policy),
    )


def assemble(
    settings: Settings,
    device: Device,
    *,
    board: Board | None = None,
    live: bool = False,
    revival: Revival | None = None,
    now: Callable[[], datetime] = datetime.now,
) -> Speaker:
    """Build every part around ``device``; nothing runs yet. ``now`` is the skills' clock.

    ``board`` tells where the microphones are; ``live`` that time passes by itself, so that long
    computations go to threads of their own. ``revival`` gets a lost device back.
    """
    channels = Channels()
    mixer = Mixer(
        level=settings.volume.level,
        duck_db=settings.bargein.duck_db,
        hold_ms=settings.bargein.hold_ms,
        latency=device.health().output_latency,
    )
    ears = Ears(
        len(device.layout.mics),
        settings,
        loopback=device.layout.loopback is not None,
        background=live,
        positions=np.array(board.mics) if board else None,
    )
    silence = samples(settings.conversation.silence_s)
    audio = AudioLoop(device, ears, mixer, channels, silence=silence, revival=revival)
    main = MainLoop(channels, lambda: audio.position, rules_of(settings))
    store = Store(settings.store.path)
    understanding = Understanding(load_skills(settings, store).skills)
    dialogue = Dialogue(understanding, store, channels.inbox.put, now, volume=settings.volume.level)
    models = folder(settings)
    name = called(settings.wake.word)
    recogniser, ears_are = open_recogniser(
        settings.speech,
        with_address(understanding.grammar(), name),
        understanding.vocabulary(),
        models,
    )
    voice, voice_is = open_voice(settings.speech, models)
    own = OwnWords((*settings.speech.words, *read_words()), understanding.vocabulary())
    worker = Worker(
        channels,
        audio.ring,
        recogniser,
        dialogue,
        voice,
        understanding.stop_phrases(),
        samples(settings.speech.pause_ms / 1000),
        own,
        name,
    )
    engines = (ears_are, voice_is)
    give_back()
    return Speaker(settings, channels, audio, main, worker, store, understanding.skills, engines)


def listen(speaker: Speaker) -> None:
    """Handle hop after hop, before every other thread if that is allowed; the audio thread."""
    go_first()
    speaker.audio.run()


def work(speaker: Speaker) -> None:
    """Serve the worker's queue until None arrives; the worker thread's whole life."""
    for _ in speaker.worker.prepare():
        if not speaker.channels.worker.empty():
            break
    while (command := speaker.channels.worker.get()) is not None:
        for event in speaker.worker.handle(command):
            speaker.channels.inbox.put(event)


def serve(speaker: Speaker, until: Callable[[Speaker], bool] | None = None) -> str | None:
    """Run the four threads until Ctrl-C, a lost device, or ``until`` says so.

    Returns the reason when the audio failed. The speaker is closed afterwards.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    failed: list[str] = []
    speaker.observers.append(
        lambda msg, _at: failed.append(msg.reason) if isinstance(msg, m.AudioFailed) else None
    )
    threads = [
        threading.Thread(target=listen, args=(speaker,), name=AUDIO_THREAD, daemon=True),
        threading.Thread(target=work, args=(speaker,), name="worker", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        while not failed and not (until and until(speaker)):
            speaker.main.wait(speaker.main.patience_s())
    except KeyboardInterrupt:
        pass
    finally:
        speaker.audio.stopping = True
        speaker.channels.worker.put(None)
        for thread in threads:
            thread.join(timeout=5.0)
        speaker.close()
    return failed[0] if failed else None


def run(settings: Settings) -> int:
    """Run the speaker on the sound card of the settings; return the exit status."""
    board, found = find_board(settings.audio.board, System())
    device = open_or_wait(settings, board, patient="NOTIFY_SOCKET" in os.environ)
    again = reopener(settings, board)
    speaker = assemble(settings, device, board=board, live=True, revival=again)
    if text := introduction(speaker.worker.recogniser, speaker.worker.voice, speaker.store):
        speaker.channels.inbox.put(m.SayAsked(0, text))
    print("\n".join(introduce(board, found, settings.audio.device)))
    return live(speaker, board)


def live(speaker: Speaker, board: Board | None = None) -> int:
    """Serve as a service does, with systemd, the command line and the board's lights and button.

    Returns the exit status. Raises AssistantError when the audio failed.
    """
    speaker.observers.append(observer().observe)
    print("\n".join(speaker.engines))
    word = word_name(speaker.settings.wake.word).replace("_", " ")
    print(f'Say "{word}". Ctrl-C ends it.', flush=True)
    asked_off: list[m.PowerHeld] = []
    speaker.observers.append(
        lambda msg, _at: asked_off.append(msg) if isinstance(msg, m.PowerHeld) else None
    )
    board = board or load_board("default")
    panel = Panel(board, speaker.channels, lambda: speaker.audio.muted, speaker.settings)
    service, failed = Service(speaker), "it did not end by itself"

    def over(_speaker: Speaker) -> bool:
        return service.beat(speaker) or panel.look() or bool(asked_off)

    panel.start()
    try:
        failed = serve(speaker, over)
    finally:
        panel.stop()
        service.close(failed=failed is not None)
    if failed:
        raise AssistantError(failed)
    if asked_off:
        power_off()
    return 0


def introduce(board: Board, found: Sequence[Found], device: str = "default") -> list[str]:
    """Return the sentences on the board for the owner: which, its limits, and what was refused."""
    lines = [f"board: {board.title}"]
    warning = board.sound_warning(device)
    lines += [f"board: {limit}" for limit in (*board.limits, *([warning] if warning else []))]
    for other in found:
        if not other.ready:
            lines.append(f"board: {other.board} is not used: {other.problem}; {other.remedy}")
    return lines


def power_off() -> None:
    """Shut the computer down in order; systemd asks polkit whether this user may."""
    subprocess.run(["systemctl", "poweroff"], check=False)
