"""Chooses the speech engines from the settings and from what is installed, and says which."""

from __future__ import annotations

import os
from pathlib import Path

from assistant.errors import BadInput
from assistant.settings import Speech
from assistant.speech.recogniser import Grammar, Recogniser
from assistant.speech.voice import Voice

HOUSEHOLD = Path(__file__).with_name("vosk_household") / "model"


def models_folder() -> Path:
    """Return where downloaded models live."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "assistant" / "models"


def open_recogniser(settings: Speech, grammar: Grammar) -> Recogniser:
    """Open the recogniser of the settings; "auto" is a real Vosk model, else pocketsphinx."""
    choice, folder = settings.recogniser, _vosk_folder(settings)
    if choice == "vosk-household":
        from assistant.speech.vosk_ import VoskRecogniser

        return VoskRecogniser(HOUSEHOLD, "vosk household")
    if choice == "vosk" or (choice == "auto" and folder is not None):
        from assistant.speech.vosk_ import VoskRecogniser

        if folder is None:
            raise BadInput(
                "speech.recogniser",
                f'is "vosk", and there is no Vosk model in {models_folder()}',
                "put one there, or name its folder in speech.vosk_model",
            )
        return VoskRecogniser(folder, f"vosk {folder.name}")
    from assistant.speech.pocketsphinx_ import PocketsphinxRecogniser

    return PocketsphinxRecogniser(grammar)


def open_voice(settings: Speech) -> Voice:
    """Open the voice of the settings; "auto" is a Piper voice when there is one, else espeak-ng."""
    kind, _, which = settings.voice.partition(":")
    if kind == "piper" or (kind == "auto" and _piper_model() is not None):
        from assistant.speech.piper_ import PiperVoice

        return PiperVoice(Path(which).expanduser() if which else _piper_model())
    if kind not in ("auto", "espeak"):
        raise BadInput(
            "speech.voice",
            f'"{settings.voice}" is not a voice',
            'give "auto", "espeak:VARIANT" or "piper:PATH.onnx"',
        )
    from assistant.speech.espeak_ import EspeakVoice

    return EspeakVoice(which or "en-us")


def _vosk_folder(settings: Speech) -> Path | None:
    if settings.vosk_model:
        return Path(settings.vosk_model).expanduser()
    found = sorted(models_folder().glob("vosk*/"))
    return found[0] if found else None


def _piper_model() -> Path | None:
    found = sorted(models_folder().glob("**/*.onnx.json"))
    return found[0].with_suffix("") if found else None
