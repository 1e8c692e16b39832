"""What leaves the loudspeaker: speech, media and sounds, with ducks and stops as gains.

Every change of level is a ramp inside a hop, so nothing clicks. Audio thread only.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from assistant.audio.format import HOP, gain, samples
from assistant.messages import Play, Policy, Position
from assistant.speech.segments import resume_point
from assistant.speech.voice import Clip

FADE_OUT_HOPS = 1  # 16 ms: fast enough to feel instant, slow enough not to click
FADE_IN_HOPS = 4
VOLUME_RANGE_DB = 30.0


def volume_gain(level: float) -> float:
    """Return the amplitude factor of a volume ``level`` in [0, 1]; 0 is silence."""
    return 0.0 if level <= 0.0 else gain(VOLUME_RANGE_DB * (min(level, 1.0) - 1.0))


class Ramp:
    """A gain that moves to its target over whole hops, linearly inside each hop."""

    def __init__(self, value: float = 1.0) -> None:
        self.value = self._target = value
        self._hops = 0
        self._curve = np.empty(HOP, np.float32)
        self._unit = (np.arange(1, HOP + 1, dtype=np.float32) / HOP).astype(np.float32)

    def to(self, target: float, hops: int) -> None:
        """Reach ``target`` after ``hops`` hops (at least 1)."""
        if target != self._target or hops < self._hops:
            self._target, self._hops = target, hops if target != self.value else 0

    def apply(self, hop: np.ndarray) -> None:
        """Multiply ``hop`` in place and move on by one hop."""
        if self._hops == 0:
            if self.value != 1.0:
                hop *= np.float32(self.value)
            return
        following = self.value + (self._target - self.value) / self._hops
        np.multiply(self._unit, np.float32(following - self.value), out=self._curve)
        self._curve += np.float32(self.value)
        hop *= self._curve
        self._hops -= 1
        self.value = self._target if self._hops == 0 else following


@dataclass
class _Voice:
    """A clip being played beside the speech: a sound or the media."""

    clip: Clip
    loop: bool = False
    offset: int = 0

    def add_to(self, out: np.ndarray) -> bool:
        """Mix the next hop into ``out``; return False when the clip is over."""
        data, done = self.clip.samples, 0
        while done < HOP and data.size:
            n = min(HOP - done, data.size - self.offset)
            out[done : done + n] += data[self.offset : self.offset + n]
            done, self.offset = done + n, self.offset + n
            if self.offset >= data.size:
                if not self.loop:
                    return False
                self.offset = 0
        return bool(data.size)


class SpeechChannel:
    """Plays the segments of one reply, and knows which word is leaving the device."""

    def __init__(self, duck_gain: float, hold_hops: int, latency: int) -> None:
        self.turn = 0
        self.policy = Policy.OPEN
        self._queue: deque[Play] = deque()
        self._gain = Ramp()
        self._hop = np.empty(HOP, np.float32)
        self._duck_gain, self._hold_hops = duck_gain, hold_hops
        self.latency = latency  # samples from the mixer to the air
        self._offset = 0
        self._held: int | None = None  # hops since the duck
        self._duck_at = 0
        self._stopping = False
        self._tail = 0  # samples rendered that have not left the device yet
        self.started: int | None = None  # segment whose first sample was rendered this hop
        self.finished = False  # the reply's last sample left the device in this hop

    @property
    def active(self) -> bool:
        """True from the first queued segment until the reply's last sample has left."""
        return bool(self._queue) or self._tail > 0

    @property
    def audible(self) -> bool:
        """True while the reply is really sounding."""
        return bool(self._queue) and self._gain.value > 0.0

    @property
    def gain(self) -> float:
        """The duck's amplitude factor now; 1 is undisturbed."""
        return self._gain.value

    @property
    def held(self) -> bool:
        """True from a duck to the resume or stop that ends it."""
        return self._held is not None

    def begin(self, turn: int, policy: Policy) -> None:
        """Forget any other reply and get ready for the one of ``turn``."""
        self._clear()
        self.turn, self.policy = turn, policy

    def queue(self, segment: Play) -> None:
        """Append one segment; segments of another turn are dropped."""
        if segment.turn == self.turn:
            self._queue.append(segment)

    def position(self) -> Position | None:
        """Return what the listener has heard, or None when nothing is being said."""
        if not self._queue:
            return None
        now = self._queue[0]
        heard = self._duck_at if self.held else max(0, self._offset - self.latency)
        word = None
        for index, w in enumerate(now.clip.words):
            if w.start <= heard:
                word = index
        return Position(self.turn, now.segment, word, heard)

    def duck(self) -> None:
        """Lower the reply at once; it pauses if nobody decides soon."""
        if self._queue and not self.held and not self._stopping:
            self._duck_at = max(0, self._offset - self.latency)
            self._held = 0
            self._gain.to(self._duck_gain, FADE_OUT_HOPS)

    def pause(self) -> None:
        """Be silent from the next hop on, held where it is: the sound card is gone."""
        if self._queue and not self._stopping:
            if not self.held:
                self._duck_at = max(0, self._offset - self.latency)
            self._held, self._gain = self._hold_hops, Ramp(0.0)

    def resume(self) -> None:
        """Go on from the start of the word or clause that was ducked."""
        if not self.held:
            return
        self._held = None
        if self._queue:
            self._offset = resume_point(self._queue[0].clip.words, self._duck_at)
        self._gain.to(1.0, FADE_IN_HOPS)

    def stop(self) -> Position | None:
        """Fade out within a hop and forget the rest; return where the reply was cut."""
        where = self.position()
        if self._queue:
            self._stopping = True
            self._gain.to(0.0, FADE_OUT_HOPS)
        return where

    def add_to(self, out: np.ndarray) -> None:
        """Mix the next hop of speech into ``out`` and update ``started`` and ``finished``."""
        self.started, self.finished = None, False
        if self.held:
            self._held += 1
            if self._held == self._hold_hops:
                self._gain.to(0.0, FADE_OUT_HOPS)
        paused = self.held and self._gain.value == 0.0
        if self._queue and not paused:
            self._render()
            out += self._hop
        elif self._tail > 0:
            self._tail -= HOP
            self.finished = self._tail <= 0
        if self._stopping and self._gain.value == 0.0:
            self._clear()

    def _render(self) -> None:
        done, self._hop[:] = 0, 0.0
        while self._queue and done < HOP:
            play = self._queue[0]
            data = play.clip.samples
            if self._offset == 0 and not self._stopping:
                self.started = play.segment
            n = min(HOP - done, data.size - self._offset)
            self._hop[done : done + n] = data[self._offset : self._offset + n]
            done, self._offset = done + n, self._offset + n
            if self._offset >= data.size:
                self._queue.popleft()
                self._offset = 0
                if play.last:
                    self._end_of_reply()
        self._gain.apply(self._hop)

    def _end_of_reply(self) -> None:
        self._tail = self.latency + HOP
        self._held = None
        self._gain.to(1.0, FADE_IN_HOPS)

    def _clear(self) -> None:
        self._queue.clear()
        self._offset = self._tail = 0
        self._held, self._stopping = None, False
        self._gain = Ramp()


class Mixer:
    """Sums the channels into one hop; that hop is the AEC reference."""

    def __init__(
        self, *, level: float, duck_db: float = -20.0, hold_ms: int = 200, latency: int = 0
    ) -> None:
        hold_hops = max(1, samples(hold_ms / 1000.0) // HOP)
        self.speech = SpeechChannel(gain(duck_db), hold_hops, latency)
        self._duck_gain = gain(duck_db)
        self._sounds: list[_Voice] = []
        self._media: _Voice | None = None
        self._media_gain = Ramp()
        self._media_stopping = False
        self._media_hop = np.empty(HOP, np.float32)
        self._volume = Ramp(volume_gain(level))
        self._out = np.zeros(HOP, np.float32)

    @property
    def playing(self) -> bool:
        """True while any channel sounds."""
        return self.speech.active or bool(self._sounds) or self._media is not None

    @property
    def media_sounds(self) -> bool:
        """True while media plays and was not told to stop."""
        return self._media is not None and not self._media_stopping

    def set_volume(self, level: float) -> None:
        """Move to ``level`` in [0, 1] over a few hops."""
        self._volume.to(volume_gain(level), FADE_IN_HOPS)

    def play_sound(self, clip: Clip) -> None:
        """Mix a short sound in, beside everything else."""
        self._sounds.append(_Voice(clip))

    def play_media(self, clip: Clip, loop: bool) -> None:
        """Replace the media by ``clip``."""
        self._media, self._media_stopping = _Voice(clip, loop), False
        self._media_gain = Ramp()

    def stop_media(self) -> None:
        """Fade the media out within a hop."""
        self._media_stopping = self._media is not None
        self._media_gain.to(0.0, FADE_OUT_HOPS)

    def duck_media(self, on: bool) -> None:
        """Lower the media while somebody speaks, or let it come back."""
        if self._media is not None and not self._media_stopping:
            self._media_gain.to(self._duck_gain if on else 1.0, 1 if on else 4 * FADE_IN_HOPS)

    def render(self) -> np.ndarray:
        """Return the next hop, float32 (HOP,) in [-1, 1]; valid until the next call."""
        out = self._out
        out[:] = 0.0
        self.speech.add_to(out)
        if self._sounds:
            self._sounds = [s for s in self._sounds if s.add_to(out)]
        if self._media is not None:
            self._render_media(out)
        self._volume.apply(out)
        return np.clip(out, -1.0, 1.0, out=out)

    def _render_media(self, out: np.ndarray) -> None:
        self._media_hop[:] = 0.0
        going_on = self._media.add_to(self._media_hop)
        self._media_gain.apply(self._media_hop)
        out += self._media_hop
        if not going_on or (self._media_stopping and self._media_gain.value == 0.0):
            self._media = None
