"""The adapter of onnxruntime: sessions that suit an audio thread."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

from assistant.errors import BadInput, EngineMissing


def file_in_wheel(package: str, name: str) -> Path:
    """Return the path of a file inside an installed package without importing the package.

    Raises ``EngineMissing`` when the package or the file is not there. Importing would pull in
    torch (silero-vad) or scikit-learn (openwakeword); their model files need neither.
    """
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        path = Path(folder) / name
        if path.is_file():
            return path
    what = f"{name} is not in it" if folders else "it is not installed"
    raise EngineMissing(f"package {package}: {what}; run ./install.sh again")


@functools.lru_cache(maxsize=8)
def open_session(path: Path):
    """Return the onnxruntime session of a model file; the same file is loaded only once.

    One thread and no spinning: the models are small, the Pi has four cores for everything, and
    a spinning pool would burn one. ``run`` releases the GIL and may be called from any thread.
    Raises ``BadInput`` when the file is not a model and ``EngineMissing`` without onnxruntime.
    """
    if not path.is_file():
        raise BadInput(str(path), "no such model file", "give the path of a .onnx file")
    return open_model(str(path), str(path))


def open_model(source: str | bytes, name: str):
    """Return the session of a model, given as a path or as the file's bytes; see ``open_session``.

    ``name`` is what an error calls it.
    """
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise EngineMissing(
            f"package onnxruntime cannot be loaded ({error}); run ./install.sh again"
        ) from None
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class of its own for every kind of bad file
        reason = str(error).split("\n")[0][:120]
        raise BadInput(name, f"not a usable ONNX model ({reason})") from None
