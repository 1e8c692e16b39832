"""Runs the shipped front end over a recording and prints what it noticed, as JSON lines.

The bug-report format: a microphone file and, if there was one, what the speaker played meanwhile.
With a reference the speaker counts as talking wherever the reference is not silent; in a recording
nothing gets quieter, so ``duck`` and ``stop`` say what would have happened.

Lines come in the order in which things were noticed. ``t_s`` says when they were: a beginning and
an end of speech become certain only later, at ``noticed_s``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from assistant.audio.device import EndOfAudio
from assistant.audio.ears import Ears, Impression
from assistant.audio.endpoint import Endpoint, Kind
from assistant.audio.files import WavWriter
from assistant.audio.format import HOP, SAMPLE_RATE, samples, seconds
from assistant.audio.front_end import FrontEnd
from assistant.audio.wav_device import WavDevice
from assistant.settings import Settings

SILENT = 1e-8  # mean square below which the reference is not playing (-80 dBFS)
PAUSE = samples(0.5)  # a gap inside a reply is still a reply
ENDLESS = samples(24 * 3600.0)


class Listener:
    """Turns the impressions of a recording into events, as the audio thread would act."""

    def __init__(self, settings: Settings) -> None:
        self._silence = samples(settings.conversation.silence_s)
        self._utterance = self._waiting(0)
        self._held: Endpoint | None = None

    def events(self, now: Impression, playing: bool, suspicious: bool) -> Iterator[dict]:
        """Yield what this hop made certain."""
        if now.hit is not None:
            yield _event(now.at, "wake", score=round(now.hit.score, 3))
            if playing:
                self._held = None
                yield _event(now.at, "stop", why="wake")
        elif self._held is None and playing and suspicious:
            self._held = Endpoint(now.at, ENDLESS, self._silence, speaking=True)
            yield _event(now.at, "duck")
        if self._held is not None and self._held.update(now.at, now.speech) is not None:
            self._held = None
            yield _event(now.at, "resume")
        outcome = self._utterance.update(now.at, now.speech)
        if outcome is None:
            return
        if outcome.kind is Kind.SPEECH_STARTED:
            yield _event(outcome.sample, "speech", noticed_s=round(seconds(now.at), 3))
        elif outcome.kind is Kind.ENDED:
            yield _event(outcome.sample, "speech_end", noticed_s=round(seconds(now.at), 3))
        if self._utterance.done:
            self._utterance = self._waiting(now.at)

    @property
    def held(self) -> bool:
        """Whether the reply would be ducked now."""
        return self._held is not None

    def _waiting(self, at: int) -> Endpoint:
        return Endpoint(at, ENDLESS, self._silence)


class Alignment:
    """Tells when the echo's delay or the drift of the clocks has become known or has changed."""

    def __init__(self) -> None:
        self._delay, self._drifts = 0, False

    def events(self, at: int, front_end: FrontEnd) -> Iterator[dict]:
        """Yield what this hop changed; the slow creep of a known drift is no event."""
        before, self._delay = self._delay, front_end.delay
        if abs(front_end.delay - before) > 1:
            milliseconds = round(1000 * front_end.delay / SAMPLE_RATE, 1)
            yield _event(at, "delay", delay_ms=milliseconds, jumps=front_end.jumps)
        if front_end.drift_compensated and not self._drifts:
            self._drifts = True
            yield _event(at, "drift", ppm=round(front_end.drift_ppm, 1))


def replay(
    mic: Path,
    reference: Path | None = None,
    *,
    settings: Settings,
    clean: Path | None = None,
) -> Iterator[dict]:
    """Yield the events of a recording as they are noticed; write the AEC output to ``clean``.

    ``mic`` may have several channels, ``reference`` is mono; WAV or FLAC, 16 kHz. Raises
    ``BadInput``.
    """
    device = WavDevice(mic, reference)
    ears = Ears(len(device.layout.mics), settings, loopback=False)
    listener, alignment = Listener(settings), Alignment()
    silence, rest = np.zeros(HOP, np.float32), PAUSE
    writer = WavWriter(clean) if clean is not None else None
    try:
        while True:
            rows = device.exchange(silence)
            played = silence if device.layout.loopback is None else rows[device.layout.loopback]
            rest = 0 if float(np.dot(played, played)) / HOP > SILENT else rest + HOP
            playing = rest < PAUSE
            now = ears.hear(rows[list(device.layout.mics)], played, playing)
            if writer is not None:
                writer.write(now.clean)
            yield from alignment.events(now.at, ears.front_end)
            suspicious = playing and not listener.held and ears.suspicious(now)
            for event in listener.events(now, playing, suspicious):
                if event["event"] == "resume":
                    ears.doubt()
                yield event
    except EndOfAudio:
        return
    finally:
        device.close()
        if writer is not None:
            writer.close()


def run(
    mic: Path,
    *,
    reference: Path | None = None,
    clean: Path | None = None,
    settings: Settings,
    write: Callable[[str], object] = print,
) -> None:
    """Print the events of a recording as JSON lines (``assistant replay``)."""
    for event in replay(mic, reference, settings=settings, clean=clean):
        write(json.dumps(event))


def _event(at: int, kind: str, **more: object) -> dict:
    return {"t_s": round(at / SAMPLE_RATE, 3), "event": kind, **more}
