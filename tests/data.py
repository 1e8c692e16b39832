"""Where the shared recordings are: tests that need one skip with a clear reason without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def data_root() -> Path:
    """Return the folder of the recordings: $ASSISTANT_TEST_DATA, or ../shared/data."""
    return Path(os.environ.get("ASSISTANT_TEST_DATA") or ROOT.parent / "shared" / "data")


def shared(name: str) -> Path:
    """Return the path of one recording or folder of them, or skip the running test."""
    path = data_root() / name
    if not path.exists():
        pytest.skip(f"needs the recording {path} (set ASSISTANT_TEST_DATA to its folder)")
    return path
