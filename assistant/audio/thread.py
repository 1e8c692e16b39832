"""The audio thread: one hop at a time from the microphone to the loudspeaker and back.

It never locks, logs, loads or waits except in ``device.exchange``. It ducks by itself when there
is evidence of speech, and stops by itself on the wake word and the button; everything else
arrives as a command, while the speaker is already quiet.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from assistant import messages as m
from assistant.audio.capture import CaptureRing
from assistant.audio.device import Device, DeviceLost, EndOfAudio
from assistant.audio.ears import Ears, Impression
from assistant.audio.endpoint import Endpoint, Kind
from assistant.audio.format import HOP, samples
from assistant.audio.mixer import Mixer
from assistant.audio.reopen import Revival
from assistant.audio.taps import Taps
from assistant.audio.wake import Hit
from assistant.loop import Channels
from assistant.messages import Policy

log = logging.getLogger(__name__)

CAPTURED_EVERY = 4  # hops between two nudges to the worker (64 ms)
BEGUN, MID_SENTENCE = samples(0.6), samples(1.2)  # longer than most, than any wake word
SENTENCE_RINGS = samples(1.3)  # ... and how long after a sentence the detector still dwells on it
HOLD_LIMIT = samples(14.0)  # a held reply goes on by itself after this: main may be stuck
ANSWER_LIMIT = samples(0.5)  # media gets loud again unless main listens by then


class AudioLoop:
    """Owns everything that must not be late. ``hop`` and ``run`` belong to the audio thread.

    With ``revival`` a lost card is waited for in hops of silence; without, its loss ends ``run``.
    """

    def __init__(
        self, device: Device, ears: Ears, mixer: Mixer, channels: Channels, *, silence: int,
        revival: Revival | None = None,
    ) -> None:  # fmt: skip
        self.device, self.ears, self.mixer = device, ears, mixer
        self._channels = channels
        self._default_silence = silence
        self.ring = CaptureRing()
        self.taps = Taps()
        self.hops = 0  # the watchdog looks whether this moves
        self.stopping = False
        self._revival = revival
        self._away_since: int | None = None  # when the card was lost
        self.outages = self._glitches = 0
        self._mics, self._loopback = list(device.layout.mics), device.layout.loopback
        self._heard = np.zeros((len(self._mics), HOP), np.float32)
        self._silence = np.zeros(HOP, np.float32)
        self._endpoint: Endpoint | None = None
        self._listening = 0  # turn being captured
        self._sentence_at = -SENTENCE_RINGS  # when somebody was last in the middle of a sentence
        self._held_since = 0
        self._media_ducked: int | None = None  # when, unless main listens already
        self._muted = False
        self._commands: dict[type, Callable[[object], None]] = {
            m.Listen: self._listen,
            m.SetPatience: self._set_patience,
            m.StopListening: self._stop_listening,
            m.Begin: lambda c: mixer.speech.begin(c.turn, c.policy),
            m.Play: mixer.speech.queue,
            m.Resume: self._resume,
            m.StopSpeech: self._stop_speech,
            m.PlaySound: lambda c: mixer.play_sound(c.clip),
            m.PlayMedia: lambda c: mixer.play_media(c.clip, c.loop),
            m.StopMedia: lambda c: mixer.stop_media(),
            m.SetVolume: lambda c: mixer.set_volume(c.level),
            m.SetMute: self._set_mute,
            m.Pressed: self._press,
        }

    @property
    def muted(self) -> bool:
        """Whether the pipeline hears zeros; any thread may read it."""
        return self._muted

    @property
    def position(self) -> int:
        """Samples handled so far; any thread may read it."""
        return self.ring.position

    def run(self) -> None:
        """Handle hops until stopped or the device ends; main is told why, nothing is raised."""
        try:
            while not self.stopping:
                self.hop()
        except EndOfAudio:
            self._post(m.AudioFailed(self.position, "the recording is over"))
        except DeviceLost as lost:
            self._post(m.AudioFailed(self.position, str(lost)))
        except Exception as error:  # without this thread nobody would ever answer again
            log.exception("the audio thread failed")
            reason = f"the audio thread failed: {type(error).__name__}: {error}"
            self._post(m.AudioFailed(self.position, reason))

    def hop(self) -> None:
        """Play one hop, hear one hop, and draw the conclusions that cannot wait."""
        while self._channels.audio:
            command = self._channels.audio.popleft()
            self._commands[type(command)](command)
        if self._away_since is not None:
            self._wait_for_card()
            return
        playing, out = self.mixer.playing, self.mixer.render()
        try:
            rows = self.device.exchange(out)
        except DeviceLost as lost:
            self._lose_card(lost)
            return
        glitches = self.device.health().glitches
        if glitches != self._glitches:
            self._glitches = glitches
            self.ears.expect_jump()
        now = self._hear(out, rows, playing)
        self.ring.write(now.clean)
        self.hops += 1
        self._report_speech()
        self.taps.note(now, self.mixer.speech, self.ears.front_end, playing)
        if now.hit is not None:
            self._woken(now.at, now.hit)
        if self._endpoint is not None:
            self._follow(now.at, now.speech)
        self._barge_in(now)

    def close(self) -> None:
        """Release the card, or give up waiting for it; when ``run`` has returned."""
        if self._revival is not None:
            self._revival.close()
        self.device.close()

    # --- a card that is away -----------------------------------------------------------------

    def _lose_card(self, lost: DeviceLost) -> None:
        """Stop the reply where it is; nothing is mixed or heard until the card is back."""
        if self._revival is None:
            raise lost
        where = self.mixer.speech.position()
        self.mixer.speech.pause()
        self._endpoint = None
        self._away_since = self.position
        self.outages += 1
        self._channels.away = str(lost)
        self.taps = Taps(held=self.mixer.speech.held)
        self._revival.begin(self.device)
        self._post(m.DeviceGone(self.position, str(lost), where))
        self._wait_for_card()

    def _wait_for_card(self) -> None:
        fresh = self._revival.wait()
        self._heard[:] = 0.0
        self.ring.write(self.ears.hear(self._heard, self._silence, False).clean)
        self.hops += 1
        if fresh is None:
            return
        away, self._away_since = self.position - self._away_since, None
        self.device, self._glitches = fresh, 0
        self._mics, self._loopback = list(fresh.layout.mics), fresh.layout.loopback
        self.mixer.speech.latency = fresh.health().output_latency
        self.ears.front_end.reset()
        self._held_since = self.position
        self._channels.away = ""
        self._post(m.DeviceBack(self.position, away, self._revival.cause))

    # --- one hop, step by step -----------------------------------------------------------

    def _hear(self, out: np.ndarray, rows: np.ndarray, playing: bool) -> Impression:
        if self._muted:
            self._heard[:] = 0.0
        else:
            np.take(rows, self._mics, axis=0, out=self._heard)
        reference = out if self._loopback is None else rows[self._loopback]
        held = self.mixer.speech.held
        talked = self._endpoint.talked if self._endpoint is not None else 0
        if talked > MID_SENTENCE:
            self._sentence_at = self.position
        following = self.position - self._sentence_at < SENTENCE_RINGS
        return self.ears.hear(self._heard, reference, playing, following, held, talked > BEGUN)

    def _report_speech(self) -> None:
        speech = self.mixer.speech
        if speech.started is not None:
            self._post(m.SegmentStarted(self.position, speech.turn, speech.started))
        if speech.finished:
            self._post(m.SpeechFinished(self.position, speech.turn))

    def _woken(self, at: int, hit: Hit) -> None:
        channel = self.mixer.speech
        if channel.active and channel.policy is Policy.CLOSED:
            return
        cut = channel.stop()
        self._endpoint = None
        self._duck_media(at)
        direction = self.ears.direction_deg
        self._post(m.WakeHeard(at, hit.end, self.ears.word, hit.score, cut, direction))

    def _follow(self, at: int, speech: float) -> None:
        outcome = self._endpoint.update(at, speech)
        ended = self._endpoint.done
        if ended or self.hops % CAPTURED_EVERY == 0:
            self._channels.worker.put(m.Captured(at))
        if not ended:
            return
        self._endpoint = None
        self.mixer.duck_media(False)
        if outcome.kind is Kind.ENDED:
            self._sentence_at = at
            self._post(m.SpeechEnded(at, self._listening, outcome.sample, outcome.voiced))
        else:
            self._post(m.NothingHeard(at, self._listening))

    def _barge_in(self, now: Impression) -> None:
        channel = self.mixer.speech
        if channel.held:
            if now.at - self._held_since > HOLD_LIMIT:
                channel.resume()
                self._post(m.HoldExpired(now.at))
        elif channel.audible and self.ears.suspicious(now):
            channel.duck()
            self._held_since = now.at
            self._suspect(now.at)
        elif not channel.active and self.mixer.media_sounds:
            self._barge_into_media(now)

    def _barge_into_media(self, now: Impression) -> None:
        if self._endpoint is not None or self._media_ducked is not None:
            if self._media_ducked is not None and now.at - self._media_ducked > ANSWER_LIMIT:
                self._media_ducked = None
                self.mixer.duck_media(False)
        elif self.ears.suspicious(now, media=True):
            self._duck_media(now.at)
            self._suspect(now.at)

    def _duck_media(self, at: int) -> None:
        """Lower the media at once; it comes back unless main answers with ``Listen``."""
        if self.mixer.media_sounds:
            self._media_ducked = at
            self.mixer.duck_media(True)

    def _suspect(self, at: int) -> None:
        onset = self.ears.evidence.onset(at)
        self._post(m.SpeechSuspected(at, onset, self.mixer.speech.position()))

    # --- commands ------------------------------------------------------------------------

    def _listen(self, command: m.Listen) -> None:
        self._listening = command.turn
        self._endpoint = Endpoint(
            start=command.start,
            timeout=command.timeout,
            silence=self._default_silence if command.silence is None else command.silence,
            speaking=command.speaking,
        )
        self.mixer.duck_media(True)
        self._media_ducked = None

    def _set_patience(self, command: m.SetPatience) -> None:
        if self._endpoint is not None and command.turn == self._listening:
            self._endpoint.silence = command.silence

    def _stop_listening(self, command: m.StopListening) -> None:
        if command.turn == self._listening:
            self._endpoint = None
            self.mixer.duck_media(False)

    def _resume(self, command: m.Resume) -> None:
        if command.turn == self.mixer.speech.turn:
            self.mixer.speech.resume()
        if command.turn in (0, self.mixer.speech.turn):  # 0 is the media
            self.ears.doubt()

    def _stop_speech(self, command: m.StopSpeech) -> None:
        if command.turn != self.mixer.speech.turn:
            return
        self._sentence_at = self.position  # it was just said, and was no wake word
        cut = self.mixer.speech.stop()
        if cut is not None:
            self._post(m.SpeechStopped(self.position, command.turn, cut))

    def _set_mute(self, command: m.SetMute) -> None:
        self._muted = command.on

    def _press(self, command: m.Pressed) -> None:
        cut = self.mixer.speech.stop()
        self._endpoint = None
        self._post(replace(command, at=self.position, interrupted=cut))

    def _post(self, event: m.Event) -> None:
        self._channels.inbox.put(event)
