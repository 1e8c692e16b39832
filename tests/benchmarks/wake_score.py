"""Scores whole recordings with openWakeWord's own ONNX models, in one batch.

The same three models as the wheel runs (melspectrogram, Google speech embedding, wake word),
without importing the package.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime

STEP = 1280  # samples between scores


class WakeScorer:
    """Gives a wake word's score every 80 ms of a recording."""

    def __init__(self, word: str = "alexa_v0.1") -> None:
        folder = Path(find_spec("openwakeword").origin).parent / "resources" / "models"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._mel, self._embed, self._word = (
            onnxruntime.InferenceSession(
                str(folder / f"{name}.onnx"), options, providers=["CPUExecutionProvider"]
            )
            for name in ("melspectrogram", "embedding_model", word)
        )

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Return score number i for the sound ending at sample ``(i + 1) * STEP`` of ``x``."""
        lead = np.zeros(2 * 16_000, np.float32)
        pcm = np.clip(np.concatenate([lead, x]), -1, 1).astype(np.float32) * 32767
        mel = self._mel.run(None, {"input": np.trunc(pcm)[None]})[0].reshape(-1, 32) / 10 + 2
        windows = np.lib.stride_tricks.sliding_window_view(mel, 76, axis=0)[::8]
        windows = np.ascontiguousarray(windows.transpose(0, 2, 1))[..., None].astype(np.float32)
        parts = [
            self._embed.run(None, {"input_1": windows[i : i + 64]})[0].reshape(-1, 96)
            for i in range(0, len(windows), 64)
        ]
        embedded = np.concatenate(parts)
        name = self._word.get_inputs()[0].name
        out = [
            self._word.run(None, {name: embedded[None, i - 16 : i]})[0][0, 0]
            for i in range(16, len(embedded) + 1)
        ]
        count = len(x) // STEP
        return np.asarray(out[-count:], np.float32)
