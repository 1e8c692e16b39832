"""The sound card's device on a card with a real clock, at 48 kHz: JACK's dummy driver.

Run as a program it plays noise, hears it again, and prints what it measured as JSON. (libjack
looks for its server only once in a process.)
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from assistant.audio.format import HOP
from tests.alsa import use_alsa
from tests.data import ROOT


@pytest.fixture
def jack(tmp_path, monkeypatch):
    """Run a JACK server of our own on its dummy driver."""
    pytest.importorskip("pyaudio", reason="needs PyAudio (portaudio19-dev)")
    if not all(shutil.which(tool) for tool in ("jackd", "jack_wait", "jack_connect")):
        pytest.skip("needs jackd (apt-get install jackd2)")
    use_alsa(tmp_path, monkeypatch)
    name = f"assistant-{os.getpid()}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    monkeypatch.setenv("JACK_NO_AUDIO_RESERVATION", "1")
    command = ["jackd", "--no-realtime", "-n", name, "-d", "dummy", "-r", "48000", "-p", "256"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            subprocess.run(["jack_wait", "-w", "-t", "10", "-s", name], check=True, timeout=15)
            yield
        finally:
            server.terminate()


@pytest.mark.slow
def test_the_lag_stays_and_the_latency_is_told_at_48_khz(jack):
    command = [sys.executable, "-m", "tests.audio.test_pyaudio_clock"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout.splitlines()[-1])
    assert measured["rate"] == 48_000
    assert len(set(measured["lags"])) == 1
    assert 0 < measured["lags"][0] - measured["output_latency"] < 4 * HOP


def lag_of(played: np.ndarray, echo: np.ndarray, start: int) -> int:
    """Return how late ``played`` is in 25 hops of ``echo``, in samples."""
    part, size = echo[start : start + 25 * HOP], 2**16
    cross = np.fft.irfft(np.fft.rfft(part, size) * np.conj(np.fft.rfft(played, size)))
    best = int(np.argmax(cross))
    if cross[best] < 0.7 * float(part @ part):
        raise SystemExit("the echo is not what was played")
    return (best + start) % size


def measure() -> dict:
    """Join the card's output to its input, play noise, and find it again."""
    from assistant.audio.pyaudio_device import PyAudioDevice

    device = PyAudioDevice("system")
    device.exchange(np.zeros(HOP, np.float32))
    ports = subprocess.run(["jack_lsp"], capture_output=True, text=True).stdout.splitlines()
    ends = (next(p for p in ports if p.startswith(f"PortAudio:{end}")) for end in ("out", "in"))
    subprocess.run(["jack_connect", *ends], check=True)
    played = np.random.default_rng(0).normal(0, 0.1, (120, HOP)).astype(np.float32)
    echo = np.concatenate([device.exchange(hop)[0].copy() for hop in played])
    device.close()
    return {
        "rate": device.rate,
        "lags": [lag_of(played.ravel(), echo, start * HOP) for start in (20, 55, 90)],
        "output_latency": device.health().output_latency,
    }


if __name__ == "__main__":
    print(json.dumps(measure()))
