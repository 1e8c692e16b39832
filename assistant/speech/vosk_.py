"""Vosk as a Recogniser: the default where a model is installed, and the household model's reader.

Only libvosk and its cffi definitions are used. The package's own ``__init__`` is not run: it
imports a download client (requests, tqdm, srt) that a speaker has no use for.
"""

from __future__ import annotations

import importlib.util
import json
import struct
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np

from assistant.audio.format import SAMPLE_RATE, to_int16
from assistant.errors import AssistantError, BadInput, EngineMissing
from assistant.speech.recogniser import HeardWord, Transcript

HOUSEHOLD = Path(__file__).with_name("vosk_household") / "model"
_UNKNOWN = "[unk]"
_PIECE = 16_000
_FST_MAGIC = struct.pack("<i", 2125659606)
_HAS_OUTPUT_SYMBOLS = 2  # OpenFst's FstHeader::HAS_OSYMBOLS
_REMEDY = "unpack the model again"


class VoskRecogniser:
    """Recognises with the Vosk model in ``folder``; free decoding, or ``sentences`` as a grammar.

    ``name`` is shown to the owner. ``sentences`` without a word the model knows are left out;
    ``unknown_words`` collects the words it did not know. Raises ``EngineMissing`` without the
    vosk package and ``BadInput`` for a folder that is not a complete Vosk model.
    """

    # Of 182 stop phrases in 14 voices at 2.5 m all eight that free words were unsure of had 0.95 or
    # more beside listeners' words; a "wow" that was no "quiet" had 0.84.
    clear = 0.9
    overconfident = True  # of 1,150 listeners' sounds, two

    def __init__(
        self, folder: Path, name: str | None = None, sentences: Sequence[str] = ()
    ) -> None:
        folder = Path(folder).expanduser()
        check_model(folder)
        self.name = name or f"vosk {folder.name}"
        self.unknown_words: tuple[str, ...] = ()
        self._ffi, self._lib = _library()
        model = self._lib.vosk_model_new(str(folder).encode())
        if model == self._ffi.NULL:
            raise BadInput(str(folder), "vosk cannot read this model", _REMEDY)
        self._model = self._ffi.gc(model, self._lib.vosk_model_free)
        self._sentences = tuple(sentences)
        self._closed = False
        try:
            self.open().close()
        except AssistantError as e:
            raise BadInput(str(folder), "this model does not decode", _REMEDY) from e

    def open(self, phrases: Sequence[str] | None = None) -> _Stream:
        """Start listening; see ``Recogniser.open``."""
        if self._closed:
            raise AssistantError(f"{self.name}: the recogniser is closed")
        wanted = self._sentences or None if phrases is None else phrases
        rate = float(SAMPLE_RATE)
        if wanted is None:
            handle = self._lib.vosk_recognizer_new(self._model, rate)
        else:
            known = self._known([" ".join(p.lower().split()) for p in wanted])
            grammar = json.dumps([*known, _UNKNOWN], ensure_ascii=False).encode()
            handle = self._lib.vosk_recognizer_new_grm(self._model, rate, grammar)
        if handle == self._ffi.NULL:
            raise AssistantError(f"{self.name}: the recogniser does not start")
        self._lib.vosk_recognizer_set_words(handle, 1)
        allowed = None if phrases is None else set(known)
        return _Stream(self, self._ffi, self._lib, handle, allowed)

    def close(self) -> None:
        """Release the model once its streams are closed; safe to call twice."""
        self._closed = True
        self._model = None

    def lacks(self, words: Collection[str]) -> tuple[str, ...]:
        """Return which of ``words`` the model cannot hear, sorted."""
        return tuple(sorted({w for w in words if not self._has(w)}))

    def _known(self, phrases: Sequence[str]) -> list[str]:
        """Leave out phrases with unknown words: vosk would listen for the rest of the phrase."""
        known, missing = [], set(self.unknown_words)
        for phrase in dict.fromkeys(phrases):
            strange = [w for w in phrase.split() if not self._has(w)]
            missing.update(strange)
            if phrase and not strange:
                known.append(phrase)
        self.unknown_words = tuple(sorted(missing))
        return known

    def _has(self, word: str) -> bool:
        return self._lib.vosk_model_find_word(self._model, word.encode()) >= 0


class _Stream:
    """One utterance; vosk cuts it at pauses, and the pieces are put together here."""

    def __init__(self, owner: VoskRecogniser, ffi, lib, handle, allowed: set[str] | None) -> None:
        self._owner, self._ffi, self._lib = owner, ffi, lib
        self._model = owner._model  # the model must outlive its streams
        self._handle, self._allowed = handle, allowed
        self._words: list[HeardWord] = []

    def feed(self, samples: np.ndarray) -> str:
        """Add samples; see ``Stream.feed``."""
        self._check()
        for at in range(0, len(samples), _PIECE):
            pcm = to_int16(np.asarray(samples[at : at + _PIECE], dtype=np.float32)).tobytes()
            status = self._lib.vosk_recognizer_accept_waveform(self._handle, pcm, len(pcm))
            if status < 0:
                raise AssistantError(f"{self._owner.name}: decoding failed")
            if status:
                self._keep(self._lib.vosk_recognizer_result(self._handle))
        partial = self._read(self._lib.vosk_recognizer_partial_result(self._handle))
        heard = [w.text for w in self._words] + partial.get("partial", "").split()
        return " ".join(heard)

    def finish(self) -> Transcript:
        """Return the final transcript; see ``Stream.finish``."""
        self._check()
        self._keep(self._lib.vosk_recognizer_final_result(self._handle))
        self.close()
        return _transcript(self._words, self._allowed)

    def close(self) -> None:
        """Drop the stream; safe to call twice."""
        if self._handle is not None:
            self._lib.vosk_recognizer_free(self._handle)
            self._handle = self._model = None

    def __del__(self) -> None:
        self.close()

    def _check(self) -> None:
        if self._handle is None:
            raise AssistantError(f"{self._owner.name}: the stream is finished")

    def _read(self, text) -> dict:
        return json.loads(self._ffi.string(text).decode("utf-8", "replace"))

    def _keep(self, text) -> None:
        for w in self._read(text).get("result", ()):
            start, end = round(w["start"] * SAMPLE_RATE), round(w["end"] * SAMPLE_RATE)
            confidence = min(max(float(w["conf"]), 0.0), 1.0)
            self._words.append(HeardWord(w["word"], start, max(start, end), confidence))


def _transcript(words: Sequence[HeardWord], allowed: set[str] | None) -> Transcript:
    """Join the words; vosk's phrase grammar is a bigram, so a mixture of phrases is marked."""
    text = " ".join(w.text for w in words)
    if allowed is not None and text and _UNKNOWN not in text and text not in allowed:
        text += f" {_UNKNOWN}"
    lengths = [max(w.end - w.start, 1) for w in words]
    sure = float(np.average([w.confidence for w in words], weights=lengths)) if words else 0.0
    return Transcript(text, tuple(words), sure)


@lru_cache(maxsize=1)
def _library() -> tuple:
    """Load libvosk; return its cffi object and the library."""
    spec = importlib.util.find_spec("vosk")
    if spec is None or not spec.submodule_search_locations:
        raise EngineMissing("vosk is not installed; pip install vosk")
    folder = Path(spec.submodule_search_locations[0])
    try:
        ffi = _definitions(folder / "vosk_cffi.py").ffi
        lib = ffi.dlopen(str(folder / "libvosk.so"))
    except (OSError, ImportError, AttributeError) as e:
        raise EngineMissing(f"vosk does not load ({e}); pip install --force-reinstall vosk") from e
    lib.vosk_set_log_level(-1)
    return ffi, lib


def _definitions(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("vosk_definitions", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_model(folder: Path) -> None:
    """Refuse a folder that libvosk would crash on, naming the file that is missing or cut off.

    libvosk ends the whole process on some incomplete models, so this looks at the files first.
    Raises ``BadInput``.
    """
    if not folder.is_dir():
        raise BadInput(str(folder), "no such folder", _REMEDY)
    graph = ["graph/HCLG.fst"] if (folder / "graph/HCLG.fst").is_file() else []
    for name in ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf"):
        _need(folder, name)
    named = False
    for name in graph or ("graph/HCLr.fst", "graph/Gr.fst"):
        named = _check_fst(folder, name)  # the last one has the words, if any has
    if not named:
        _need(folder, "graph/words.txt")
    if not graph:
        _need(folder, "graph/disambig_tid.int")
    _need_content(folder / "am/final.mdl", b"<TransitionModel>", 64)
    _need_content(folder / "conf/model.conf", b"--endpoint.silence-phones", 100_000)


def _need(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise BadInput(str(folder), f"not a Vosk model: {name} is missing", _REMEDY)
    if not path.stat().st_size:
        raise BadInput(str(path), "empty", _REMEDY)
    return path


def _need_content(path: Path, content: bytes, within: int) -> None:
    with path.open("rb") as f:
        if content not in f.read(within):
            raise BadInput(str(path), f"no {content.decode()} in it", _REMEDY)


def _check_fst(folder: Path, name: str) -> bool:
    """Compare an OpenFst file's size with the states and arcs its header promises.

    Returns whether it carries the names of its words, as the published models' Gr.fst does.
    """
    path = _need(folder, name)
    with path.open("rb") as f:
        head = f.read(256)
    try:
        kind, at = _string(head, 4)
        _arc, at = _string(head, at)
        _version, flags, _properties, _start, states, arcs = struct.unpack_from("<iiQqqq", head, at)
    except (struct.error, ValueError):
        states = -1
    if head[:4] != _FST_MAGIC or states < 0:
        raise BadInput(str(path), "not an OpenFst file", _REMEDY)
    smallest = states * (20 if "const" in kind or "lookahead" in kind else 12) + max(arcs, 0) * 16
    if kind == "ngram":  # packed: a word and a weight for each state, and less than that for arcs
        smallest = states * 8
    if path.stat().st_size < smallest:
        raise BadInput(str(path), "cut off", _REMEDY)
    return bool(flags & _HAS_OUTPUT_SYMBOLS)


def _string(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<i", data, at)
    if not 0 < length < 64:
        raise ValueError("not a name")
    return data[at + 4 : at + 4 + length].decode("ascii", "replace"), at + 4 + length
