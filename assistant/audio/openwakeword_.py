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

    def mel(self, sounds: np.ndarray) -> np.ndarray:
        """Return the log-mel frames (n, STEP, MELS) of float32 ``sounds`` (n, OVERLAP + CHUNK).

        ``sounds`` have the amplitude of 16-bit PCM.
        """
        frames = self._mel(sounds)
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


def _slow_mel(sounds: np.ndarray) -> np.ndarray:
    """Return the frames in dB that the network itself computes, float32 (n, frames, MELS)."""
    session = open_session(_bundled("melspectrogram.onnx"))
    found = [session.run(None, {"input": sound[None]})[0].reshape(-1, MELS) for sound in sounds]
    return np.stack(found)


@lru_cache(maxsize=1)
def _streaming() -> tuple | None:
    """Return the embedding's network for new frames alone, and its states' shapes; or None."""
    path = _bundled("embedding_model.onnx")
    found = streamed(path.read_bytes(), FRAMES, STEP, MELS)
    return (open_model(found.data, str(path)), found.states) if found else None


class Embedder:
    """Embeds spectrograms as they come, STEP frames of each at a time. One thread at a time.

    Gives to the bit what ``Models.embed`` gives for the last FRAMES frames, for a quarter of its
    work: what the layers saw of the past is kept. Before the first frame everything was 1. A file
    with another network is asked about whole windows.
    """

    def __init__(self, models: Models, sounds: int = 1) -> None:
        self._models, self._streaming = models, _streaming()
        self._windows = np.ones((sounds, FRAMES, MELS, 1), np.float32)
        self._states: list[np.ndarray] = []
        self._at_first: list[np.ndarray] = []
        if self._streaming is not None:
            self._states = [np.zeros((sounds, *shape), np.float32) for shape in self._streaming[1]]
            for _ in range(-(-FRAMES // STEP)):
                self.push(np.ones((sounds, STEP, MELS), np.float32))
            self._at_first = [state[:1].copy() for state in self._states]

    def forget(self, sound: int) -> None:
        """Forget everything seen of one sound."""
        for state, first in zip(self._states, self._at_first, strict=True):
            state[sound] = first[0]
        self._windows[sound] = 1.0

    def push(self, frames: np.ndarray) -> np.ndarray:
        """Return the embeddings (n, FEATURES) after the new ``frames``, float32 (n, STEP, MELS).

        They are the first ``n`` sounds': the others stand still.
        """
        count = len(frames)
        if self._streaming is None:
            windows = self._windows[:count]
            windows[:, :-STEP] = windows[:, STEP:]
            windows[:, -STEP:, :, 0] = frames
            return np.stack([self._models.embed(window[None]) for window in windows])
        inputs = {f"state {k}": state[:count] for k, state in enumerate(self._states)}
        inputs["input_1"] = frames[..., None]
        embeddings, *states = self._streaming[0].run(None, inputs)
        if count == len(self._states[0]):
            self._states = states
        else:
            for state, new in zip(self._states, states, strict=True):
                state[:count] = new
        return embeddings.reshape(count, FEATURES)
