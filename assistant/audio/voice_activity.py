"""Hears whether anybody speaks: Silero VAD's probability, renewed every 32 ms."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP
from assistant.audio.silero_ import CHUNK, CONTEXT, Model


class VoiceActivity:
    """Gives the probability that the newest sound is speech. One thread at a time.

    Source: Silero VAD v6, https://github.com/snakers4/silero-vad, its 16 kHz model: 512 samples
    a step, each with the last 64 of the step before. Raises ``EngineMissing``.
    """

    def __init__(self) -> None:
        self._model = Model()
        self._sound = np.zeros((1, CONTEXT + CHUNK), np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._model.reset()
        self._sound[:] = 0.0
        self._filled = CONTEXT
        self._probability = 0.0
        self.fresh = False

    def process(self, mono: np.ndarray) -> float:
        """Return the speech probability, 0 to 1; ``fresh`` tells whether this hop renewed it.

        ``mono`` is float32 (HOP,) in [-1, 1]. Audio thread; about 0.1 ms of a 2020s x86 core
        every second hop.
        """
        end = self._filled + HOP
        self._sound[0, self._filled : end] = mono
        self._filled = end
        self.fresh = end == CONTEXT + CHUNK
        if self.fresh:
            self._probability = self._model.run(self._sound)
            self._sound[0, :CONTEXT] = self._sound[0, CHUNK:]
            self._filled = CONTEXT
        return self._probability
