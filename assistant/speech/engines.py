"""Open the speech engines the settings ask for, and say in one sentence what was opened and why."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from assistant import settings
from assistant.errors import AssistantError, BadInput, did_you_mean
from assistant.models import registry
from assistant.models.shelf import refuse_damaged
from assistant.speech.recogniser import Grammar, Recogniser
from assistant.speech.style import StyledVoice
from assistant.speech.voice import Voice
from assistant.store import Store

_TOLD = "embedded engines"
NO_VOSK = "No Vosk model is installed; get one with: assistant models fetch."
NO_PIPER = "No Piper voice is installed; get one with: assistant models fetch."


def open_recogniser(
    speech: settings.Speech,
    grammar: Grammar,
    vocabulary: Collection[str] = (),
    models: Path | None = None,
) -> tuple[Recogniser, str]:
    """Return the recogniser of ``speech.recogniser`` and a sentence naming it for the owner.

    "auto" takes a real Vosk model if one is installed and readable, else pocketsphinx with
    ``grammar``. The sentence also tells how many words of ``vocabulary`` the engine cannot hear.
    ``models`` is the folder the models live in (default: ``registry.folder``'s).
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
    models = models or registry.folder(settings.Settings())
    folder = vosk_folder(speech, models)
    if folder is None:
        if speech.recogniser == "auto":
            recogniser, sentence = _pocketsphinx(grammar)
            return recogniser, f"{sentence} {NO_VOSK}"
        raise BadInput(
            "setting speech.recogniser",
            f"no Vosk model in {models}",
            "get one: assistant models fetch",
        )
    try:
        return _vosk(folder, vocabulary)
    except AssistantError as e:
        if speech.recogniser == "vosk" or speech.vosk_model:
            raise
        recogniser, sentence = _pocketsphinx(grammar)
        return recogniser, f"{sentence} The Vosk model is unusable: {e}."


def open_voice(speech: settings.Speech, models: Path | None = None) -> tuple[Voice, str]:
    """Return the voice of ``speech.voice`` and a sentence naming it for the owner.

    "auto" takes a Piper voice if one is installed and readable, else espeak-ng. ``models`` is the
    folder the models live in (default: ``registry.folder``'s). Raises ``BadInput`` or
    ``EngineMissing`` when what was asked for is not there.
    """
    kind, _, rest = speech.voice.partition(":")
    models = models or registry.folder(settings.Settings())
    if kind == "espeak":
        return _espeak(speech, rest or "en-us")
    if kind == "piper" and rest:
        named = models / rest / f"{rest}.onnx"
        return _piper(speech, named if named.is_file() else Path(rest))
    if speech.voice != "auto":
        raise BadInput(
            "setting speech.voice", f'unknown voice "{speech.voice}"',
            'use "auto", "espeak:en-us+f3", "piper:NAME" or "piper:PATH.onnx"',
        )  # fmt: skip
    path = piper_model(models, speech.language)
    if path is None:
        voice, sentence = _espeak(speech)
        return voice, f"{sentence} {NO_PIPER}"
    try:
        return _piper(speech, path)
    except AssistantError as e:
        voice, sentence = _espeak(speech)
        return voice, f"{sentence} The Piper voice is unusable: {e}."


def introduction(recogniser: Recogniser, voice: Voice, store: Store) -> str:
    """Return what to say first, once per installation, where embedded engines stand in; or "".

    It names the engines that run and how to get better ones. Saying it again takes a change of
    engines.
    """
    hears, speaks = recogniser.name, voice.name
    if hears.startswith("vosk ") and speaks.startswith("piper "):
        return ""
    if store.get("speaker", _TOLD, "") == f"{hears}, {speaks}":
        return ""
    store.set("speaker", _TOLD, f"{hears}, {speaks}")
    lines = ["Hello."]
    if not hears.startswith("vosk "):
        lines.append("I listen with PocketSphinx, which only knows my own sentences.")
    elif hears == "vosk household":
        lines.append("I listen with a model made for synthetic voices.")
    if not speaks.startswith("piper "):
        lines.append("I speak with e speak.")
    return " ".join((*lines, "For better engines, run: assistant models fetch."))


def vosk_folder(speech: settings.Speech, models: Path) -> Path | None:
    """Return the Vosk model's folder: the setting's, by name or path, else one of ``models``.

    Of several the registry's default for the language goes first, then any other in the language
    the registry knows, then any it does not know.
    """
    if speech.vosk_model:
        named = models / speech.vosk_model
        return named if named.is_dir() else Path(speech.vosk_model).expanduser()
    folders = [p for p in sorted(models.glob("vosk*")) if p.is_dir()]
    return _best(folders, [p.name for p in folders], speech.language)


def piper_model(models: Path, language: str = "en") -> Path | None:
    """Return a Piper voice (a ``.onnx`` with its ``.onnx.json``) below ``models``, or None.

    Of several the best for ``language``; see ``vosk_folder``.
    """
    found = [
        path
        for path in sorted(models.rglob("*.onnx"))
        if path.with_name(path.name + ".json").is_file()
        and not any(part.startswith(".") for part in path.relative_to(models).parts)
    ]
    return _best(found, [path.stem for path in found], language)


def _best(paths: list[Path], names: list[str], language: str) -> Path | None:
    known = registry.read(registry.SHIPPED)

    def rank(name: str) -> int:
        model = known.get(name)
        if model is None:
            return 2
        return (0 if model.default else 1) if model.language == language else 3

    ranks = [rank(name) for name in names]
    return paths[ranks.index(min(ranks))] if ranks and min(ranks) < 3 else None


def _household(vocabulary: Collection[str]) -> tuple[Recogniser, str]:
    from assistant.speech.vosk_ import HOUSEHOLD, VoskRecogniser

    recogniser = VoskRecogniser(HOUSEHOLD, "vosk household")
    return recogniser, (
        "Hearing with Vosk and the project's household model, which understands synthetic voices "
        "only." + _missing(recogniser.lacks(vocabulary))
    )


def _vosk(folder: Path, vocabulary: Collection[str]) -> tuple[Recogniser, str]:
    from assistant.speech.vosk_ import VoskRecogniser

    refuse_damaged(folder)
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


def _espeak(speech: settings.Speech, variant: str = "en-us") -> tuple[Voice, str]:
    from assistant.speech.espeak_ import EspeakVoice

    voice = StyledVoice(EspeakVoice(variant, speech.speed), speech)
    return voice, f"Speaking with espeak-ng, voice {variant}."


def _piper(speech: settings.Speech, path: Path) -> tuple[Voice, str]:
    from assistant.speech.piper_ import PiperVoice

    refuse_damaged(path.expanduser().parent)
    voice = StyledVoice(PiperVoice(path, speech.speed), speech)
    return voice, f"Speaking with Piper, voice {path.stem}."
