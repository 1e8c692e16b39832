"""One sound card, full duplex, behind the ``Device`` contract (through ``pyaudio_``).

PortAudio's thread moves blocks between the card and two queues here, and ``exchange`` meets it
there. Microphone blocks may wait (``BACKLOG_S``), so a late hop loses nothing. What is queued to
play is kept short: when the audio thread was late and silence had to be played, as many samples
of what comes next are dropped, so that the lag between reference and echo never changes.
"""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue

import numpy as np

from assistant.audio.device import DeviceHealth, DeviceLost, Layout
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.pyaudio_ import CONTINUE, INPUT_OVERFLOW, OUTPUT_UNDERFLOW, Port
from assistant.audio.resample import Resampler

BACKLOG_S = 0.5  # microphone sound that may wait for a late audio thread
PATIENCE_S = 1.0  # a card that gives nothing for so long is lost
LOOK_S = 0.1  # ... and one whose stream has ended, after so long
HEAP_S = 0.1  # sound that may heap up before a card whose clock is slower than the microphones'
AHEAD_S = 0.1  # a plug-in without a clock ("null") may be this much too fast
FULL_SCALE = np.float32(2**31 - 128)  # the largest 32-bit sample a float32 can tell
PCM_STEP = np.float32(2.0**-31)
HOP_S = HOP / SAMPLE_RATE
LEAK = 0.99  # no card's clock is 1 % off


class Pace:
    """Slows a plug-in without a clock down to real time; a real card never notices it."""

    def __init__(self, ahead_s: float = AHEAD_S) -> None:
        self._due, self._ahead_s = 0.0, ahead_s

    def keep(self, block_s: float) -> None:
        """Wait if the blocks so far came much faster than they last."""
        now = time.perf_counter()
        if self._due - now > self._ahead_s:
            time.sleep(self._due - now - self._ahead_s)
        self._due = max(self._due, now) + block_s * LEAK


class PyAudioDevice:
    """Plays and records on the sound card called ``name``, or the default one.

    ``mics`` and ``loopback`` are the rows of the layout, ``channels`` how many the card is asked
    to record (by default as many as these need), ``playback_channels`` how many of the card's
    outputs get the sound (all the same; AC101/AC108 boards want 8). ``playback`` names another
    card to play on, ``rates`` the only rates that work, in Hz. ``spare`` is how many samples stay
    queued to play, against late hops. A card without 16 kHz runs at its own rate. The sound
    starts with the first ``exchange``. Raises ``BadInput`` for a card that is not there,
    ``DeviceLost`` for one that is busy, ``EngineMissing`` without PyAudio. See ``Device``.
    """

    def __init__(
        self,
        name: str = "default",
        *,
        channels: int | None = None,
        mics: tuple[int, ...] = (0,),
        loopback: int | None = None,
        playback_channels: int = 1,
        playback: str = "",
        rates: tuple[int, ...] = (),
        spare: int = HOP,
    ) -> None:
        self.layout = Layout(tuple(mics), loopback)
        self.name = name
        self._playback_name, self._rates = playback or name, rates
        self._rows = channels or max(*mics, -1 if loopback is None else loopback) + 1
        self._recorded: SimpleQueue[bytes] = SimpleQueue()
        self._overruns = self._underruns = 0  # frames; times
        self._starved = self._dropped = self._skipped = 0  # frames
        self._glitches = 0  # times the lag may have changed all the same
        self._late, self._returned = 0, float("inf")  # hops; when the last one was handed out
        self._pace_in, self._pace_out = Pace(), Pace()
        self._started, self._lost, self._streams = False, "", []
        self._port: Port | None = Port()
        try:
            self._open(self._port, playback_channels, spare)
        except BaseException:
            self.close()
            raise

    def _open(self, port: Port, outputs: int, spare: int) -> None:
        record, play = port.find(self.name, self._rows, outputs, self._playback_name)
        both = max(self._rows, outputs)
        same = self._playback_name == self.name  # two cards' clocks do not fit into one stream
        fits = same and min(port.cards[record].inputs, port.cards[play].outputs) >= both
        # PyAudio gives a duplex stream one number of channels. Where the card has no such pair
        # of numbers, two streams do, but then they do not start at the very same sample.
        self._inputs, self._outputs = (both, both) if fits else (self._rows, outputs)
        self.rate = port.find_rate(record, play, self._inputs, self._outputs, self._rates)
        self._block = round(HOP * self.rate / SAMPLE_RATE)
        self._allocate(round(spare * self.rate / SAMPLE_RATE))
        if fits:
            self._streams.append(
                port.open(self.rate, self._block, both, record, play, self._duplex)
            )
        else:  # capture first: AC108 boards shift their channels otherwise
            how = self.rate, self._block
            self._streams.append(port.open(*how, self._inputs, record, None, self._capture))
            self._streams.append(port.open(*how, self._outputs, None, play, self._playback))
        latency_s = self._streams[-1].get_output_latency() + spare / SAMPLE_RATE
        latency_s += self._up.delay if self._up else 0.0
        self._latency = round(latency_s * SAMPLE_RATE)

    def _allocate(self, spare: int) -> None:
        self._hop = np.zeros((self._rows, HOP), np.float32)
        self._waiting = np.zeros((self._rows, 4 * HOP), np.float32)
        self._filled = 0
        self._down = self._up = None
        if self.rate != SAMPLE_RATE:
            self._down = Resampler(self.rate, SAMPLE_RATE, self._rows)
            self._up = Resampler(SAMPLE_RATE, self.rate)
        self._most = round(BACKLOG_S * self.rate / self._block)
        self._frame = 4 * self._outputs
        self._to_play = bytearray(spare * self._frame)
        self._most_to_play = (spare + round(HEAP_S * self.rate)) * self._frame

    # --- audio thread ------------------------------------------------------------------------

    def exchange(self, out: np.ndarray) -> np.ndarray:
        """Queue a hop to play and return the next one heard; the only wait is in here."""
        if self._lost or not self._streams:
            raise DeviceLost(self._lost or f'sound card "{self.name}": it was closed')
        self._late += time.perf_counter() - self._returned > HOP_S
        self._play(out)
        if not self._started:
            self._start()
        while self._filled < HOP:
            self._take()
        self._hop[:] = self._waiting[:, :HOP]
        self._filled -= HOP
        if self._filled:
            self._waiting[:, : self._filled] = self._waiting[:, HOP : HOP + self._filled].copy()
        self._returned = time.perf_counter()
        return self._hop

    def _start(self) -> None:
        self._started = True
        try:
            for stream in self._streams:
                stream.start_stream()
        except OSError as error:
            self._give_up(f"it could not be started ({error})")

    def _play(self, out: np.ndarray) -> None:
        sound = out if self._up is None else self._up.process(out[None])[0]
        late = self._starved - self._skipped - self._dropped
        if late > 0:
            late = min(late, len(sound))
            self._dropped += late
            sound = sound[late:]
        if len(self._to_play) > self._most_to_play:  # drop this hop: one jump of the echo
            if not self._alive():
                self._give_up("it stopped playing")
            self._underruns += 1
            self._glitches += 1
            return
        if self._outputs > 1:
            sound = np.repeat(sound, self._outputs)
        self._to_play += (np.clip(sound, -1.0, 1.0) * FULL_SCALE).astype(np.int32).tobytes()

    def _take(self) -> None:
        block = self._wait()
        pcm = np.frombuffer(block, np.int32).reshape(-1, self._inputs)[:, : self._rows]
        sound = np.multiply(pcm.T, PCM_STEP, dtype=np.float32, casting="unsafe")
        if self._down is not None:
            sound = self._down.process(sound)
        end = self._filled + sound.shape[1]
        self._waiting[:, self._filled : end] = sound
        self._filled = end

    def _wait(self) -> bytes:
        left_s = PATIENCE_S
        while True:
            try:
                return self._recorded.get(timeout=min(LOOK_S, left_s))
            except Empty:
                left_s -= LOOK_S
                if left_s <= 0.0 or not self._alive():
                    self._give_up("it stopped answering")

    def _alive(self) -> bool:
        """Whether PortAudio still moves the sound: it ends a stream whose card is gone."""
        try:
            return all(stream.is_active() for stream in self._streams)
        except OSError:
            return False

    def _give_up(self, why: str) -> None:
        self._lost = f'sound card "{self.name}": {why}; check its cable and `assistant doctor`'
        raise DeviceLost(self._lost)

    # --- PortAudio's thread ------------------------------------------------------------------

    def _duplex(self, recorded: bytes, frames: int, times: dict, flags: int) -> tuple:
        self._capture(recorded, frames, times, flags)
        return self._playback(None, frames, times, flags)

    def _capture(self, recorded: bytes, frames: int, _times: dict, flags: int) -> tuple:
        self._pace_in.keep(frames / self.rate)
        if flags & INPUT_OVERFLOW:  # PortAudio does not tell how much: one block at least
            self._overruns += frames
            self._glitches += 1
        if self._recorded.qsize() < self._most:
            self._recorded.put(recorded)
        else:
            self._overruns += frames
            self._skipped += frames
        return None, CONTINUE

    def _playback(self, _none: None, frames: int, _times: dict, flags: int) -> tuple:
        self._pace_out.keep(frames / self.rate)
        size = frames * self._frame
        played = bytes(self._to_play[:size])
        del self._to_play[:size]
        short = size - len(played)
        if short:
            self._starved += short // self._frame
            played += bytes(short)
        if short or flags & OUTPUT_UNDERFLOW:
            self._underruns += 1
        if flags & OUTPUT_UNDERFLOW:  # the card's own; what we were short of is made up for
            self._glitches += 1
        return played, CONTINUE

    # --- any thread --------------------------------------------------------------------------

    def health(self) -> DeviceHealth:
        """Return the counters; any thread. Lost samples are a lower bound."""
        lost = round(self._overruns * SAMPLE_RATE / self.rate)
        return DeviceHealth(lost, self._underruns, self._latency, self._glitches, self._late)

    def close(self) -> None:
        """Stop the sound and release the card; safe to call twice."""
        streams, self._streams = self._streams, []
        port, self._port = self._port, None
        for stream in streams:
            stream.close()
        if port is not None:
            port.close()
