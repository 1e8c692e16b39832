"""Look into a model before it is put in place: is it whole, and is it what it says it is?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assistant.errors import AssistantError, BadInput
from assistant.models.registry import Model

_AGAIN = "fetch it again"


def check(model: Model, folder: Path) -> None:
    """Refuse a ``folder`` that does not hold ``model`` as its engine needs it.

    Raises ``BadInput`` naming the file. Opens ONNX models with onnxruntime, once.
    """
    _CHECKS[model.kind](model, folder)


def _vosk(model: Model, folder: Path) -> None:
    from assistant.speech.vosk_ import check_model

    check_model(folder)


def _piper(model: Model, folder: Path) -> None:
    from assistant.speech.piper_ import check_voice

    for path in _onnx_files(model, folder):
        check_voice(path)


def _openwakeword(model: Model, folder: Path) -> None:
    from assistant.audio.openwakeword_ import EMBEDDINGS, FEATURES

    for path in _onnx_files(model, folder):
        session = open_model(path)
        shapes = [list(put.shape) for put in session.get_inputs()]
        outputs = [list(put.shape) for put in session.get_outputs()]
        if len(shapes) != 1 or shapes[0][1:] != [EMBEDDINGS, FEATURES] or outputs[0][-1] != 1:
            raise BadInput(
                str(path), f"not a wake word of openWakeWord (its input is {shapes})", _AGAIN
            )


def _onnx_files(model: Model, folder: Path) -> list[Path]:
    names = [file.name for file in model.files if file.name.endswith(".onnx")]
    if not names:
        raise BadInput(f"model {model.name}", "names no .onnx file", "correct the registry")
    return [folder / name for name in names]


def open_model(path: Path):
    """Return an onnxruntime session of ``path`` of its own; raises ``BadInput``."""
    from assistant.audio.onnx_ import open_session

    try:
        return open_session.__wrapped__(path)
    except AssistantError as error:
        raise BadInput(str(path), str(error).removeprefix(f"{path}: "), _AGAIN) from None


_CHECKS: dict[str, Callable[[Model, Path], None]] = {
    "vosk": _vosk,
    "piper": _piper,
    "openwakeword": _openwakeword,
}
