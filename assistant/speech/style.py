"""How a voice sounds, whichever engine speaks: its loudness, or a whisper."""

from __future__ import annotations

import zlib
from dataclasses import replace

from assistant import settings
from assistant.speech.loudness import TARGET_DBFS, at_level
from assistant.speech.voice import Clip, Voice
from assistant.speech.whisper import whispered

_WHISPER_DB = -8.0  # a whisper is quieter than speech, or it is none


class StyledVoice:
    """Speaks with ``voice`` as the settings want it, every voice equally loud. A ``Voice``."""

    def __init__(self, voice: Voice, speech: settings.Speech) -> None:
        self._voice, self.name = voice, voice.name
        self._whisper = speech.whisper
        self._dbfs = TARGET_DBFS + speech.volume_db + (_WHISPER_DB if speech.whisper else 0.0)

    def speak(self, text: str) -> Clip:
        """Return ``text`` spoken in the settings' style. See ``Voice.speak``."""
        clip = self._voice.speak(text)
        samples = clip.samples
        if self._whisper:
            samples = whispered(samples, zlib.crc32(text.encode()))
        return replace(clip, samples=at_level(samples, self._dbfs))

    def close(self) -> None:
        """Release the engine; safe to call twice."""
        self._voice.close()
