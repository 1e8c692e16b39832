"""What the audio thread lets others see of every hop."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.audio.ears import Impression
from assistant.audio.front_end import FrontEnd
from assistant.audio.mixer import SpeechChannel


@dataclass
class Taps:
    """What the last hop looked like; for the room, the plots and ``doctor``."""

    wake: float = 0.0
    speech: float = 0.0
    gain: float = 1.0
    playing: bool = False
    held: bool = False
    power: float = 0.0
    residual: float = 0.0
    delay: int = 0  # of the echo behind the reference, samples
    drift_ppm: float = 0.0  # positive: the playback clock is faster
    jumps: int = 0  # of the delay, since the start

    def note(self, now: Impression, speech: SpeechChannel, front: FrontEnd, playing: bool) -> None:
        """Take what a hop sounded like; audio thread only."""
        self.wake, self.speech = now.score, now.speech
        self.power, self.residual = now.power, now.residual
        self.gain, self.playing, self.held = speech.gain, playing, speech.held
        self.delay, self.drift_ppm, self.jumps = front.delay, front.drift_ppm, front.jumps
