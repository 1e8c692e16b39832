"""Finds the shared recordings, or skips the test that needs them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """Return where the recordings should be: $ASSISTANT_TEST_DATA or ../shared/data."""
    return Path(os.environ.get("ASSISTANT_TEST_DATA") or ROOT.parent / "shared" / "data")


def shared(name: str) -> Path:
    """Return the path of one shared recording, or skip the running test without it."""
    path = folder() / name
    if not path.exists():
        pytest.skip(f"{name} is not in {folder()}; set ASSISTANT_TEST_DATA to the recordings")
    return path
