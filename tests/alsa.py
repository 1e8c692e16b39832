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
