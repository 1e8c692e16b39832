"""Piper as a Voice: the default where one of its models is installed."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import numpy as np

from assistant.errors import AssistantError, BadInput, EngineMissing
from assistant.speech.clips import to_speaker_rate, trim_silence, word_times
from assistant.speech.held import Held
from assistant.speech.onnx_outputs import with_durations
from assistant.speech.segments import has_word, sentences
from assistant.speech.voice import Clip

_REMEDY = "put both of its files side by side"
_INPUTS = {"input", "input_lengths", "scales"}
_MOST_THREADS = 3  # a fourth makes a Pi 4 hardly faster and leaves the audio thread no core
_SHORT = 2 * 16_000  # samples; a phrase, which is likely to be said again
_HELD_SHORT, _HELD_LONG = 2 << 20, 4 << 20  # bytes of clips held: 33 s and 65 s
_PEAK = 0.9  # Piper scales every sentence to full scale; leave room for the resampler's ripple


class PiperVoice:
    """Speaks with the Piper voice at ``path`` (its settings are in ``path`` + ``.json``).

    A Piper voice draws random numbers for its prosody; clips of the last minute of speech, and
    half a minute of short phrases, are held, so what is repeated sounds the same and costs
    nothing. The first readings repeat from start to start, too, because the generator's seed is
    fixed. ``speed`` is relative to the voice's own. Raises ``EngineMissing`` without the piper
    package and ``BadInput`` for a voice that is missing or broken.
    """

    def __init__(self, path: Path, speed: float = 1.0) -> None:
        path = Path(path).expanduser()
        self._settings = _settings(path)
        if importlib.util.find_spec("piper") is None:
            raise EngineMissing("piper is not installed; pip install piper-tts")
        self._voice = _load(path, self._settings)
        self._style = _style(self._voice, speed)
        self._short, self._long = Held(_HELD_SHORT), Held(_HELD_LONG)
        self.name = f"piper {path.stem}"

    def speak(self, text: str) -> Clip:
        """Return ``text`` spoken; word times from the voice's durations. See ``Voice.speak``."""
        if self._voice is None:
            raise AssistantError(f"{self.name}: the voice is closed")
        if not has_word(text):
            return Clip(np.zeros(0, dtype=np.float32))
        clip = self._short.get(text) or self._long.get(text)
        if clip is None:
            clip = self._synthesise(text)
            held = self._short if len(clip.samples) <= _SHORT else self._long
            held.put(text, clip)
        return clip

    def close(self) -> None:
        """Release the model; safe to call twice."""
        self._voice = None
        self._short.clear()
        self._long.clear()

    def _synthesise(self, text: str) -> Clip:
        pieces: list[np.ndarray] = []
        marks: list[tuple[int, int]] = []
        done = at = 0
        for sentence in sentences(text):
            at = text.index(sentence.split()[0], at)
            try:
                chunks = list(self._voice.synthesize(sentence, self._style, True))
            except Exception as e:  # whatever onnxruntime raises: the engine stays usable
                raise AssistantError(f"{self.name}: could not speak ({e})") from e
            for chunk in chunks:
                marks += _marks(chunk, sentence, at, done, self._weights, len(chunks) == 1)
                sound = np.ravel(chunk.audio_float_array) * _PEAK
                pieces.append(to_speaker_rate(sound, chunk.sample_rate))
                done += len(pieces[-1])
            at += len(sentence.split()[0])
        samples = trim_silence(np.concatenate(pieces)) if pieces else np.zeros(0, np.float32)
        samples = samples.astype(np.float32)
        return Clip(samples, word_times(text, marks, len(samples)))

    def _weights(self, words: list[str]) -> list[int]:
        """Return how many phonemes each word has when it is spoken alone."""
        return [max(sum(len(p) for p in self._voice.phonemize(w)), 1) for w in words]


def _marks(chunk, sentence: str, at: int, done: int, weights, whole: bool) -> list[tuple[int, int]]:
    """Return (character, sample) of the start of each word of a chunk, as far as known.

    The phonemes' spaces part the words, but a voice joins some ("of the") and spells others
    ("25"), so each word of the text goes to the space nearest to its share of the phonemes.
    """
    words = sentence.split()
    if chunk.phoneme_alignments is None or not whole or not words:
        return [(at, done)]
    starts, counts = [0], [0]  # of spoken words: sample, and phonemes before
    sample = count = 0
    for phoneme in chunk.phoneme_alignments:
        sample += phoneme.num_samples
        count += phoneme.phoneme.isalpha()
        if phoneme.phoneme == " ":
            starts.append(sample)
            counts.append(count)
    shares = np.cumsum([0, *weights(words)[:-1]], dtype=float)
    shares *= count / max(sum(weights(words)), 1)
    scale = 16_000 / chunk.sample_rate
    marks, where, last = [], at, -1
    for word, share in zip(words, shares, strict=True):
        where = sentence.index(word, where - at) + at
        nearest = int(np.argmin(np.abs(np.asarray(counts) - share)))
        if nearest > last:  # two words on one spoken word share its time
            marks.append((where, done + round(starts[nearest] * scale)))
            last = nearest
        where += len(word)
    return marks


def threads(cores: int) -> int:
    """Return how many threads may speak on a machine with ``cores``: one is the audio thread's."""
    return max(1, min(_MOST_THREADS, cores - 1))


def check_voice(path: Path) -> None:
    """Refuse a voice that is not whole or not Piper's; raises ``BadInput`` naming the file."""
    _load(Path(path), _settings(Path(path)))


def _settings(path: Path) -> dict:
    """Read the voice's JSON file; refuse what is missing or not a Piper voice."""
    config = path.with_name(path.name + ".json")
    for needed in (path, config):
        if not needed.is_file():
            raise BadInput(str(needed), "no such file (a Piper voice is two files)", _REMEDY)
    try:
        settings = json.loads(config.read_text("utf-8"))
        rate, ids = int(settings["audio"]["sample_rate"]), settings["phoneme_id_map"].values()
        for key in ("num_symbols", "num_speakers", "espeak"):
            settings[key]
        good = 8000 <= rate <= 48_000 and all(type(i) is int for listed in ids for i in listed)
    except KeyError as e:
        raise BadInput(str(config), f"no key {e}", _REMEDY) from None
    except (ValueError, TypeError, AttributeError, RecursionError):
        good = False
    if not good:
        raise BadInput(str(config), "not a Piper voice's settings", _REMEDY)
    return settings


def _load(path: Path, settings: dict):
    """Build the voice with few threads and with its phoneme durations shown."""
    import onnxruntime
    import piper

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads(len(os.sched_getaffinity(0)))
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # what it warns of is the voice makers' business
    onnxruntime.set_seed(0)
    try:
        session = onnxruntime.InferenceSession(
            with_durations(path.read_bytes()), options, providers=["CPUExecutionProvider"]
        )
    except Exception as e:  # onnxruntime raises many kinds for a broken file
        raise BadInput(str(path), "not a model onnxruntime can read", _REMEDY) from e
    if {put.name for put in session.get_inputs()} - {"sid"} != _INPUTS:
        raise BadInput(str(path), "a model, but not a Piper voice", _REMEDY)
    return piper.PiperVoice(session=session, config=piper.PiperConfig.from_dict(settings))


def _style(voice, speed: float):
    from piper import SynthesisConfig

    return SynthesisConfig(length_scale=voice.config.length_scale / speed)
