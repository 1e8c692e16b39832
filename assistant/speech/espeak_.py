"""espeak-ng as a Voice: small, instant, always the same samples; also the virtual room's people."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from assistant.audio.format import SAMPLE_RATE, from_int16
from assistant.errors import AssistantError, BadInput, EngineMissing, did_you_mean
from assistant.speech.child import Child, ChildDied, ChildError
from assistant.speech.clips import to_speaker_rate, trim_silence, word_times
from assistant.speech.segments import has_word
from assistant.speech.voice import Clip

_SCRIPT = Path(__file__).with_name("espeak_child.py")
_HELLO, _SPEAK = 1, 2
_PACE = 175  # words a minute
_INSTALL = "sudo apt-get install espeak-ng"


class EspeakVoice:
    """Speaks with espeak-ng's ``variant``: a language, ``+`` and a voice, like "en-us+f3".

    The library runs in a small process of its own (see ``espeak_child.py``), so voices of
    different variants do not disturb each other and the same text always gives the same samples.
    ``speed`` is relative to espeak-ng's own 175 words a minute (it speaks 80 to 450).

    Raises ``EngineMissing`` without the library and ``BadInput`` for an unknown variant.
    """

    def __init__(self, variant: str = "en-us", speed: float = 1.0) -> None:
        self._variant = variant
        self._pace = round(min(max(_PACE * speed, 80), 450))
        self._child: Child | None = Child(_SCRIPT, flags=("-I", "-S"))
        self._closed = False
        try:
            self._check(variant)
        except BaseException:
            self.close()
            raise
        self.name = f"espeak-ng {variant}"

    def speak(self, text: str) -> Clip:
        """Return ``text`` spoken, with the engine's own word times. See ``Voice.speak``."""
        if not has_word(text):
            return Clip(np.zeros(0, dtype=np.float32))
        answer = self._ask(_SPEAK, self._request(text))
        (length,) = struct.unpack_from("<I", answer)
        head = json.loads(answer[4 : 4 + length])
        samples = from_int16(np.frombuffer(answer, dtype="<i2", offset=4 + length))
        samples = trim_silence(to_speaker_rate(samples, head["rate"]))
        scale = SAMPLE_RATE / head["rate"]
        marks = [(at, round(sample * scale)) for at, n, sample in head["words"] if n]
        return Clip(samples, word_times(text, marks, len(samples)))

    def close(self) -> None:
        """End the engine's process; safe to call twice."""
        self._closed = True
        if self._child is not None:
            self._child.close()
            self._child = None

    def _request(self, text: str) -> bytes:
        return json.dumps({"variant": self._variant, "text": text, "pace": self._pace}).encode()

    def _check(self, variant: str) -> None:
        try:
            hello = json.loads(self._ask(_HELLO))
            known = {p.name for p in Path(hello["data"], "voices", "!v").glob("*")}
            language, plus, name = variant.partition("+")
            if not language:
                raise BadInput(f"voice espeak:{variant}", "no language given", 'try "en-us"')
            if plus and name not in known:
                raise BadInput(f"voice espeak:{variant}", "no such variant",
                               did_you_mean(name, known))  # fmt: skip
            self._ask(_SPEAK, self._request("a"))
        except ChildError as e:
            if e.fields.get("kind") == "FileNotFoundError":
                raise EngineMissing(f"espeak-ng: {e}; {_INSTALL}") from None
            raise BadInput(
                f"voice espeak:{variant}", str(e), "`espeak-ng --voices` lists them"
            ) from None

    def _ask(self, operation: int, payload: bytes = b"") -> bytes:
        """Ask the child, with a new one after a crash: an utterance depends on nothing before."""
        if self._closed:
            raise AssistantError(f"{self.name}: the voice is closed")
        if self._child is None:
            self._child = Child(_SCRIPT, flags=("-I", "-S"))
        try:
            return self._child.ask(operation, payload)
        except ChildDied:
            self._child = None
            raise
