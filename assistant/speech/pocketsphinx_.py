"""PocketSphinx as a Recogniser: the embedded engine, which knows only the skills' sentences."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.audio.format import to_int16
from assistant.errors import AssistantError, EngineMissing
from assistant.speech.child import Child, ChildDied, ChildError
from assistant.speech.jsgf import jsgf, phrases_grammar, words_of
from assistant.speech.letters import pronounce
from assistant.speech.level import Level
from assistant.speech.ngrams import arpa, sentences
from assistant.speech.recogniser import Grammar, HeardWord, Transcript

_SCRIPT = Path(__file__).with_name("pocketsphinx_child.py")
_SETUP, _OPEN, _FEED, _FINISH, _CLOSE = 1, 2, 3, 4, 5
_STREAM = struct.Struct("<I")
_FRAME = 160  # samples, 10 ms
_PIECE = 16_000  # samples in one request: what a pipe holds at once
# The price of a phone outside the grammar. On synthetic speech 1e-6 takes one sentence in six for
# a stop phrase, 1e-4 loses phrases in noise; see tests/benchmarks/bench_speech.py.
_GARBAGE = 1e-5
# A word of a sentence below this posterior was a guess. Of 33 commands heard right one had such a
# word, of 24 other sentences 19; three in four commands heard wrong have one, too.
_GUESS = 0.05
_NETWORK = 120  # words of a grammar that is still searched as a network
_BACKGROUND = 0.25  # of the words' RMS: what is quieter was nobody speaking to us


class PocketsphinxRecogniser:
    """Understands ``grammar`` with the acoustic model inside the pocketsphinx package.

    Phrases and a small grammar are searched as a network with a way around it; a large one as a
    trigram model of its sentences, which costs a quarter and gets more commands right.
    It decodes in a child process, one answer for every ``feed``, so results do not depend on
    timing. The child is started again once after a crash, and open streams go on in it.
    ``guessed_words`` had no dictionary entry and are pronounced by rule; ``unknown_words`` have
    no pronunciation at all, and sentences with them are left out. Raises ``EngineMissing``.
    """

    # 0.9 would lose 16 of 131 stop phrases that are heard, and 6 of 12 listeners' words.
    clear = 0.7
    # It hears the same at other paces: of eight listeners' sounds it was sure of one would go, of
    # 142 stop phrases two, and each would take 0.1 s longer here.
    overconfident = False

    def __init__(self, grammar: Grammar) -> None:
        if importlib.util.find_spec("pocketsphinx") is None:
            raise EngineMissing("pocketsphinx is not installed; pip install pocketsphinx")
        self.name = "pocketsphinx en-us"
        self.guessed_words: tuple[str, ...] = ()
        self.unknown_words: tuple[str, ...] = ()
        self.restarts = 0
        self.generation = 0
        self._sounds: dict[str, str] = {}
        self._grammar: str | None = None  # None searches with the model
        self._model = ""
        self._ids = itertools.count(1)
        self._child: Child | None = Child(_SCRIPT)
        self._closed = False
        try:
            self._grammar = self._prepare(grammar)
            if len(words_of(grammar)) > _NETWORK:
                self._grammar, self._model = None, self._language_model(grammar)
            self._ask_twice(_SETUP, json.dumps({"words": {}, "lm": self._model}).encode())
            self.open().close()  # a model that does not load is refused here, not in a turn
        except BaseException:
            self.close()
            raise

    def open(self, phrases: Sequence[str] | None = None) -> _Stream:
        """Start listening; see ``Recogniser.open``."""
        if phrases is None:
            return _Stream(self, next(self._ids), self._grammar, None)
        grammar = phrases_grammar(phrases)
        text = self._prepare(grammar)
        return _Stream(self, next(self._ids), text, grammar.rules["phrase"])

    def close(self) -> None:
        """End the engine's process; safe to call twice."""
        self._closed = True
        if self._child is not None:
            self._child.close()
            self._child = None

    def ask(self, operation: int, payload: bytes) -> bytes:
        """Send one request to the child (used by the streams).

        Raises ``ChildDied`` once, after starting a new child, whose ``generation`` is higher.
        """
        if self._closed:
            raise AssistantError(f"{self.name}: the recogniser is closed")
        try:
            return self._child.ask(operation, payload)
        except ChildError as e:
            if e.fields.get("kind") in ("ImportError", "ModuleNotFoundError"):
                raise EngineMissing(f"pocketsphinx does not load: {e}") from None
            raise AssistantError(f"{self.name}: {e}") from None
        except ChildDied as e:
            self._restart(e)
            raise

    def _restart(self, error: ChildDied) -> None:
        if self.restarts >= 1:
            self.close()
            raise AssistantError(f"{self.name}: its process crashed twice; giving up") from error
        self.restarts += 1
        self.generation += 1
        self._child = Child(_SCRIPT)
        self.ask(_SETUP, json.dumps({"words": self._sounds, "lm": self._model}).encode())

    def _ask_twice(self, operation: int, payload: bytes) -> bytes:
        with contextlib.suppress(ChildDied):
            return self.ask(operation, payload)
        return self.ask(operation, payload)

    def _language_model(self, grammar: Grammar) -> str:
        """Return the model of the sentences whose words all have a pronunciation."""
        unknown = set(self.unknown_words)
        said = [s for s in sentences(grammar) if not unknown.intersection(s.split())]
        return arpa(said, sorted(words_of(grammar) - unknown))

    def _prepare(self, grammar: Grammar) -> str:
        """Teach the child the grammar's words and return the grammar as JSGF."""
        sounds = {word: pronounce(word) for word in sorted(words_of(grammar))}
        unknown = {word for word, sound in sounds.items() if sound is None}
        new = {w: s for w, s in sounds.items() if s is not None and w not in self._sounds}
        if new:
            self._sounds |= new
            added = json.loads(self._ask_twice(_SETUP, json.dumps({"words": new}).encode()))[
                "added"
            ]
            self.guessed_words = tuple(sorted({*self.guessed_words, *added}))
        self.unknown_words = tuple(sorted({*self.unknown_words, *unknown}))
        return jsgf(grammar, lambda word: word not in unknown)


def how_often(word: str) -> float | None:
    """Return which share of all that is written and said in English is ``word``; 0 for unknown.

    By the unigrams of the package's own language model, mapped from its file (60 ms). None
    without the package.
    """
    try:
        from pocketsphinx import Config, LogMath, NGramModel, get_model_path
    except ImportError:
        return None
    scale = LogMath(1.0001)
    model = NGramModel(Config(), scale, str(Path(get_model_path()) / "en-us" / "en-us.lm.bin"))
    return scale.exp(model.prob([word]))


class _Stream:
    """One utterance; remembers what it was fed, to go on in a new child after a crash."""

    def __init__(
        self,
        owner: PocketsphinxRecogniser,
        number: int,
        grammar: str | None,
        phrases: str | None,
    ) -> None:
        self._owner, self._number = owner, number
        opening = {"stream": number, "garbage": _GARBAGE}
        if grammar is not None:
            opening["jsgf"] = grammar
        self._opening = json.dumps(opening).encode()
        self._allowed = set(phrases.split(" | ")) if phrases is not None else None
        self._fed = bytearray()
        self._level = Level()
        self._partial = ""
        self._done = False
        self._generation = -1
        self._reach_child()

    def feed(self, samples: np.ndarray) -> str:
        """Add samples; see ``Stream.feed``."""
        if self._done:
            raise AssistantError(f"{self._owner.name}: the stream is finished")
        for at in range(0, len(samples), _PIECE):
            ready = to_int16(self._level.adjust(samples[at : at + _PIECE]))
            for pcm in (ready[i : i + _PIECE].tobytes() for i in range(0, len(ready), _PIECE)):
                answer = self._ask(_FEED, pcm)  # remembered later: a new child gets it once
                self._fed += pcm
                self._partial = answer.decode()
        return self._partial

    def finish(self) -> Transcript:
        """Return the final transcript; see ``Stream.finish``."""
        if self._done:
            raise AssistantError(f"{self._owner.name}: the stream is finished")
        found = json.loads(self._ask(_FINISH))["words"] if self._fed else []
        self.close()
        sound = np.frombuffer(self._fed, dtype=np.int16).astype(np.float32)
        words = _without_background(_words(found), sound)
        return _transcript(words, self._allowed, self._level.dropped)

    def close(self) -> None:
        """Drop the stream; safe to call twice."""
        if not self._done:
            self._done = True
            with contextlib.suppress(AssistantError):
                if self._generation == self._owner.generation:
                    self._owner.ask(_CLOSE, _STREAM.pack(self._number))

    def _ask(self, operation: int, payload: bytes = b"") -> bytes:
        while True:
            try:
                self._reach_child()
                return self._owner.ask(operation, _STREAM.pack(self._number) + payload)
            except ChildDied:
                continue  # the owner started another one, or raised AssistantError

    def _reach_child(self) -> None:
        """Open the stream in the present child, and repeat there what an earlier one heard."""
        while self._generation != self._owner.generation:
            self._generation = self._owner.generation
            with contextlib.suppress(ChildDied):
                self._owner.ask(_OPEN, self._opening)
                for at in range(0, len(self._fed), 2 * _PIECE):
                    piece = bytes(self._fed[at : at + 2 * _PIECE])
                    self._owner.ask(_FEED, _STREAM.pack(self._number) + piece)


def _words(found: Sequence[Sequence]) -> list[HeardWord]:
    """Turn the child's [word, first frame, end frame, log score, posterior] into words."""
    words: list[HeardWord] = []
    for text, first, end, score, posterior in found:
        start, stop = first * _FRAME, end * _FRAME
        sure = _fit(score / max(end - first, 1))
        if posterior is not None:
            sure = min(posterior, 1.0) ** (1 / 3) * _decent(score / max(end - first, 1))
        if text != "[unk]" and (posterior is None or posterior >= _GUESS):
            words.append(HeardWord(text, start, stop, sure))
        elif words and words[-1].text == "[unk]":
            words[-1] = HeardWord("[unk]", words[-1].start, stop, 0.0)
        else:
            words.append(HeardWord("[unk]", start, stop, 0.0))
    return words


def _without_background(words: list[HeardWord], sound: np.ndarray) -> list[HeardWord]:
    """Drop an ``[unk]`` at either end that is far quieter than the words: noise, not speech."""

    def level(word: HeardWord) -> float:
        x = sound[word.start : word.end]
        return float(np.sqrt(np.mean(x * x))) if x.size else 0.0

    loudest = max((level(w) for w in words if w.text != "[unk]"), default=0.0)
    first = 1 if words and words[0].text == "[unk]" else 0
    last = len(words) - (1 if len(words) > 1 and words[-1].text == "[unk]" else 0)
    edges = [w for w in (*words[:first], *words[last:]) if level(w) < _BACKGROUND * loudest]
    return [w for w in words if not any(w is edge for edge in edges)]


def _transcript(words: Sequence[HeardWord], allowed: set[str] | None, begin: int) -> Transcript:
    """Join the words, whose times count from ``begin``; mark a mixture of phrases."""
    text = " ".join(w.text for w in words)
    if allowed is not None and text and "[unk]" not in text and text not in allowed:
        text += " [unk]"
    lengths = [w.end - w.start for w in words]
    sure = float(np.average([w.confidence for w in words], weights=lengths)) if words else 0.0
    moved = (HeardWord(w.text, w.start + begin, w.end + begin, w.confidence) for w in words)
    return Transcript(text, tuple(moved), sure)


def _fit(score: float) -> float:
    """Return how well a word of a phrase fits, from its natural-log acoustic score per frame.

    Scores are relative to the best state of each frame: about -4 for right words and -8 for
    wrong ones on synthetic speech.
    """
    return float(1.0 / (1.0 + np.exp(-(score + 6.0))))


def _decent(score: float) -> float:
    """Return nearly 1 for a word of a sentence unless it sounds like none at all."""
    return float(1.0 / (1.0 + np.exp(-3.0 * (score + 6.0))))
