"""The virtual room as a sound card: a Device whose loudspeaker and microphones are computed."""

from __future__ import annotations

from time import thread_time

import numpy as np

from assistant.audio.device import DeviceHealth, DeviceLost, EndOfAudio
from assistant.audio.format import HOP, SAMPLE_RATE, gain, samples
from assistant.board import Board
from assistant.errors import BadInput
from assistant.room import acoustics
from assistant.room.loudspeaker import NOMINAL_DBFS, Loudspeaker, bass_cut
from assistant.room.scene import Placement, Room

SELF_NOISE_DB = 20.0  # dB SPL; a good MEMS microphone behind a room's low cut
NOISE_LOOP_S = 30.0
LONGEST_SLIP = 8000  # samples by which glitches may delay the sound altogether
OPENED_MS = 8.0  # a card that is opened again has another latency, by at most so much
_TAPS = 16  # of the interpolator between the two clocks


class VirtualRoom:
    """Plays hops into a room and hears them, with the people and sounds that were added.

    Loudspeaker, latency, clock drift, room, noise and a 16-bit converter that clips; the same
    seed and the same hops give the same samples. Whoever drives it may look at ``position`` (in
    samples) and ``add`` sound between two exchanges. ``duration`` in samples ends it.

    Its card may be pulled out (``unplug``): then ``exchange`` raises ``DeviceLost``, also when it
    is plugged in again, until it is opened anew (``reopen``); ``pass_hop`` lets time go on without.
    """

    def __init__(
        self,
        room: Room,
        placement: Placement,
        board: Board,
        *,
        seed: int = 1,
        duration: int | None = None,
    ) -> None:
        self.layout = board.layout
        self.mics = board.positions(placement.position_m)
        self.position = 0
        self.exchange_s = 0.0  # computing time of the last exchange: the room's, not the speaker's
        self._room, self._placement, self._seed = room, placement, seed
        self._duration = duration
        self._loudspeaker = Loudspeaker(placement.distortion)
        self._delay = _Delay(placement.latency_ms, placement.drift_ppm)
        self._scale = acoustics.amplitude(placement.speaker_db) / gain(NOMINAL_DBFS)
        self._into = 1.0
        self.loudspeaker_m = tuple(np.add(placement.position_m, placement.speaker_offset_m))
        responses = acoustics.convolve(bass_cut(), self._responses(self.loudspeaker_m))
        self._echo = acoustics.StreamingConvolver(responses)
        self._noise = acoustics.background(self.mics, room.noise_db, NOISE_LOOP_S, seed)
        rng = np.random.default_rng(seed + 1)
        hiss = rng.standard_normal(self._noise.shape) * acoustics.amplitude(SELF_NOISE_DB)
        self._noise += hiss.astype(np.float32)
        self._near: list[tuple[int, np.ndarray]] = []
        self._plugged_at = self._free_at = 0  # samples from which the card is there, and not busy
        self._gone = ""  # why exchange fails
        self._openings = np.random.default_rng(seed + 2)
        self._rows = np.zeros((board.channels, HOP), np.float32)
        self.played = np.zeros(HOP, np.float32)  # the last hop, as it was handed over
        self.echo_hop = np.zeros((len(self.mics), HOP), np.float32)  # the loudspeaker alone
        self.near_hop = np.zeros((len(self.mics), HOP), np.float32)  # people and sounds alone

    def calibrate(self, nominal_dbfs: float) -> None:
        """Say which level of played speech (dBFS, active) is ``speaker_db`` loud at 1 m."""
        self._into = gain(NOMINAL_DBFS - nominal_dbfs)

    def _responses(self, place, facing: np.ndarray | None = None) -> np.ndarray:
        room = self._room
        return acoustics.impulse_responses(
            room.size_m, room.rt60_s, np.asarray(place), self.mics, self._seed, facing=facing
        )

    def at_mics(self, source: np.ndarray, place, *, talker: bool = False) -> np.ndarray:
        """Return mono ``source`` (1.0 is 108 dB SPL at 1 m) as it arrives: float32 (M, n).

        A ``talker`` looks at the microphones; other sources sound the same all around.
        """
        facing = self.mics.mean(axis=0) - np.asarray(place) if talker else None
        return acoustics.convolve(source, self._responses(place, facing))

    @property
    def time_s(self) -> float:
        """Scene time in seconds."""
        return self.position / SAMPLE_RATE

    @property
    def heard(self) -> np.ndarray:
        """The raw microphones' last hop, float32 (M, HOP)."""
        return self._rows[list(self.layout.mics)]

    def travel(self, place) -> int:
        """Return the samples sound takes from ``place`` to the nearest microphone."""
        nearest = np.linalg.norm(self.mics - np.asarray(place), axis=1).min()
        return samples(nearest / acoustics.SPEED_OF_SOUND)

    def add(self, source_at_mics: np.ndarray, at_sample: int) -> int:
        """Let ``source_at_mics`` (M, n) be heard from ``at_sample``, or from now if that is past.

        Returns the sample it really starts at.
        """
        start = max(int(at_sample), self.position)
        self._near.append((start, np.asarray(source_at_mics, np.float32)))
        return start

    def exchange(self, out: np.ndarray) -> np.ndarray:
        """Play one hop and return the microphones' hop; never waits. See ``Device``."""
        self._check_end()
        if self.position < self._plugged_at:
            self._gone = "the virtual sound card was unplugged"
        if self._gone:
            raise DeviceLost(self._gone)
        return self._move(out)

    def _check_end(self) -> None:
        if self._duration is not None and self.position >= self._duration:
            raise EndOfAudio

    def _move(self, out: np.ndarray) -> np.ndarray:
        began = thread_time()
        self.played[:] = out
        played = self._delay.process(out)
        moved = self._loudspeaker.process(played * np.float32(self._into))
        np.multiply(self._echo.process(moved), np.float32(self._scale), out=self.echo_hop)
        self._add_near()
        rows = self._rows
        heard = self.echo_hop + self.near_hop + self._noise_hop()
        rows[list(self.layout.mics)] = heard
        if self.layout.loopback is not None:
            rows[self.layout.loopback] = played
        np.clip(np.rint(rows * 32768.0), -32768, 32767, out=rows)
        rows /= 32768.0
        self.position += HOP
        self.exchange_s = thread_time() - began
        return rows

    def unplug(self, until: int, busy_until: int = 0) -> None:
        """Pull the card out until sample ``until``; another program has it until ``busy_until``."""
        self._plugged_at, self._free_at = until, busy_until
        self._gone = "the virtual sound card was unplugged"

    def glitch(self, length: int) -> None:
        """Let the loudspeaker run dry for ``length`` samples: all later sound is so much later."""
        self._delay.slip(length)

    def pass_hop(self) -> None:
        """Let one hop pass while the card is away: nothing is played, nothing is heard."""
        self._check_end()
        self._move(np.zeros(HOP, np.float32))
        self._rows[:] = 0.0

    def reopen(self) -> None:
        """Open the card again, with another latency. Raises as a sound card would."""
        if self.position < self._plugged_at:
            raise BadInput("audio.device", "no sound card", "plug it in")
        if self.position < self._free_at:
            raise DeviceLost("the virtual sound card is used by another program")
        self._gone = ""
        place = self._placement
        latency_ms = max(0.0, place.latency_ms + self._openings.uniform(-OPENED_MS, OPENED_MS))
        self._delay = _Delay(latency_ms, place.drift_ppm)

    def _add_near(self) -> None:
        self.near_hop[:] = 0.0
        now, over = self.position, False
        for start, sound in self._near:
            low, high = max(start, now), min(start + sound.shape[1], now + HOP)
            if high > low:
                self.near_hop[:, low - now : high - now] += sound[:, low - start : high - start]
            over = over or start + sound.shape[1] <= now
        if over:
            self._near = [(s, x) for s, x in self._near if s + x.shape[1] > now]

    def _noise_hop(self) -> np.ndarray:
        at = self.position % self._noise.shape[1]  # a power of two, so hops never straddle
        return self._noise[:, at : at + HOP]

    def health(self) -> DeviceHealth:
        """Return the counters; glitches and slips of a drifting clock count as underruns."""
        slips = self._delay.slips
        return DeviceHealth(0, slips, self._delay.latency, glitches=slips)

    def close(self) -> None:
        """End the scene; safe to call twice."""
        self._duration = 0


class _Delay:
    """The way from ``exchange`` to the membrane: a latency, and a playback clock that drifts."""

    def __init__(self, latency_ms: float, drift_ppm: float) -> None:
        self.latency = self._latency = samples(latency_ms / 1000)
        self._step = 1.0 + drift_ppm * 1e-6
        margin = _TAPS if drift_ppm else 0
        self._nominal = float(max(self._latency, margin))
        self._lag = self._nominal
        size = 2 * int(self._nominal) + 4 * HOP + 2 * _TAPS + LONGEST_SLIP
        self._line = np.zeros(size, np.float32)
        self._slipped = 0
        self._hop = np.zeros(HOP, np.float32)
        self._index = np.arange(HOP)
        self._taps = np.arange(_TAPS) - _TAPS // 2 + 1
        self.slips = 0

    def slip(self, length: int) -> None:
        length = min(length, LONGEST_SLIP - self._slipped)
        self._slipped += length
        self._latency += length
        self._nominal += length
        self._lag += length
        self.slips += 1

    def process(self, out: np.ndarray) -> np.ndarray:
        line = self._line
        line[:-HOP] = line[HOP:]
        line[-HOP:] = out
        if self._step == 1.0:
            end = line.size - self._latency
            return line[end - HOP : end]
        self._hop[:] = self._between(line)
        self._lag -= HOP * (self._step - 1.0)
        if not _TAPS / 2 + 2 < self._lag < 2 * self._nominal + HOP:
            self._lag, self.slips = self._nominal, self.slips + 1
        return self._hop

    def _between(self, line: np.ndarray) -> np.ndarray:
        """Interpolate with a Hann-windowed sinc at the playback clock's instants."""
        at = line.size - HOP - self._lag + self._index * self._step
        whole = np.floor(at).astype(int)
        offset = self._taps - (at - whole)[:, None]
        weight = np.sinc(offset) * (0.5 + 0.5 * np.cos(2 * np.pi * offset / _TAPS))
        index = np.clip(whole[:, None] + self._taps, 0, line.size - 1)
        return np.sum(line[index] * weight, axis=1)
