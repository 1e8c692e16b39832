"""The models the speaker knows: what each is for, its licence, its files and their digests."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from assistant.errors import BadInput, did_you_mean
from assistant.settings import Settings, read_toml

SHIPPED = Path(__file__).with_name("registry.toml")
SERVICE = Path("/var/lib/assistant/models")
PURPOSES = {"vosk": "speech to text", "piper": "text to speech", "openwakeword": "wake word"}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_DIGEST = {"sha256": re.compile(r"[0-9a-f]{64}"), "md5": re.compile(r"[0-9a-f]{32}")}
_TEXTS = ("name", "kind", "language", "about", "licence")


@dataclass(frozen=True)
class File:
    """One file to fetch. ``size`` in bytes; ``size`` and ``digest`` as published, if they are."""

    url: str
    size: int | None = None
    algorithm: str = ""  # "sha256", "md5", or "" where no digest is published
    digest: str = ""

    @property
    def name(self) -> str:
        """The file's name at the end of its address."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name


@dataclass(frozen=True)
class Model:
    """One model: an archive to unpack (vosk) or files to put side by side."""

    name: str
    kind: str  # a key of PURPOSES
    language: str  # "en"
    about: str  # what the owner reads: "British English"
    licence: str
    files: tuple[File, ...]
    default: bool = False  # the one of its kind for its language

    @property
    def size(self) -> int | None:
        """Bytes to fetch, or None where a file's size is not published."""
        sizes = [file.size for file in self.files]
        known = [size for size in sizes if size is not None]
        return sum(known) if known else None


def folder(settings: Settings) -> Path:
    """Return the folder the models live in; it need not exist.

    ``models.path``, else ``models`` in systemd's state directory, else ``SERVICE`` where a service
    made that, else ``~/.local/share/assistant/models`` (or below ``$XDG_DATA_HOME``).
    """
    if settings.models.path:
        return Path(settings.models.path).expanduser()
    if state := os.environ.get("STATE_DIRECTORY"):
        return Path(state.split(":")[0]) / "models"
    if SERVICE.is_dir():
        return SERVICE
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "assistant" / "models"


def known(settings: Settings) -> dict[str, Model]:
    """Return the shipped models by name, with those of ``models.registry`` added or replaced."""
    models = read(SHIPPED)
    if settings.models.registry:
        models |= read(Path(settings.models.registry).expanduser())
    return models


def read(path: Path) -> dict[str, Model]:
    """Return the models of a registry file by name; raises ``BadInput`` naming file and model."""
    table = read_toml(path)
    if set(table) - {"model"} or not isinstance(table.get("model", []), list):
        raise BadInput(str(path), "is not a list of [[model]]", "see the shipped registry.toml")
    models = [_model(entry, str(path)) for entry in table.get("model", [])]
    found = {model.name: model for model in models}
    if len(found) != len(models):
        raise BadInput(str(path), "names a model twice", "remove one of them")
    return found


def find(models: Mapping[str, Model], name: str) -> Model:
    """Return the model called ``name``; raises ``BadInput`` with a suggestion."""
    if name not in models:
        raise BadInput("assistant models", f'no model "{name}"', did_you_mean(name, models))
    return models[name]


def needed(settings: Settings, models: Collection[Model]) -> list[Model]:
    """Return the models the settings ask for, in the order of the registry.

    An engine set to "auto" or named without a model asks for its default of the language; one
    whose model is given as a path, and one that needs none, asks for nothing.
    """
    speech, wanted = settings.speech, set()
    if speech.recogniser in ("auto", "vosk"):
        wanted.add(speech.vosk_model or "vosk")
    engine, _, voice = speech.voice.partition(":")
    if engine in ("auto", "piper"):
        wanted.add(voice or "piper")
    return [
        model
        for model in models
        if model.name in wanted
        or (model.kind in wanted and model.default and model.language == speech.language)
    ]


def _model(entry: object, where: str) -> Model:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        raise BadInput(where, "a [[model]] has no name", 'write name = "..."')
    where = f"{where}: {entry['name'][:100]}"
    for key in _TEXTS:
        if not isinstance(entry.get(key), str) or not entry[key].isprintable():
            raise BadInput(where, f"{key} is not a text", f'write {key} = "..."')
    if unknown := sorted(set(entry) - {*_TEXTS, "default", "file"}):
        raise BadInput(where, f'there is no "{unknown[0]}"', did_you_mean(unknown[0], _TEXTS))
    if not _NAME.fullmatch(entry["name"]):
        raise BadInput(where, "is not a name", "use letters, digits, and - _ . inside")
    if entry["kind"] not in PURPOSES:
        raise BadInput(where, f'no kind "{entry["kind"]}"', did_you_mean(entry["kind"], PURPOSES))
    files = _files(entry.get("file"), where)
    return Model(**{k: entry[k] for k in _TEXTS}, files=files, default=bool(entry.get("default")))


def _files(entries: object, where: str) -> tuple[File, ...]:
    if not isinstance(entries, Sequence) or not entries or isinstance(entries, str):
        raise BadInput(where, "has no file", "write [[model.file]] and url = ...")
    files = tuple(_file(entry, where) for entry in entries)
    if len({file.name for file in files}) != len(files):
        raise BadInput(where, "names a file twice", "remove one of them")
    return files


def _file(entry: object, where: str) -> File:
    if not isinstance(entry, Mapping) or not isinstance(url := entry.get("url"), str):
        raise BadInput(where, "a file has no url", 'write url = "https://..."')
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    name = File(url).name if scheme in ("http", "https") else ""
    if not _NAME.fullmatch(name) or not url.isascii() or not url.isprintable() or " " in url:
        raise BadInput(where, "a url is not http(s)://.../NAME", "give the file's address")
    size = entry.get("size")
    if size is not None and (type(size) is not int or size <= 0):
        raise BadInput(where, f"the size of {name} is not a number of bytes", "correct or drop it")
    for algorithm, form in _DIGEST.items():
        digest = entry.get(algorithm)
        if digest is not None:
            if not isinstance(digest, str) or not form.fullmatch(digest):
                raise BadInput(where, f"the {algorithm} of {name} is not one", "correct or drop it")
            return File(url, size, algorithm, digest)
    return File(url, size)
