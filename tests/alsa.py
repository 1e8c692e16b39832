"""ALSA without hardware: the null and file plug-ins, for tests of the sound card's device."""

from __future__ import annotations

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


GULP = 1024  # frames the card swallows between two looks at its plug

PUCK = """
pcm.puck {{ type asym
    capture.pcm {{ type plug slave {{ format S32_LE channels 1 rate {rate} pcm {{
        type file slave.pcm {{ type null }} file "/dev/null" infile "{plug}" format raw }} }} }}
    playback.pcm {{ type plug slave {{ format S32_LE channels 1 rate {rate} pcm {{
        type file slave.pcm {{ type null }} format raw
        file "|while [ -e {plug} -a $(head -c {gulp} | wc -c) -gt 0 ]; do :; done" }} }} }}
}}
"""


class Puck:
    """A card that can be pulled out: what it plays goes to a process that ends when it is.

    Then ALSA reports an error to PortAudio in the middle of the sound, as it does for a USB card,
    and the card's microphone cannot be opened until it is plugged in. The process looks for the
    plug itself: however late it gets to run, it finds out.
    """

    def __init__(self, folder: Path, monkeypatch, rate: int = SAMPLE_RATE) -> None:
        use_alsa(folder, monkeypatch)
        self._plug = folder / "plug"
        with (folder / "asound.conf").open("a") as config:
            config.write(PUCK.format(rate=rate, plug=self._plug, gulp=4 * GULP))
        self.plug_in()

    def plug_in(self) -> None:
        """Let the card be opened."""
        self._plug.write_bytes(bytes(4 * SAMPLE_RATE))

    def pull_out(self) -> None:
        """Break what plays, and let nobody open the card."""
        self._plug.unlink(missing_ok=True)
