"""The owner's own words (names, brands), put back where the recogniser wrote what sounds alike.

A recogniser only writes words of its lexicon: for "nutella" it writes "new tell a". Compared by
sound, what was written is turned back; the same pronunciations serve every engine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from assistant.errors import BadInput
from assistant.speech.letters import pronounce
from assistant.speech.recogniser import HeardWord, Transcript

PLACE = Path("/etc/assistant/words.txt")
NEAR = 0.34  # of the phones may differ
_LONGEST = 4  # recognised words that one of the owner's may have become
_LIKE = [set(group.split()) for group in (
    "AA AH AO", "AE EH", "IH IY EY", "UH UW OW", "ER R", "P B", "T D", "K G", "F V", "S Z SH ZH",
    "TH DH", "M N NG", "CH JH SH", "AY AE",
)]  # fmt: skip


@dataclass(frozen=True)
class OwnWord:
    """A word with its phones."""

    text: str
    phones: tuple[str, ...]


class OwnWords:
    """Turns what sounds like one of ``words`` back into it.

    ``kept`` are words at which no replacement begins or ends (those of the skills);
    ``sound`` gives a word's phones, by spelling rules by default. Pure; any thread.
    """

    def __init__(
        self,
        words: Iterable[str],
        kept: Collection[str] = (),
        sound: Callable[[str], str | None] = pronounce,
    ) -> None:
        self._sound = lru_cache(maxsize=2048)(lambda word: tuple((sound(word) or "").split()))
        found = (OwnWord(w.lower(), self._phones(w.lower().split())) for w in words)
        self._words = tuple(w for w in found if len(w.phones) >= 3)
        self._kept = frozenset(kept)

    def restore(self, heard: Sequence[HeardWord]) -> tuple[HeardWord, ...]:
        """Return the words with the owner's in place of what sounds like them."""
        out, at = [], 0
        while at < len(heard):
            word, count = self._best(heard, at)
            if word is None:
                out.append(heard[at])
                at += 1
                continue
            parts = heard[at : at + count]
            sure = min(part.confidence for part in parts)
            out.append(HeardWord(word.text, parts[0].start, parts[-1].end, sure))
            at += count
        return tuple(out)

    def restored(self, heard: Transcript) -> Transcript:
        """Return the transcript with the owner's words in place."""
        words = self.restore(heard.words)
        if words == heard.words:
            return heard
        return replace(heard, text=" ".join(w.text for w in words), words=words)

    def _best(self, heard: Sequence[HeardWord], at: int) -> tuple[OwnWord | None, int]:
        best: tuple[float, int, OwnWord | None] = (NEAR, 0, None)
        for count in range(1, min(_LONGEST, len(heard) - at) + 1) if self._words else ():
            texts = [w.text for w in heard[at : at + count]]
            if "[unk]" in texts or self._kept.intersection((texts[0], texts[-1])):
                continue
            phones = self._phones(texts)
            for word in self._words:
                far = distance(phones, word.phones)
                if far < best[0]:
                    best = (far, count, word)
        return best[2], best[1]

    def _phones(self, words: Sequence[str]) -> tuple[str, ...]:
        return tuple(p for word in words for p in self._sound(word))


def distance(a: Sequence[str], b: Sequence[str]) -> float:
    """Return how different two phone sequences sound: 0 for equal, 1 for nothing alike.

    Levenshtein's distance over the longer length; phones of one family differ by a third.
    """
    row = [float(j) for j in range(len(b) + 1)]
    for i, x in enumerate(a, 1):
        above, row = row, [float(i)]
        for (diagonal, up), y in zip(pairwise(above), b, strict=True):
            row.append(min(diagonal + _apart(x, y), up + 1, row[-1] + 1))
    return row[-1] / max(len(a), len(b), 1)


def _apart(x: str, y: str) -> float:
    if x == y:
        return 0.0
    return 1 / 3 if any(x in group and y in group for group in _LIKE) else 1.0


def read_words(path: Path = PLACE) -> tuple[str, ...]:
    """Return the owner's words, one a line, ``#`` begins a comment; none without the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(str(path), f"cannot be read: {error}", "save it as UTF-8 text") from None
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(" ".join(line.split()).lower() for line in lines if line)
