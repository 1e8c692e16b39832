"""What the tests of install.sh share: systems made of a few files, and single steps run in them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIG = """# For more options see the documentation
dtparam=audio=on
[pi4]
dtparam=spi=on
[all]
dtparam=i2c_arm=on
"""


def make_pi(folder: Path) -> Path:
    """Return a folder in ``folder`` with a Raspberry Pi 4's files, as far as install.sh looks."""
    system = folder / "system"
    for name, text in {
        "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
        "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
        "boot/firmware/config.txt": CONFIG,
        "boot/firmware/overlays/wm8960-soundcard.dtbo": "an overlay",
    }.items():
        (system / name).parent.mkdir(parents=True, exist_ok=True)
        (system / name).write_text(text)
    return system


def install(*arguments: str | Path) -> subprocess.CompletedProcess:
    """Run install.sh as a person does; it cannot ask anything."""
    return subprocess.run(
        [ROOT / "install.sh", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip


def steps(system: Path, *functions: str, **variables: str) -> subprocess.CompletedProcess:
    """Run single steps of an installation into ``system``, with install.sh's files read before."""
    parts = re.findall(r'^source "\$root/(install/\S+)"', (ROOT / "install.sh").read_text(), re.M)
    assert {Path(part).name for part in parts} == {p.name for p in (ROOT / "install").iterdir()}
    script = "\n".join(
        [
            "set -euo pipefail",
            f'root="{ROOT}" log="{system.parent}/log" dry=0 needed_mb=1 title="" python=python3',
            *(f'source "$root/{part}"' for part in parts),
            f'target="{system}" version=1',
            *(f"{name}={value}" for name, value in variables.items()),
            "check_machine", "detect", *functions,
        ]
    )  # fmt: skip
    return subprocess.run(
        ["bash", "-c", script, "install.sh"], capture_output=True, text=True, timeout=60,
        preexec_fn=_interruptible,
    )  # fmt: skip


def _interruptible() -> None:
    """A shell that starts with a signal ignored, as one in the background does, cannot trap it."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def tree(folder: Path) -> dict[str, tuple]:
    """Return everything about every file that a change would change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else ""
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
        found[str(path.relative_to(folder))] = (
            status.st_mode, status.st_ino, status.st_mtime_ns, content
        )  # fmt: skip
    return found


def contents(folder: Path) -> dict[str, tuple]:
    """Return the mode and the content of every file: what a person would see of a change."""
    return {name: (mode, content) for name, (mode, _, _, content) in tree(folder).items()}
