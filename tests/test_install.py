"""The one-command set-up: what it explains, what it refuses, and what the lock files hold."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (
    "requirements-build",
    "requirements",
    "requirements-pi",
    "requirements-pi-old",
    "requirements-test",
)
SCRIPTS = (
    "install.sh",
    ".ci/run",
    ".ci/lock",
    "tests/arm64/all.sh",
    "tests/arm64/run.sh",
    "tests/arm64/interrupt.sh",
    "tests/arm64/service.sh",
    "tests/arm64/wheels.sh",
)
UNWANTED = {"torch", "scipy", "scikit-learn", "tflite-runtime", "tensorflow"}


def install(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [ROOT / "install.sh", *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def locked(name: str) -> dict[str, list[str]]:
    """Return every package of a lock file with its hashes."""
    packages: dict[str, list[str]] = {}
    for line in (ROOT / f"{name}.lock").read_text().splitlines():
        if pinned := re.match(r"([a-z0-9.-]+)==\S+", line):
            hashes = packages.setdefault(pinned[1], [])
        if found := re.search(r"--hash=sha256:([0-9a-f]{64})\b", line):
            hashes.append(found[1])
    return packages


def asked_for(name: str) -> set[str]:
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines)
    return {re.sub(r"[_.]", "-", found[0].lower()) for found in names if found}


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_valid_bash(script):
    subprocess.run(["bash", "-n", ROOT / script], check=True)
    if shutil.which("shellcheck"):
        # With the files a script reads, which mean nothing on their own.
        subprocess.run(["shellcheck", "-x", "-a", script], cwd=ROOT, check=True)
    assert os.access(ROOT / script, os.X_OK)


def test_every_shell_script_is_one_of_those():
    texts = "".join((ROOT / script).read_text() for script in SCRIPTS)
    found = [*ROOT.glob("*.sh"), *(ROOT / "install").iterdir(), *(ROOT / "tests").rglob("*.sh")]
    for path in found:
        name = str(path.relative_to(ROOT))
        assert name in SCRIPTS or f"shellcheck source={name}\n" in texts, name


def test_help_teaches_every_job():
    shown = install("--help")
    assert shown.returncode == 0 and shown.stderr == ""
    assert all(f"./install.sh {job}" in shown.stdout for job in ("demo", "test", "setup"))
    assert install().stdout == shown.stdout


def test_an_unknown_job_is_one_sentence():
    refused = install("tset")
    assert refused.returncode == 2 and refused.stdout == ""
    assert refused.stderr.count("\n") == 1 and '"tset"' in refused.stderr


@pytest.mark.parametrize(
    ("command", "prints", "says"),
    [
        ("dpkg", "armhf", "64-bit Raspberry Pi OS"),
        ("dpkg", "s390x", "s390x is not supported"),
    ],
)
def test_a_machine_it_cannot_serve_is_refused_with_a_remedy(tmp_path, command, prints, says):
    fake = tmp_path / command
    fake.write_text(f"#!/bin/sh\necho {prints}\n")
    fake.chmod(0o755)
    refused = install("setup", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert refused.returncode == 1 and says in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_second_run_needs_no_network_and_does_nothing():
    if not (ROOT / ".venv" / "installed-test").exists():
        pytest.skip("this is not a folder that ./install.sh test has set up")
    log = ROOT / "install.log"
    before = log.stat().st_mtime_ns if log.exists() else None
    nowhere = "http://127.0.0.1:9"
    again = install("setup", http_proxy=nowhere, https_proxy=nowhere, all_proxy=nowhere)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("\n") == 1
    assert (log.stat().st_mtime_ns if log.exists() else None) == before


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes_and_no_address(name):
    packages = locked(name)
    assert all(packages.values())
    text = (ROOT / f"{name}.lock").read_text()
    assert "://" not in text and "index" not in text.lower() and "find-links" not in text
    assert not UNWANTED & packages.keys()


def test_the_two_libraries_for_the_pins_never_meet():
    # RPi.GPIO cannot watch a pin on kernels since 6.6, and rpi-lgpio has the same module's name.
    new, old = locked("requirements-pi").keys(), locked("requirements-pi-old").keys()
    assert {"rpi-lgpio", "lgpio"} <= new and "rpi-gpio" not in new
    assert "rpi-gpio" in old and not {"rpi-lgpio", "lgpio"} & old
    assert not {"rpi-gpio", "rpi-lgpio", "lgpio"} & locked("requirements").keys()


def test_the_wake_word_engine_is_not_the_one_pip_falls_back_to():
    # Where tflite-runtime has no wheel pip takes openWakeWord 0.4 without a word.
    assert "openwakeword==0.5.1" in (ROOT / "requirements.lock").read_text()


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_locked(name):
    assert asked_for(name) <= locked(name).keys()


def test_compiled_packages_are_locked_for_two_architectures_and_three_pythons():
    packages = locked("requirements")
    for name in ("numpy", "cffi", "contourpy", "kiwisolver", "pillow", "pyyaml"):
        assert len(packages[name]) >= 6, name


def test_what_is_installed_is_what_is_locked():
    from importlib.metadata import PackageNotFoundError, version

    if Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("these tests do not run in the environment ./install.sh made")
    for name in ("requirements", "requirements-test"):
        for line in (ROOT / f"{name}.lock").read_text().splitlines():
            if pinned := re.match(r"([a-z0-9.-]+)==(\S+)", line):
                assert version(pinned[1]) == pinned[2], line
    with pytest.raises(PackageNotFoundError):
        version("torch")
