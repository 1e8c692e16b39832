"""The speaker as a service: restarted when its audio is stuck, apologising, commanded, ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import cli
from assistant.control import NAME, ask
from assistant.daemon import APOLOGY_EVERY_S, Crashes

ROOT = Path(__file__).resolve().parent.parent

# The shipped speaker on a sound card that stops answering, without an error, when told to.
SPEAKER = """
import sys, threading, time
from pathlib import Path
import numpy as np
from assistant.app import assemble, live
from assistant.audio.device import DeviceHealth, DeviceLost, Layout
from assistant.audio.reopen import Reopener
from assistant.errors import BadInput
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.settings import load

class Card:
    layout = Layout((0,))
    def __init__(self):
        self.due, self.quiet = time.perf_counter(), np.zeros((1, HOP), np.float32)
    def exchange(self, out):
        if Path(sys.argv[1], "gone").exists():
            raise DeviceLost("the card was pulled out")
        if Path(sys.argv[1], "stuck").exists():
            Path(sys.argv[1], "stuck").unlink()
            threading.Event().wait()
        self.due += HOP / SAMPLE_RATE
        threading.Event().wait(max(0.0, self.due - time.perf_counter()))
        return self.quiet
    def health(self): return DeviceHealth()
    def close(self): pass

def open_card():
    if Path(sys.argv[1], "gone").exists():
        raise BadInput("audio.device", "no sound card", "plug it in")
    return Card()

settings = load(None, [f"store.path={sys.argv[1]}/assistant.db", "speech.recogniser=vosk-household",
                       "speech.voice=espeak:en-us", f"skills.folder={sys.argv[1]}/skills"])
sys.exit(live(assemble(settings, Card(), revival=Reopener(open_card))))
"""


class Manager:
    """Supervises the speaker as systemd does: notify socket, watchdog, runtime folder."""

    def __init__(self, folder: Path, watchdog_s: float = 2.0) -> None:
        self.folder, self.watchdog_s = folder, watchdog_s
        self.runtime = folder / "run"
        self.runtime.mkdir()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        environ = {
            **os.environ,
            "NOTIFY_SOCKET": str(self.folder / "notify"),
            "WATCHDOG_USEC": str(int(self.watchdog_s * 1e6)),
            "RUNTIME_DIRECTORY": str(self.runtime),
            "ASSISTANT_CONFIG": os.devnull,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }
        environ.pop("JOURNAL_STREAM", None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", SPEAKER, str(self.folder)],
            env=environ, cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def hears(self, what: str, within_s: float) -> bool:
        """Whether that notification comes, each message in time."""
        self._socket.settimeout(within_s)
        try:
            while what not in self._socket.recv(4096).decode():
                pass
        except TimeoutError:
            return False
        return True

    def reads(self, text: str) -> list[str]:
        """Return the process's output up to the line with ``text``."""
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if text in line:
                return lines
        raise AssertionError("".join(lines))

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        self.rest = self.process.stdout.read()
        return self.process.wait(timeout=20)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process is not None:
            self.process.stdout.close()
        self._socket.close()


@pytest.fixture
def manager(tmp_path):
    manager = Manager(tmp_path)
    yield manager
    manager.close()


@pytest.mark.slow
def test_a_stuck_audio_thread_is_found_restarted_and_apologised_for(manager):
    manager.start()
    assert manager.hears("READY=1", 60.0)
    for _ in range(3):
        assert manager.hears("WATCHDOG=1", manager.watchdog_s)
    (manager.folder / "stuck").touch()
    while manager.hears("WATCHDOG=1", manager.watchdog_s):
        pass  # what was on its way
    assert manager.process.poll() is None  # alive, and deaf
    assert manager.end(signal.SIGABRT) == -signal.SIGABRT
    assert "in exchange" in manager.rest  # the log says where the audio thread was
    manager.process.stdout.close()
    manager.start()
    assert manager.hears("READY=1", 60.0)
    assert "Sorry, I had to start again." in manager.reads("says: ")[-1]
    assert manager.hears("WATCHDOG=1", manager.watchdog_s)
    assert manager.end(signal.SIGTERM) == 0
    assert not (manager.runtime / "running").exists()


@pytest.mark.slow
def test_a_speaker_that_waits_for_its_card_is_alive(manager, monkeypatch, capsys):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(manager.runtime))
    manager.start()
    assert manager.hears("READY=1", 60.0)
    (manager.folder / "gone").touch()
    assert manager.hears("STATUS=Waiting for the sound card: the card was pulled out", 10.0)
    for _ in range(6):
        assert manager.hears("WATCHDOG=1", manager.watchdog_s), "systemd would have killed it"
    assert cli.main(["status"]) == 0
    assert "waiting for the sound card: the card was pulled out" in capsys.readouterr().out
    (manager.folder / "gone").unlink()
    assert manager.hears("STATUS=Listening", 10.0)
    assert manager.hears("WATCHDOG=1", manager.watchdog_s)
    manager.reads("its sound card is back after")
    assert cli.main(["status", "--json"]) == 0
    sound = json.loads(capsys.readouterr().out)["sound"]
    assert sound["outages"] == 1 and sound["trouble"] == ""
    assert manager.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_the_command_line_talks_to_a_running_speaker(manager, monkeypatch, capsys):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(manager.runtime))
    manager.start()
    assert manager.hears("READY=1", 60.0)
    assert cli.main(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert isinstance(told["real_time_priority"], int)
    assert told["mode"] == "idle" and not told["muted"] and len(told["engines"]) == 2
    assert cli.main(["say", "Dinner is ready."]) == 0
    assert "Dinner is ready." in manager.reads("says: ")[-1]
    assert cli.main(["stop"]) == 0
    assert "button" in manager.reads("button")[-1]
    assert cli.main(["mute"]) == 0
    manager.reads("microphone muted")
    assert cli.main(["status"]) == 0
    shown = capsys.readouterr().out
    assert "microphone muted" in shown and "real-time priority" in shown
    assert cli.main(["mute", "--off"]) == 0
    manager.reads("microphone on")
    for light in ("on", "off"):
        assert cli.main(["lights", "--updating", light]) == 0
    assert not ask(manager.runtime / NAME, {"do": "updating"})["ok"]
    answer = ask(manager.runtime / NAME, {"do": "say", "text": "x" * 501})
    assert not answer["ok"] and "500" in answer["problem"]
    assert not ask(manager.runtime / NAME, {"do": "mute", "on": "yes"})["ok"]
    assert 'did you mean "stop"' in ask(manager.runtime / NAME, {"do": "stp"})["problem"]
    assert manager.end(signal.SIGTERM) == 0
    assert not (manager.runtime / NAME).exists()


def test_no_speaker_is_said_with_a_remedy(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    for verb in ("status", "stop", "mute"):
        assert cli.main([verb]) == 2
        assert capsys.readouterr().err.strip().endswith("start it with: assistant run")


def test_an_apology_is_due_after_a_crash_and_not_all_night(tmp_path):
    folder = tmp_path / "run"
    assert not Crashes(folder).begin(1000.0)
    assert Crashes(folder).begin(2000.0)
    assert not Crashes(folder).begin(2000.0 + APOLOGY_EVERY_S / 2)
    assert Crashes(folder).begin(2000.0 + APOLOGY_EVERY_S)
    Crashes(folder).end()
    assert not Crashes(folder).begin(9000.0)
    (folder / "running").write_text("rubbish")
    assert Crashes(folder).begin(9000.0)


def test_without_a_runtime_folder_there_is_no_apology():
    assert not Crashes(None).begin(0.0)
    Crashes(None).end()


PROMPT = """
import os, resource, sys, threading
from assistant.daemon import AUDIO_THREAD, PRIORITY, audio_priority, go_first
if sys.argv[1] == "refused" and os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534)
    resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
    os.setuid(65534)
seen, before = [], os.sched_getscheduler(0)
def audio(): go_first(); seen.append((os.sched_getscheduler(0), audio_priority()))
assert audio_priority() is None
thread = threading.Thread(target=audio, name=AUDIO_THREAD); thread.start(); thread.join()
(policy, priority), = seen
allowed = policy & os.SCHED_FIFO == os.SCHED_FIFO
assert priority == (PRIORITY if allowed else 0), seen
assert os.sched_getscheduler(0) == before
print(allowed)
"""


@pytest.mark.parametrize("how", ["as it is", "refused"])
def test_the_audio_thread_is_prompt_where_it_may_and_says_where_not(how):
    ran = subprocess.run(
        [sys.executable, "-c", PROMPT, how], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    refused = ran.stdout == "False\n"
    assert refused or how != "refused"
    assert ("usual priority" in ran.stderr and "LimitRTPRIO" in ran.stderr) == refused
