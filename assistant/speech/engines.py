"""Open the speech engines the settings ask for, and say in one sentence what was opened and why."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from assistant import settings
from assistant.errors import AssistantError, BadInput, did_you_mean
from assistant.speech.recogniser import Grammar, Recogniser
from assistant.speech.voice import Voice

MODELS = Path("~/.local/share/assistant/models")


def open_recogniser(
    speech: settings.Speech,
    grammar: Grammar,
    vocabulary: Collection[str] = (),
    models: Path = MODELS,
) -> tuple[Recogniser, str]:
    """Return the recogniser of ``speech.recogniser`` and a sentence naming it for the owner.

    "auto" takes a real Vosk model if one is installed and readable, else pocketsphinx with
    ``grammar``. The sentence also tells how many words of ``vocabulary`` the engine cannot hear.
    Raises ``BadInput`` or ``EngineMissing`` when what was asked for is not there.
    """
    if speech.recogniser == "vosk-household":
        return _household(vocabulary)
    if speech.recogniser == "pocketsphinx":
        return _pocketsphinx(grammar)
    if speech.recogniser not in ("auto", "vosk"):
        raise BadInput(
            "setting speech.recogniser",
            f'unknown engine "{speech.recogniser}"',
            did_you_mean(speech.recogniser, ("auto", "vosk", "vosk-household", "pocketsphinx")),
        )
    folder = vosk_folder(speech, models)
    if folder is None:
        if speech.recogniser == "auto":
            recogniser, sentence = _pocketsphinx(grammar)
            return recogniser, f"{sentence} No Vosk model is installed (setting speech.vosk_model)."
        raise BadInput(
            "setting speech.recogniser",
            f"no Vosk model in {models.expanduser()}",
            "unpack one there or name its folder in speech.vosk_model",
        )
    try:
        return _vosk(folder, vocabulary)
    except AssistantError as e:
        if speech.recogniser == "vosk" or speech.vosk_model:
            raise
        recogniser, sentence = _pocketsphinx(grammar)
        return recogniser, f"{sentence} The Vosk model is unusable: {e}."


def open_voice(speech: settings.Speech, models: Path = MODELS) -> tuple[Voice, str]:
    """Return the voice of ``speech.voice`` and a sentence naming it for the owner.

    "auto" takes a Piper voice if one is installed and readable, else espeak-ng. Raises
    ``BadInput`` or ``EngineMissing`` when what was asked for is not there.
    """
    kind, _, rest = speech.voice.partition(":")
    if kind == "espeak":
        return _espeak(rest or "en-us")
    if kind == "piper" and rest:
        return _piper(Path(rest))
    if speech.voice != "auto":
        raise BadInput(
            "setting speech.voice", f'unknown voice "{speech.voice}"',
            'use "auto", "espeak:en-us+f3" or "piper:PATH.onnx"',
        )  # fmt: skip
    path = piper_model(models)
    if path is None:
        voice, sentence = _espeak("en-us")
        return voice, f"{sentence} No Piper voice is installed (setting speech.voice)."
    try:
        return _piper(path)
    except AssistantError as e:
        voice, sentence = _espeak("en-us")
        return voice, f"{sentence} The Piper voice is unusable: {e}."


def vosk_folder(speech: settings.Speech, models: Path = MODELS) -> Path | None:
    """Return the Vosk model's folder: the setting, else the first ``vosk*`` of ``models``."""
    if speech.vosk_model:
        return Path(speech.vosk_model).expanduser()
    folders = (p for p in sorted(models.expanduser().glob("vosk*")) if p.is_dir())
    return next(folders, None)


def piper_model(models: Path = MODELS) -> Path | None:
    """Return the first Piper voice (a ``.onnx`` with its ``.onnx.json``) below ``models``."""
    found = (p for p in sorted(models.expanduser().rglob("*.onnx")))
    return next((p for p in found if p.with_name(p.name + ".json").is_file()), None)


def _household(vocabulary: Collection[str]) -> tuple[Recogniser, str]:
    from assistant.speech.vosk_ import HOUSEHOLD, VoskRecogniser

    recogniser = VoskRecogniser(HOUSEHOLD, "vosk household")
    return recogniser, (
        "Hearing with Vosk and the project's household model, which understands synthetic voices "
        "only." + _missing(recogniser.lacks(vocabulary))
    )


def _vosk(folder: Path, vocabulary: Collection[str]) -> tuple[Recogniser, str]:
    from assistant.speech.vosk_ import VoskRecogniser

    recogniser = VoskRecogniser(folder)
    return recogniser, (
        f"Hearing with Vosk, model {folder.name}." + _missing(recogniser.lacks(vocabulary))
    )


def _pocketsphinx(grammar: Grammar) -> tuple[Recogniser, str]:
    from assistant.speech.pocketsphinx_ import PocketsphinxRecogniser

    recogniser = PocketsphinxRecogniser(grammar)
    return recogniser, (
        "Hearing with PocketSphinx, which knows only the skills' sentences."
        + _missing(recogniser.unknown_words)
    )


def _missing(words: Collection[str]) -> str:
    if not words:
        return ""
    shown = ", ".join(sorted(words)[:5])
    return f" It cannot hear {len(words)} of the skills' words: {shown}" + (
        ", and more." if len(words) > 5 else "."
    )


def _espeak(variant: str) -> tuple[Voice, str]:
    from assistant.speech.espeak_ import EspeakVoice

    return EspeakVoice(variant), f"Speaking with espeak-ng, voice {variant}."


def _piper(path: Path) -> tuple[Voice, str]:
    from assistant.speech.piper_ import PiperVoice

    voice = PiperVoice(path)
    return voice, f"Speaking with Piper, voice {path.stem}."
