"""Nothing leaves this computer: what the packages we use would send or keep about it is off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from assistant.audio.onnx_ import file_in_wheel

ROOT = Path(__file__).resolve().parent.parent
LISTENS = """
import sys
from pathlib import Path
from assistant.audio.onnx_ import open_session
open_session(Path(sys.argv[1]))
"""


def test_onnxruntime_keeps_and_sends_nothing_about_this_computer(tmp_path):
    # Its wheels for Linux make an identity in the cache folder at the first session and send a
    # report with it (microsoft/onnxruntime#27379).
    model = file_in_wheel("silero_vad", "data/silero_vad.onnx")
    unset = {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    environ = {name: value for name, value in os.environ.items() if name not in unset}
    subprocess.run(
        [sys.executable, "-c", LISTENS, str(model)],
        env={**environ, "HOME": str(tmp_path)}, cwd=ROOT, check=True, timeout=60,
    )  # fmt: skip
    assert list(tmp_path.rglob("*")) == []
