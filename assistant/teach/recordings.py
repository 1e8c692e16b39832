"""Reads a household's recordings, and finds the word in each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant.audio.files import read_audio
from assistant.audio.format import samples
from assistant.errors import BadInput
from assistant.teach.features import WINDOW

SHORTEST = samples(0.25)
_FRAME = samples(0.02)
_PAUSE = samples(0.35)  # a longer silence ends the word
_MARGIN = samples(0.03)


def files_in(folder: Path) -> list[Path]:
    """Return the WAV and FLAC files of a folder and its subfolders; ``BadInput`` without any."""
    if not folder.is_dir():
        raise BadInput(str(folder), "no such folder", "give the folder of your recordings")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".wav", ".flac"))
    if not found:
        raise BadInput(str(folder), "no WAV or FLAC file in it", "record at 16 kHz, mono")
    return found


def words_in(folder: Path) -> list[np.ndarray]:
    """Return the word of every recording in ``folder``, peak 1. Raises ``BadInput``."""
    out = []
    for path in files_in(folder):
        word = find_word(read_audio(path))
        if len(word) < SHORTEST:
            raise BadInput(str(path), "no word can be heard in it", "record it again")
        if len(word) > WINDOW:
            raise BadInput(str(path), "longer than a wake word", "record only the word")
        out.append(word)
    return out


def find_word(x: np.ndarray) -> np.ndarray:
    """Return the loudest stretch of ``x`` without a long pause, peak 1; empty in silence."""
    frames = x[: len(x) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not len(frames):
        return x[:0]
    db = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-12)
    limit = max(float(np.percentile(db, 10)) + 8.0, float(db.max()) - 30.0)
    loud = np.flatnonzero(db > min(limit, float(db.max()) - 6.0))
    if db.max() < -70 or not loud.size:
        return x[:0]
    runs = np.split(loud, np.flatnonzero(np.diff(loud) > _PAUSE // _FRAME) + 1)
    run = max(runs, key=lambda r: float(np.sum(10 ** (db[r] / 10))))
    start, end = run[0] * _FRAME - _MARGIN, (run[-1] + 1) * _FRAME + _MARGIN
    word = x[max(0, start) : end]
    return word / max(float(np.abs(word).max()), 1e-6)
