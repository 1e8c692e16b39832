"""The adapter of openWakeWord's model files (never of its package, which imports scikit-learn).

Three networks in a row, as openWakeWord 0.5.1 runs them: a log-mel spectrogram (``log_mel``
computes the same), Google's speech embedding (Lin et al. 2020, "Training keyword spotters with
limited and synthesized speech data"), and a small classifier for each word.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from assistant.audio.log_mel import LogMel
from assistant.audio.onnx_ import file_in_wheel, open_model, open_session
from assistant.audio.streaming_onnx import streamed
from assistant.errors import BadInput, did_you_mean

WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "hey_rhasspy")
CHUNK = 1280  # samples between two scores
OVERLAP = 480  # samples a chunk's spectrogram looks back
MELS = 32
FRAMES = 76  # spectrogram frames one embedding looks at
STEP = 8  # frames a chunk adds
EMBEDDINGS = 16  # embeddings a classifier looks at
FEATURES = 96  # numbers in an embedding
CHUNKS = -(-FRAMES // STEP) + EMBEDDINGS  # that a score is made of, from the first frame on


def word_name(word: str) -> str:
    """Return the plain name of a word: 'Hey Jarvis' is 'hey_jarvis', a path is its stem."""
    if word.endswith(".onnx"):
        return Path(word).stem
    return word.strip().lower().replace(" ", "_").replace("-", "_")


def find_word(word: str) -> Path:
    """Return the classifier's file for a bundled word ('Hey Jarvis' is fine) or a .onnx path.

    Raises ``BadInput`` with a suggestion when there is neither.
    """
    if word.endswith(".onnx"):
        return Path(word).expanduser()
    name = word_name(word)
    if name not in WORDS:
        remedy = did_you_mean(name, WORDS) + " Or give the path of an openWakeWord .onnx file"
        raise BadInput("wake.word", f'no wake word "{word}"', remedy)
    return _bundled(f"{name}_v0.1.onnx")


def _bundled(name: str) -> Path:
    return file_in_wheel("openwakeword", f"resources/models/{name}")


class Models:
    """Runs the three networks. Keeps no state between calls."""

    def __init__(self, word: str) -> None:
        path = find_word(word)
        self._mel = _log_mel() or _slow_mel
        self._head = open_session(path)
        inputs, outputs = self._head.get_inputs(), self._head.get_outputs()
        shape = list(inputs[0].shape)
        if len(inputs) != 1 or shape[1:] != [EMBEDDINGS, FEATURES] or outputs[0].shape[-1] != 1:
            raise BadInput(
                str(path),
                f"not an openWakeWord classifier of one word (its input is {shape})",
                f"expected an input of [1, {EMBEDDINGS}, {FEATURES}] and one score",
            )
        self._head_input = inputs[0].name

    def mel(self, sound: np.ndarray) -> np.ndarray:
        """Return the log-mel frames (STEP, MELS) of float32 ``sound`` (1, OVERLAP + CHUNK).

        ``sound`` has the amplitude of 16-bit PCM.
        """
        frames = self._mel(sound)
        frames *= 0.1
        frames += 2.0
        return frames

    def embed(self, frames: np.ndarray) -> np.ndarray:
        """Return the embedding (FEATURES,) of float32 ``frames`` (1, FRAMES, MELS, 1).

        Loads its network with the first call: ``Embedder`` seldom needs it.
        """
        session = open_session(_bundled("embedding_model.onnx"))
        return session.run(None, {"input_1": frames})[0].reshape(FEATURES)

    def score(self, embeddings: np.ndarray) -> float:
        """Return the word's score, 0 to 1, for ``embeddings`` (1, EMBEDDINGS, FEATURES)."""
        return float(self._head.run(None, {self._head_input: embeddings})[0].item())


@lru_cache(maxsize=1)
def _log_mel() -> LogMel | None:
    """Return the spectrogram that needs no network; None where the file holds another one."""
    return LogMel.of(_bundled("melspectrogram.onnx").read_bytes())


def _slow_mel(sound: np.ndarray) -> np.ndarray:
    """Return the frames in dB that the network itself computes, float32 (n, MELS)."""
    session = open_session(_bundled("melspectrogram.onnx"))
    return session.run(None, {"input": sound})[0].reshape(-1, MELS)


@lru_cache(maxsize=1)
def _streaming() -> tuple | None:
    """Return the embedding's network for new frames alone, and its states' shapes; or None."""
    path = _bundled("embedding_model.onnx")
    found = streamed(path.read_bytes(), FRAMES, STEP, MELS)
    return (open_model(found.data, str(path)), found.states) if found else None


class Embedder:
    """Embeds a spectrogram as it comes, STEP frames at a time. One thread at a time.

    Gives to the bit what ``Models.embed`` gives for the last FRAMES frames, for a quarter of its
    work: what the layers saw of the past is kept. Before the first frame everything was 1. A file
    with another network is asked about whole windows.
    """

    def __init__(self, models: Models) -> None:
        self._models, self._streaming = models, _streaming()
        self._window = np.ones((1, FRAMES, MELS, 1), np.float32)
        self._states: list[np.ndarray] = []
        self._at_first: list[np.ndarray] = []
        if self._streaming is not None:
            self._states = [np.zeros(shape, np.float32) for shape in self._streaming[1]]
            for _ in range(-(-FRAMES // STEP)):
                self.push(np.ones((STEP, MELS), np.float32))
            self._at_first = self._states

    def reset(self) -> None:
        """Forget everything seen."""
        self._states = self._at_first
        self._window[:] = 1.0

    def push(self, frames: np.ndarray) -> np.ndarray:
        """Return the embedding (FEATURES,) after the new ``frames``, float32 (STEP, MELS)."""
        if self._streaming is None:
            self._window[0, :-STEP] = self._window[0, STEP:]
            self._window[0, -STEP:, :, 0] = frames
            return self._models.embed(self._window)
        inputs = {f"state {k}": state for k, state in enumerate(self._states)}
        inputs["input_1"] = frames[None, :, :, None]
        embedding, *self._states = self._streaming[0].run(None, inputs)
        return embedding.reshape(FEATURES)
