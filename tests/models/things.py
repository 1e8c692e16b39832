"""Small real models to fetch: the household Vosk model as an archive, and what goes with it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import lru_cache
from pathlib import Path

from assistant.models.download import Patience
from assistant.models.registry import File, Model
from assistant.speech.vosk_ import HOUSEHOLD

NAME = "vosk-model-tiny-en-0.1"
SLEPT: list[float] = []
PATIENCE = Patience(timeout_s=0.1, sleep=SLEPT.append)


@lru_cache
def archive(top: str = NAME) -> bytes:
    """Return the household model as the zip its publisher would offer."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(HOUSEHOLD.rglob("*")):
            if path.is_file():
                opened.write(path, f"{top}/{path.relative_to(HOUSEHOLD)}")
    return out.getvalue()


def published(url: str, data: bytes, digest: bool = True) -> File:
    """Return a registry's entry for ``data`` at ``url``."""
    found = hashlib.sha256(data).hexdigest()
    return File(url, len(data), "sha256", found) if digest else File(url)


def vosk(file: File) -> Model:
    return Model(NAME, "vosk", "en", "US English", "Apache-2.0", (file,), default=True)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every visible file below ``folder``: a model's content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
