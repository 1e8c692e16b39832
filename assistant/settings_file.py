"""Changes settings in the owner's file and leaves the rest, comments too, alone."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from assistant.errors import AssistantError
from assistant.settings import load
from assistant.values import as_toml


def use(path: Path, section: str, key: str, value: object) -> None:
    """Write one value into the settings file ``path``; see ``use_all``."""
    use_all(path, {f"{section}.{key}": value})


def use_all(path: Path, values: Mapping[str, object], backup: str = "") -> Path | None:
    """Write ``values`` ("section.key") into the TOML file ``path``, which need not exist yet.

    All of them appear at once or none does, also when the power fails; owner and mode stay. With
    ``backup`` the file as it was is kept under its name and that ending, and returned. Raises
    ``BadInput`` when the file is not a good settings file, before or after, and
    ``AssistantError`` when it cannot be written; it is then as it was.
    """
    path = path.expanduser().resolve()
    text = ""
    if path.exists():
        load(path)
        text = path.read_text(encoding="utf-8")
    following = text
    for name, value in values.items():
        section, _, key = name.partition(".")
        following = changed(following, section, key, value)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = None
        if backup and text and text != following:
            kept = path.with_name(path.name + backup)
            _replace(kept, text, path)
        _replace(path, following, path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise AssistantError(f"{path}: cannot be written: {reason}") from None
    return kept


def _replace(path: Path, text: str, like: Path) -> None:
    """Put ``text`` in the place of ``path`` once it is on the disk, readable by those of ``like``.

    Raises OSError, and BadInput for a text that is no good settings file.
    """
    half = path.with_name(path.name + ".part")
    try:
        with half.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if like.exists():
            shutil.copymode(like, half)
            with contextlib.suppress(PermissionError):
                os.chown(half, like.stat().st_uid, like.stat().st_gid)
        load(half)
        half.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        half.unlink(missing_ok=True)


def changed(text: str, section: str, key: str, value: object) -> str:
    """Return the TOML ``text`` with ``section.key`` set; a line for it is replaced or added."""
    line = f"{key} = {as_toml(value)}"
    lines = text.splitlines()
    head = re.compile(rf"\s*\[\s*{re.escape(section)}\s*\]\s*(#.*)?")
    start = next((i for i, old in enumerate(lines) if head.fullmatch(old)), None)
    if start is None:
        gap = [""] if lines and lines[-1].strip() else []
        return "\n".join([*lines, *gap, f"[{section}]", line]) + "\n"
    end = next(
        (i for i in range(start + 1, len(lines)) if re.match(r"\s*\[", lines[i])), len(lines)
    )
    ours = re.compile(rf"\s*{re.escape(key)}\s*=")
    at = next((i for i in range(start + 1, end) if ours.match(lines[i])), None)
    if at is None:
        lines.insert(start + 1, line)
    else:
        remark = re.search(r"""=\s*(?:"[^"]*"|'[^']*'|[^"'#]*)(\s+#.*)$""", lines[at])
        lines[at] = line + (remark[1] if remark else "")
    return "\n".join(lines) + "\n"
