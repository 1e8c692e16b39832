"""Hears a sound as the run path does, one embedding every 80 ms, at a sixth of the price.

The embedding's network is a convolution without padding, so over a long spectrogram it shares
what neighbouring windows have in common and gives, to the bit, what it gives window by window.
Its file fixes the length in two places, which are opened here in memory.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from assistant.audio.onnx_ import file_in_wheel, open_model
from assistant.audio.openwakeword_ import (
    CHUNK,
    EMBEDDINGS,
    FEATURES,
    FRAMES,
    MELS,
    OVERLAP,
    STEP,
    Models,
)

PCM = 32768.0
FIRST = -(-FRAMES // STEP)  # chunks until the first embedding
# Chunks, and samples, that the first full window of embeddings looks at.
WINDOW_CHUNKS = FIRST + EMBEDDINGS - 1
WINDOW = WINDOW_CHUNKS * CHUNK
_LONGEST = 512  # embeddings at once: the layers in between take 60 kB each

# As the file has them: the input's size without its batch, and the first layer's reshaping.
# Sources: onnx.proto (TensorShapeProto.dim = 1, Dimension.dim_value = 1 and dim_param = 2;
# TensorProto.raw_data) and the protocol buffers wire format.
_SIZE = b"\n\x02\x08" + bytes([FRAMES]) + b"\n\x02\x08" + bytes([MELS])
_ANY_SIZE = b"\n\x02\x12\x00\n\x02\x08" + bytes([MELS])
_RESHAPE, _ANY_RESHAPE = struct.pack("<4q", -1, 1, FRAMES, MELS), struct.pack("<4q", 1, 1, -1, MELS)


class Features:
    """Turns sounds into openWakeWord's embeddings. One thread at a time."""

    def __init__(self) -> None:
        self._models = Models("hey_jarvis")
        self._embed = _long_embedding() or self._one_by_one

    def of(self, sound: np.ndarray) -> np.ndarray:
        """Return the embeddings (n, FEATURES) of float32 ``sound`` (samples,) in [-1, 1].

        Embedding k belongs to the chunk that ends at sample ``(FIRST + k) * CHUNK``. About
        0.4 ms of a 2020s x86 core each.
        """
        chunks = len(sound) // CHUNK
        if chunks < FIRST:
            return np.zeros((0, FEATURES), np.float32)
        pcm = np.zeros(OVERLAP + chunks * CHUNK, np.float32)
        pcm[OVERLAP:] = sound[: chunks * CHUNK] * PCM
        mel = np.empty((chunks * STEP, MELS), np.float32)
        for k in range(chunks):
            piece = pcm[None, k * CHUNK : k * CHUNK + OVERLAP + CHUNK]
            mel[k * STEP : (k + 1) * STEP] = self._models.mel(np.ascontiguousarray(piece))[0]
        count = chunks - FIRST + 1
        parts = []
        for k in range(0, count, _LONGEST):
            last = min(k + _LONGEST, count) - 1
            parts.append(self._embed(mel[(FIRST + k) * STEP - FRAMES : (FIRST + last) * STEP]))
        return np.concatenate(parts)

    def _one_by_one(self, mel: np.ndarray) -> np.ndarray:
        count = (len(mel) - FRAMES) // STEP + 1
        windows = (mel[None, k * STEP : k * STEP + FRAMES, :, None] for k in range(count))
        return np.stack([self._models.embed(window) for window in windows])


@lru_cache(maxsize=1)
def _long_embedding() -> Callable[[np.ndarray], np.ndarray] | None:
    """Return what embeds a whole spectrogram (frames, MELS); None for a file of another kind."""
    path = file_in_wheel("openwakeword", "resources/models/embedding_model.onnx")
    data = path.read_bytes()
    if data.count(_SIZE) != 1 or data.count(_RESHAPE) != 1:
        return None
    opened = data.replace(_SIZE, _ANY_SIZE).replace(_RESHAPE, _ANY_RESHAPE)
    session = open_model(opened, str(path))

    def embed(mel: np.ndarray) -> np.ndarray:
        # The last layer has one number a window in each of 96 rows; the file calls it a reshape.
        return session.run(None, {"input_1": mel[None, :, :, None]})[0].reshape(FEATURES, -1).T

    return embed
