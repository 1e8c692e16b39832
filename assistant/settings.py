"""Every setting with its default, unit and range."""

from __future__ import annotations

from dataclasses import dataclass, field


def setting(default, text: str, *, low=None, high=None, choices=None):
    """Declare one setting; ``text`` says what it changes, in the unit its name carries."""
    return field(
        default=default,
        metadata={"text": text, "low": low, "high": high, "choices": choices},
    )


@dataclass(frozen=True)
class Wake:
    word: str = setting("hey_jarvis", "wake word: a bundled openWakeWord model or a .onnx path")
    threshold: float = setting(0.5, "score that wakes in silence", low=0.05, high=0.99)
    threshold_playing: float = setting(
        0.5, "score that wakes while the speaker itself sounds", low=0.05, high=0.99
    )


@dataclass(frozen=True)
class Audio:
    device: str = setting("default", "sound card: 'default', a name or part of one")
    board: str = setting("auto", "microphone board, a file in hardware/, or 'auto'")


@dataclass(frozen=True)
class Echo:
    enabled: bool = setting(True, "cancel the speaker's own sound (AEC)")
    tail_ms: int = setting(208, "echo tail the canceller models, ms", low=32, high=512)
    delay_ms: float = setting(
        -1.0, "bulk delay between reference and microphone, ms; -1 finds it", low=-1, high=500
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
    vosk_model: str = setting("", "folder of a Vosk model; empty looks where `models` puts it")
    voice: str = setting("auto", "'auto', 'espeak:VARIANT' or 'piper:PATH.onnx'")


@dataclass(frozen=True)
class Conversation:
    question_s: float = setting(8.0, "microphone open after a question, s", low=1, high=30)
    follow_up_s: float = setting(4.0, "microphone open after a reply, s; 0 is off", low=0, high=30)
    silence_s: float = setting(0.7, "silence that ends an utterance, s", low=0.2, high=3)


@dataclass(frozen=True)
class Volume:
    level: float = setting(0.7, "loudspeaker level at start", low=0, high=1)


@dataclass(frozen=True)
class Store:
    path: str = setting("~/.local/share/assistant/assistant.db", "the one SQLite file")


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
    store: Store = field(default_factory=Store)
    skills: Skills = field(default_factory=Skills)
