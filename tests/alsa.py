"""ALSA without hardware: the null and file plug-ins, for tests of the sound card's device."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import numpy as np

from assistant.audio.format import SAMPLE_RATE

CONFIG = """
pcm.default {{ type null }}
pcm.nothing {{ type null }}
pcm.recorder {{ type asym
    capture.pcm {{ type plug slave {{ format S32_LE channels 1 rate {rate} pcm {{
        type file slave.pcm {{ type null }} file "/dev/null" infile "{mic}" format raw }} }} }}
    playback.pcm {{ type plug slave {{ format S32_LE channels 1 rate {rate} pcm {{
        type file slave.pcm {{ type null }} file "{out}" format raw }} }} }}
}}
"""


def use_alsa(folder: Path, monkeypatch, mic: np.ndarray | None = None, rate=SAMPLE_RATE) -> Path:
    """Give ALSA three cards: 'default', 'nothing', and 'recorder', which hears ``mic``.

    ``mic`` is 32-bit PCM, mono. Returns the file to which 'recorder' writes the same kind.
    """
    heard, played = folder / "mic.raw", folder / "played.raw"
    heard.write_bytes((np.zeros(1, np.int32) if mic is None else mic).tobytes())
    config = folder / "asound.conf"
    config.write_text(CONFIG.format(out=played, mic=heard, rate=rate))
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    return played


PUCK = """
pcm.puck {{ type asym
    capture.pcm {{ type plug slave {{ format S32_LE channels 1 rate {rate} pcm {{ type null }} }} }}
    playback.pcm {{ type plug slave {{ format S32_LE channels 1 rate {rate} pcm {{
        type file slave.pcm {{ type null }} format raw
        file "|echo $$ >> {pids}; exec cat > /dev/null" }} }} }}
}}
"""


class Puck:
    """A card that can be pulled out: what it plays goes to a process that can be killed.

    Then ALSA reports an error to PortAudio in the middle of the sound, as it does for a USB card.
    """

    def __init__(self, folder: Path, monkeypatch, rate: int = SAMPLE_RATE) -> None:
        use_alsa(folder, monkeypatch)
        self._config, self._pids = folder / "asound.conf", folder / "pids"
        self._without = self._config.read_text()
        self.rate = rate
        self.plug_in()

    def plug_in(self) -> None:
        """Let ALSA know the card."""
        self._pids.write_text("")
        self._config.write_text(self._without + PUCK.format(rate=self.rate, pids=self._pids))

    def pull_out(self) -> None:
        """Break what plays, and let ALSA forget the card."""
        self._config.write_text(self._without)
        for pid in self._pids.read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
