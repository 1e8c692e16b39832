"""What the audio thread does to every hop before it listens: align, cancel, combine."""

from __future__ import annotations

import numpy as np

from assistant.audio.beam import Beam
from assistant.audio.delay import DelayAligner
from assistant.audio.echo import EchoCanceller
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.suppressor import Suppressor
from assistant.settings import Echo

_MAX_DELAY = 8192


class FrontEnd:
    """Turns microphones and reference into one clean channel; audio thread only.

    ``mics`` microphones; ``settings`` give the tail and, where calibrated, the delay.
    ``loopback`` says that the reference is the board's own recording of what it played: it is
    already aligned and nothing is searched. ``background`` solves for new echo paths on another
    thread (a live device; a simulation does without). ``latency`` is what the result lags, in
    samples, and ``detector_latency`` what ``detectors`` lag.

    ``detectors`` float32 (2, HOP), renewed by ``process``: two different views for the wake word,
    one microphone and the beam, with residual echo turned down. When nothing plays, two
    microphones as they are.
    """

    def __init__(
        self, mics: int, settings: Echo, *, loopback: bool = False, background: bool = False
    ) -> None:
        tail = round(settings.tail_ms * SAMPLE_RATE / 1000)
        fixed = 0 if loopback else None
        if not loopback and settings.delay_ms >= 0:
            fixed = round(settings.delay_ms * SAMPLE_RATE / 1000)
        self._enabled = settings.enabled
        self._aligner = DelayAligner(_MAX_DELAY, fixed)
        self.canceller = EchoCanceller(mics, tail, background=background)
        self._beam = Beam(mics)
        self._silence = np.zeros(HOP, np.float32)
        self._rest = self._hold = -(-(tail + _MAX_DELAY) // HOP) + 2
        self._suppressor = Suppressor(2)
        self._views = np.zeros((2, HOP), np.float32)
        self.detectors = self._views
        self.latency = self._beam.latency
        self.detector_latency = self._beam.latency + self._suppressor.latency

    def process(self, mics: np.ndarray, reference: np.ndarray, playing: bool) -> np.ndarray:
        """Return what the room says, float32 (HOP,): an own buffer, valid until the next call.

        ``mics`` is float32 (mics, HOP), ``reference`` float32 (HOP,) as handed to the device
        with this hop, or the loopback row. ``playing`` tells that the mixer sounds; a while
        after it stops the microphones are passed on unharmed at next to no cost.
        """
        self._rest = 0 if playing else min(self._hold, self._rest + 1)
        canceller, views = self.canceller, self._views
        if not self._enabled:
            clean = self._beam.process(mics, False)
            views[0], views[1] = clean, mics[-1]
            self.detectors = self._suppressor.process(views, self._silence, False)
            return clean
        heard = reference if self._rest < self._hold else self._silence
        aligned = self._aligner.process(heard, mics[0])
        if self._aligner.changed:
            canceller.shift(self._aligner.shifted)
        cleaned = canceller.process(mics, aligned)
        sounding = canceller.sounding
        if canceller.far_end_alone:
            self._beam.learn(canceller.spectrum)
        clean = self._beam.process(cleaned, sounding)
        views[0], views[1] = cleaned[0], clean if sounding else cleaned[-1]
        self.detectors = self._suppressor.process(views, canceller.echo[0], sounding)
        return clean

    def close(self) -> None:
        """Let the solver's thread end."""
        self.canceller.close()

    def reset(self) -> None:
        """Forget the echo path and the beam (the loudspeaker or the board was changed)."""
        self.canceller.reset()
        self._beam.reset()
        self._suppressor.reset()

    @property
    def residual_power(self) -> float:
        """Mean square of the echo estimated to be left in the result; 0 when nothing plays."""
        return self.canceller.residual_power

    @property
    def output_power(self) -> float:
        """Mean square of the cleaned microphones in the bands ``residual_power`` covers."""
        return self.canceller.output_power

    @property
    def erle_db(self) -> float:
        """Running echo return loss enhancement of the canceller, dB."""
        return self.canceller.erle_db

    @property
    def converged(self) -> bool:
        """Whether the echo path is known well enough to trust ``residual_power``."""
        return self.canceller.converged

    @property
    def delay(self) -> int:
        """Bulk delay applied to the reference, samples."""
        return self._aligner.delay

    @property
    def resets(self) -> int:
        """How often the canceller had to start over."""
        return self.canceller.resets
