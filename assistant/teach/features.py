"""Hears a sound as the run path does: one embedding every 80 ms."""

from __future__ import annotations

import numpy as np

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


class Features:
    """Turns sounds into openWakeWord's embeddings. One thread at a time."""

    def __init__(self) -> None:
        self._models = Models("hey_jarvis")

    def of(self, sound: np.ndarray) -> np.ndarray:
        """Return the embeddings (n, FEATURES) of float32 ``sound`` (samples,) in [-1, 1].

        Embedding k belongs to the chunk that ends at sample ``(FIRST + k) * CHUNK``. About
        1.5 ms of a 2020s x86 core each.
        """
        chunks = len(sound) // CHUNK
        if chunks < FIRST:
            return np.zeros((0, FEATURES), np.float32)
        pcm = np.zeros(OVERLAP + chunks * CHUNK, np.float32)
        pcm[OVERLAP:] = sound[: chunks * CHUNK] * PCM
        mel = np.empty((chunks * STEP, MELS), np.float32)
        for k in range(chunks):
            piece = pcm[None, k * CHUNK : k * CHUNK + OVERLAP + CHUNK]
            mel[k * STEP : (k + 1) * STEP] = self._models.mel(np.ascontiguousarray(piece))
        out = np.empty((chunks - FIRST + 1, FEATURES), np.float32)
        for k in range(len(out)):
            end = (FIRST + k) * STEP
            out[k] = self._models.embed(mel[None, end - FRAMES : end, :, None])
        return out
