"""Every setting with its default, unit and range, and how a file or the command line changes it.

Values come from the defaults, then from one TOML file, then from ``section.key=value`` overrides.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.errors import BadInput, did_you_mean
from assistant.values import allowed, as_toml, checked, from_text

PLACES = ("/etc/assistant/assistant.toml", "~/.config/assistant/assistant.toml")


def setting(default, text: str, *, low=None, high=None, choices=None):
    """Declare one setting; ``text`` says what it changes, in the unit its name carries."""
    return field(
        default=default,
        metadata={"text": text, "low": low, "high": high, "choices": choices},
    )


@dataclass(frozen=True)
class Wake:
    word: str = setting("hey_jarvis", "wake word: a bundled openWakeWord model or a .onnx path")
    threshold: float = setting(0.4, "score that wakes in silence", low=0.05, high=0.99)
    threshold_playing: float = setting(
        0.3, "score that wakes while the speaker itself sounds", low=0.05, high=0.99
    )
    verifier: str = setting("", "household voices (.npz of `assistant teach --verify`), or empty")


@dataclass(frozen=True)
class Audio:
    device: str = setting("default", "sound card: 'default', a name or part of one, a USB id")
    board: str = setting("auto", "microphone board, a file in hardware/, or 'auto'")


@dataclass(frozen=True)
class Echo:
    enabled: bool = setting(True, "cancel the speaker's own sound (AEC)")
    tail_ms: int = setting(400, "echo tail the canceller models, ms", low=32, high=512)
    delay_ms: float = setting(
        -1.0, "delay of the echo as calibrate measured it, ms; -1 is unknown", low=-1, high=500
    )


@dataclass(frozen=True)
class BargeIn:
    policy: str = setting(
        "open", "what may interrupt an ordinary reply", choices=("open", "wake", "closed")
    )
    duck_db: float = setting(-20.0, "level of a ducked reply, dB", low=-60, high=-12)
    hold_ms: int = setting(200, "ducked this long, the reply pauses, ms", low=0, high=2000)


@dataclass(frozen=True)
class Speech:
    language: str = setting("en", "language of the sentences", choices=("en",))
    recogniser: str = setting(
        "auto", "speech to text", choices=("auto", "vosk", "vosk-household", "pocketsphinx")
    )
    words: tuple[str, ...] = setting(
        (), "names and brands to hear, beside those in /etc/assistant/words.txt"
    )
    vosk_model: str = setting("", "name or folder of a Vosk model; empty takes an installed one")
    voice: str = setting("auto", "'auto', 'espeak:VARIANT', 'piper:NAME' or 'piper:PATH.onnx'")
    speed: float = setting(1.0, "pace of the voice; 1 is its own", low=0.5, high=2)
    pause_ms: int = setting(0, "longer pause after a sentence of a reply, ms", low=0, high=2000)
    volume_db: float = setting(0.0, "loudness of the voice beside sounds and media, dB",
                               low=-20, high=6)  # fmt: skip
    whisper: bool = setting(False, "whisper everything")


@dataclass(frozen=True)
class Conversation:
    question_s: float = setting(8.0, "microphone open after a question, s", low=1, high=30)
    follow_up_s: float = setting(4.0, "microphone open after a reply, s; 0 is off", low=0, high=30)
    silence_s: float = setting(0.7, "silence that ends an utterance, s", low=0.2, high=3)


@dataclass(frozen=True)
class Volume:
    level: float = setting(0.7, "loudspeaker level at start", low=0, high=1)


@dataclass(frozen=True)
class Lights:
    enabled: bool = setting(True, "use the board's lights")
    brightness: float = setting(0.5, "brightest the lights get", low=0.02, high=1)
    quiet: str = setting("22:00-07:00", "hours of dimmer lights, 'HH:MM-HH:MM'; empty is never")
    quiet_brightness: float = setting(0.1, "brightest they get then", low=0.02, high=1)


@dataclass(frozen=True)
class Button:
    shutdown: bool = setting(True, "holding the button for six seconds shuts the computer down")


@dataclass(frozen=True)
class Store:
    path: str = setting("~/.local/share/assistant/assistant.db", "the one SQLite file")


@dataclass(frozen=True)
class Models:
    path: str = setting("", "folder of the models; empty is the service's or your own")
    registry: str = setting("", "a file with more models to fetch, like the shipped registry.toml")


@dataclass(frozen=True)
class Skills:
    folder: str = setting("/etc/assistant/skills", "the owner's skills; they override shipped ones")
    disabled: tuple[str, ...] = setting((), "skills not to load")


@dataclass(frozen=True)
class Settings:
    """The whole configuration; every section is frozen."""

    wake: Wake = field(default_factory=Wake)
    audio: Audio = field(default_factory=Audio)
    echo: Echo = field(default_factory=Echo)
    bargein: BargeIn = field(default_factory=BargeIn)
    speech: Speech = field(default_factory=Speech)
    conversation: Conversation = field(default_factory=Conversation)
    volume: Volume = field(default_factory=Volume)
    lights: Lights = field(default_factory=Lights)
    button: Button = field(default_factory=Button)
    store: Store = field(default_factory=Store)
    models: Models = field(default_factory=Models)
    skills: Skills = field(default_factory=Skills)


@dataclass(frozen=True)
class Row:
    """One setting as `assistant config` shows it."""

    key: str  # "wake.threshold"
    value: object
    default: object
    allowed: str  # "0.05 to 0.99", "open, wake or closed", "" for any
    text: str


def load(path: Path | None = None, overrides: Sequence[str] = ()) -> Settings:
    """Return the defaults changed by one TOML file, then by ``section.key=value`` overrides.

    The file is ``path``, else ``$ASSISTANT_CONFIG``, else the first of ``PLACES`` that exists.
    Raises ``BadInput`` naming the file (or ``--set``), the key and the remedy.
    """
    settings = Settings()
    found = path or find_file()
    if found is not None:
        settings = with_overrides(settings, read_toml(found), str(found))
    for assignment in overrides:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise BadInput(f"--set {assignment}", "has no value", "write --set section.key=value")
        key = key.strip()
        value = from_text(_declared(key, "--set").default, text.strip())
        settings = with_overrides(settings, {key: value}, "--set")
    return settings


def find_file() -> Path | None:
    """Return the settings file in force when none is named, or None."""
    named = os.environ.get("ASSISTANT_CONFIG")
    if named:
        return Path(named)
    places = (Path(os.path.expanduser(place)) for place in PLACES)
    return next((place for place in places if place.is_file()), None)


def read_toml(path: Path) -> dict:
    """Return the tables of a TOML file; raises ``BadInput`` when it cannot be read."""
    try:
        return tomllib.loads(Path(path).read_bytes().decode())
    except UnicodeDecodeError:
        raise BadInput(str(path), "is not text in UTF-8", "save it as UTF-8") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadInput(str(path), f"cannot be read: {reason}", "check its name") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(str(path), f"is not TOML: {error}", "correct that line") from None


def with_overrides(
    settings: Settings, values: Mapping[str, object], where: str = "settings"
) -> Settings:
    """Return ``settings`` with ``values`` in place of its own.

    Keys are dotted, ``{"wake.word": "alexa"}``, or nested, ``{"wake": {"word": "alexa"}}``, as a
    TOML table is. Raises ``BadInput`` for an unknown key, a wrong type and a value out of range.
    """
    changes: dict[str, dict[str, object]] = {}
    for key, value in _flat(values, where):
        good = checked(_declared(key, where), value, f"{where}: {key}")
        section, name = key.split(".")
        changes.setdefault(section, {})[name] = good
    replaced = {
        section: dataclasses.replace(getattr(settings, section), **named)
        for section, named in changes.items()
    }
    return dataclasses.replace(settings, **replaced)


def describe(settings: Settings | None = None) -> list[Row]:
    """Return a row for every setting, in the order of this file."""
    settings = settings or Settings()
    return [
        Row(
            key=f"{section.name}.{key.name}",
            value=getattr(getattr(settings, section.name), key.name),
            default=key.default,
            allowed=allowed(key),
            text=key.metadata["text"],
        )
        for section in dataclasses.fields(Settings)
        for key in dataclasses.fields(section.default_factory)
    ]


def to_toml(settings: Settings) -> str:
    """Return a settings file that ``load`` reads back to ``settings``.

    Every setting is there with its meaning; those at their default are commented out.
    """
    lines = ["# Settings of the speaker. Remove the # before a setting to change it.", ""]
    section = ""
    for row in describe(settings):
        table, name = row.key.split(".")
        if table != section:
            lines += [f"[{table}]"] if not section else ["", f"[{table}]"]
            section = table
        lines.append(f"# {row.text}" + (f" ({row.allowed})" if row.allowed else ""))
        mark = "# " if row.value == row.default else ""
        lines.append(f"{mark}{name} = {as_toml(row.value)}")
    return "\n".join(lines) + "\n"


def _flat(values: Mapping[str, object], where: str) -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            _section(key, where)
            for name, inner in value.items():
                yield f"{key}.{name}", inner
        else:
            yield key, value


def _section(name: str, where: str) -> type:
    sections = {part.name: part.default_factory for part in dataclasses.fields(Settings)}
    if name not in sections:
        raise BadInput(where, f'there is no section "{name}"', did_you_mean(name, sections))
    return sections[name]


def _declared(key: str, where: str) -> dataclasses.Field:
    section, dot, name = key.partition(".")
    if not dot:
        known = [row.key for row in describe()]
        guess = next((k for k in known if k.endswith(f".{key}")), "") or section
        raise BadInput(where, f'"{key}" is not section.key', did_you_mean(guess, known))
    named = {part.name: part for part in dataclasses.fields(_section(section, where))}
    if name not in named:
        problem = f'there is no "{name}" in section "{section}"'
        raise BadInput(where, problem, did_you_mean(name, named))
    return named[name]
