"""Second thoughts about an unsure wake word: does it sound like this household saying it?"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from assistant.audio.openwakeword_ import EMBEDDINGS, FEATURES, word_name
from assistant.errors import BadInput

# A hit this sure passes, unless it is as far below the household's worst as that is below its mean.
CLEAR = 0.9


class Verifier:
    """Judges hits by a linear score of the word's embeddings. Audio thread; reads its file once.

    ``path`` is what `assistant teach --verify` wrote for ``word``. Raises ``BadInput`` for
    another file and for one that was made for another word.
    """

    def __init__(self, path: Path, word: str) -> None:
        path = path.expanduser()
        try:
            with np.load(path, allow_pickle=False) as file:
                made_for = str(file["word"])
                self._weights = np.ascontiguousarray(file["weights"], np.float32)
                self._bias, self._spare = float(file["bias"]), float(file["spare"])
        except FileNotFoundError:
            raise BadInput(
                str(path), "no such file", "`assistant teach --verify` makes it"
            ) from None
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            raise _foreign(path) from None
        if self._weights.shape != (EMBEDDINGS, FEATURES):
            raise _foreign(path)
        if made_for != word_name(word):
            remedy = "make one with `assistant teach --verify`, or leave wake.verifier empty"
            raise BadInput(str(path), f'made for the word "{made_for}"', remedy)

    def value(self, embeddings: np.ndarray) -> float:
        """Return how much ``embeddings`` (..., 16, 96) are the household's; below 0 is not."""
        return float(np.vdot(self._weights, embeddings)) + self._bias

    def accepts(self, embeddings: np.ndarray, score: float) -> bool:
        """Whether a hit of ``score`` is one; ``embeddings`` are those it was scored on."""
        return self.value(embeddings) >= (-self._spare if score >= CLEAR else 0.0)


def _foreign(path: Path) -> BadInput:
    return BadInput(str(path), "not a household verifier", "`assistant teach --verify` makes one")
