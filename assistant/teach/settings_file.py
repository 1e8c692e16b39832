"""Changes one setting in the owner's settings file and leaves the rest, comments too, alone."""

from __future__ import annotations

import re
from pathlib import Path

from assistant.errors import AssistantError
from assistant.settings import load
from assistant.values import as_toml


def use(path: Path, section: str, key: str, value: object) -> None:
    """Write ``value`` into the TOML file ``path``, which need not exist yet.

    Raises ``BadInput`` when the file is not a good settings file, before or after, and
    ``AssistantError`` when it cannot be written; it is then as it was.
    """
    path = path.expanduser()
    text = ""
    if path.exists():
        load(path)
        text = path.read_text(encoding="utf-8")
    half = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(changed(text, section, key, value), encoding="utf-8")
        load(half)
        half.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise AssistantError(f"{path}: cannot be written: {reason}") from None
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
