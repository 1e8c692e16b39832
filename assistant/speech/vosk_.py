"""Vosk (Kaldi) as a recogniser: streaming, with word times, real models and the household one.

Facts: the model folder is checked before libvosk sees it, because libvosk aborts on a bad one;
words a grammar names and the model does not know are dropped by libvosk from *inside* a phrase
("shut up" would become "up"), so such phrases are left out here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.audio.format import SAMPLE_RATE, samples, to_int16
from assistant.errors import BadInput, EngineMissing
from assistant.speech.recogniser import HeardWord, Transcript

UNKNOWN = "[unk]"
NEEDED = ("am/final.mdl", "conf/mfcc.conf")
REMEDY = "give speech.vosk_model the folder of an unpacked Vosk model"


def check_model(folder: Path) -> None:
    """Raise BadInput, naming the file, unless ``folder`` looks like a complete Vosk model."""
    if not folder.is_dir():
        raise BadInput(str(folder), "is not a folder", REMEDY)
    graphs = ("graph/HCLG.fst", "graph/HCLr.fst")
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in graphs):
        missing.append(graphs[1])
    if missing:
        raise BadInput(str(folder), f"is not a Vosk model: {missing[0]} is missing", REMEDY)
    for path in folder.rglob("*"):
        if path.suffix in (".mdl", ".fst") and path.stat().st_size < 64:
            raise BadInput(str(path), "is truncated", "unpack the model again")


class VoskStream:
    """One utterance. Vosk ends sentences by itself; what it has ended is kept and added to."""

    def __init__(self, recogniser) -> None:
        self._recogniser = recogniser
        self._recogniser.SetWords(True)
        self._words: list[dict] = []

    def feed(self, samples: np.ndarray) -> str:
        """Add sound and return the text so far."""
        if samples.size and self._recogniser.AcceptWaveform(to_int16(samples).tobytes()):
            self._words += json.loads(self._recogniser.Result()).get("result", [])
        partial = json.loads(self._recogniser.PartialResult()).get("partial", "")
        return " ".join([*(w["word"] for w in self._words), *partial.split()])

    def finish(self) -> Transcript:
        """Return the final transcript."""
        self._words += json.loads(self._recogniser.FinalResult()).get("result", [])
        words = tuple(
            HeardWord(w["word"], samples(w["start"]), samples(w["end"]), min(1.0, w["conf"]))
            for w in self._words
        )
        confidence = float(np.mean([w.confidence for w in words])) if words else 0.0
        return Transcript(" ".join(w.text for w in words), words, confidence)

    def close(self) -> None:
        """Drop the stream; libvosk frees it with its last reference."""
        self._recogniser = None


class VoskRecogniser:
    """Recognises with the Vosk model in ``model_folder``. Worker only."""

    def __init__(self, model_folder: Path, name: str) -> None:
        check_model(model_folder)
        try:
            import vosk
        except (ImportError, OSError) as error:
            raise EngineMissing(f"vosk is not installed ({error}); run ./install.sh") from error
        vosk.SetLogLevel(-1)
        self.name = name
        self._vosk = vosk
        try:
            self._model = vosk.Model(model_path=str(model_folder))
        except Exception as error:
            raise BadInput(str(model_folder), "libvosk cannot read this model", REMEDY) from error

    def open(self, phrases: Sequence[str] | None = None) -> VoskStream:
        """Start a stream over the whole vocabulary, or over ``phrases`` and ``[unk]``."""
        if phrases is None:
            return VoskStream(self._vosk.KaldiRecognizer(self._model, SAMPLE_RATE))
        known = [p for p in phrases if all(self._knows(w) for w in p.split())]
        grammar = json.dumps([*known, UNKNOWN])
        return VoskStream(self._vosk.KaldiRecognizer(self._model, SAMPLE_RATE, grammar))

    def close(self) -> None:
        """Release the model."""
        self._model = None

    def _knows(self, word: str) -> bool:
        return self._model.vosk_model_find_word(word) >= 0
