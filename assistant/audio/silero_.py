"""The adapter of Silero VAD's model file (never of its package, which imports torch)."""

from __future__ import annotations

import numpy as np

from assistant.audio.onnx_ import file_in_wheel, open_session

CHUNK = 512  # samples a decision is made on
CONTEXT = 64  # samples of the chunk before that go with it
MODEL = "silero_vad_16k_op15.onnx"


class Model:
    """Runs the network, which keeps its recurrent state here."""

    def __init__(self) -> None:
        self._session = open_session(file_in_wheel("silero_vad", f"data/{MODEL}"))
        self._rate = np.array(16_000, np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._state = np.zeros((2, 1, 128), np.float32)

    def run(self, sound: np.ndarray) -> float:
        """Return the speech probability of float32 ``sound`` (1, CONTEXT + CHUNK)."""
        inputs = {"input": sound, "state": self._state, "sr": self._rate}
        probability, self._state = self._session.run(None, inputs)
        return float(probability.item())
