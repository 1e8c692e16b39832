"""A device that replays a recording: what the microphones heard once, as fast as asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant.audio.device import DeviceHealth, EndOfAudio, Layout
from assistant.audio.files import WavWriter, read_audio
from assistant.audio.format import HOP


class WavDevice:
    """Replays ``mic_path`` (WAV or FLAC, 16 kHz, any number of channels) as the microphones.

    With ``reference_path`` (mono) the last row of a hop is what the speaker played then, and
    ``layout.loopback`` names it; a shorter reference goes on with silence. What is handed to
    ``exchange`` goes to ``out_path``, if given. The recording's last, partial hop is filled up
    with zeros. Raises ``BadInput`` for a bad file. See ``Device`` for the methods.
    """

    def __init__(
        self,
        mic_path: str | Path,
        reference_path: str | Path | None = None,
        out_path: str | Path | None = None,
    ) -> None:
        mic = read_audio(mic_path, channels=None)
        rows, length = mic.shape
        self.hops = -(-length // HOP)
        reference = None if reference_path is None else read_audio(reference_path)
        self._sound = np.zeros((rows + (reference is not None), self.hops * HOP), np.float32)
        self._sound[:rows, :length] = mic
        if reference is not None:
            part = reference[: self.hops * HOP]
            self._sound[rows, : len(part)] = part
        self.layout = Layout(tuple(range(rows)), None if reference is None else rows)
        self._writer = None if out_path is None else WavWriter(out_path)
        self._hop = np.zeros((self._sound.shape[0], HOP), np.float32)
        self._at = 0

    def exchange(self, out: np.ndarray) -> np.ndarray:
        """Take a hop and return the recording's next one; never waits."""
        if self._at == self._sound.shape[1]:
            raise EndOfAudio
        if self._writer is not None:
            self._writer.write(out)
        self._hop[:] = self._sound[:, self._at : self._at + HOP]
        self._at += HOP
        return self._hop

    def health(self) -> DeviceHealth:
        """Return the counters: a recording loses nothing."""
        return DeviceHealth()

    def close(self) -> None:
        """Finish the written file."""
        self._at = self._sound.shape[1]
        if self._writer is not None:
            self._writer.close()
