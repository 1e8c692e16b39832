"""The systemd units, judged by systemd itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UNITS = sorted((ROOT / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
LIMIT = 2.0  # of systemd's exposure, 0 to 10


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60
    )


def test_systemd_finds_no_mistake(tmp_path):
    for unit in UNITS:  # what they start is not installed here: something is that exists
        text = re.sub(r"^ExecStart=/opt/\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M)
        (tmp_path / unit.name).write_text(text)
    found = analyze("verify", *(tmp_path / unit.name for unit in UNITS))
    ours = [line for line in (found.stdout + found.stderr).splitlines() if "assistant" in line]
    assert found.returncode == 0 and not ours, ours


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_that_is_broken_into_can_do_little(unit):
    shown = analyze("security", "--offline=true", "--no-pager", unit)
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", shown.stdout)
    if exposure is None:
        pytest.skip("this systemd-analyze does not judge unit files")
    assert float(exposure[1]) <= LIMIT


def test_updates_are_looked_for_only_when_the_owner_wants_it():
    enabled = re.search(r"wanted_by=\((.*?)\)", (ROOT / "install/service.sh").read_text(), re.S)
    assert enabled and "backup.timer" in enabled[1] and "update" not in enabled[1]


def test_every_unit_is_installed():
    listed = re.search(r"units=\((.*?)\)", (ROOT / "install/service.sh").read_text(), re.S)
    assert listed and set(listed[1].split()) == {unit.name for unit in UNITS}


def test_nothing_listens_on_the_network():
    for unit in SERVICES:
        if "update" not in unit.name:
            assert "PrivateNetwork=yes" in unit.read_text()
    sources = [p for p in (ROOT / "assistant").rglob("*.py") if "AF_INET" in p.read_text()]
    assert not sources
