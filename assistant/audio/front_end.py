"""What the audio thread does to every hop before it listens: align, cancel, combine, filter."""

from __future__ import annotations

import numpy as np

from assistant.audio.beam import Beam
from assistant.audio.delay import MARGIN, DelayAligner
from assistant.audio.distortion import NAMES, Bends
from assistant.audio.echo import EchoCanceller
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.post_filter import PostFilter
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

    ``positions`` are the microphones' in metres, (mics, 2 or 3), where the board knows them.

    ``detectors`` float32 (views, HOP), renewed by ``process``: different views of the room for
    the wake word, with residual echo turned down. With ``positions`` those are the beam's looks,
    else one microphone and the beam. When nothing plays, they are microphones as they are.
    ``cleaned`` float32 (mics, HOP): the last hop of the microphones without the echo. ``linear``
    float32 (HOP,): the last result before the post-filter, which works while the echo path is new
    and otherwise changes nothing. ``enabled`` tells whether echo is cancelled here at all; a board
    may do it by itself.
    """

    def __init__(
        self,
        mics: int,
        settings: Echo,
        *,
        loopback: bool = False,
        background: bool = False,
        positions: np.ndarray | None = None,
    ) -> None:
        tail = round(settings.tail_ms * SAMPLE_RATE / 1000)
        fixed = 0 if loopback else None
        measured = round(settings.delay_ms * SAMPLE_RATE / 1000)
        self.enabled = settings.enabled
        self._fixed, self._history = fixed, -(-tail // HOP)
        self._start = max(0, measured - MARGIN)
        self._aligner = self._new_aligner()
        self.canceller = EchoCanceller(mics, tail, background=background)
        self._beam, self._post_filter = Beam(mics, positions), PostFilter()
        self._silence = np.zeros(HOP, np.float32)
        self._bends, self._unbent = Bends(), np.zeros((len(NAMES), HOP), np.float32)
        self._rest = self._hold = -(-(tail + _MAX_DELAY) // HOP) + 2
        self._drifts = False
        views = len(self._beam.looks) or 2
        self._suppressor = Suppressor(views)
        self._views = np.zeros((views, HOP), np.float32)
        self.detectors = self._views
        self.cleaned = np.zeros((mics, HOP), np.float32)
        self.linear = self._silence
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
        if not self.enabled:
            self.linear = clean = self._beam.process(mics, False)
            self.cleaned = mics
            self._look(mics, clean, False)
            self.detectors = self._suppressor.process(views, self._silence, False)
            return clean
        aligner = self._aligner
        if self._rest < self._hold:
            aligned = aligner.process(reference, mics[0], self._bent(reference))
        else:
            aligned = aligner.process(self._silence, mics[0], self._unbent)
        if aligner.changed:
            if aligner.jumped:
                canceller.recall()
            canceller.shift(aligner.shifted, aligner.past(), int(aligner.lag))
        if (aligner.rate != 0.0) != self._drifts:
            self._drifts = not self._drifts
            canceller.solve_again()
        self.cleaned = cleaned = canceller.process(
            mics, aligned, aligner.lag, aligner.rate, aligner.bends
        )
        if aligner.judge(mics[0], cleaned[0]):
            canceller.remember()
        sounding = canceller.sounding
        if canceller.far_end_alone:
            self._beam.learn(canceller.spectrum)
        self.linear = linear = self._beam.process(cleaned, sounding)
        self._look(cleaned, linear, sounding)
        self.detectors = self._suppressor.process(views, canceller.echo[0], sounding)
        return self._post_filter.process(
            linear, canceller.expected, canceller.echo[0], canceller.unsettled
        )

    def expect_jump(self) -> None:
        """The card lost samples: the delay may be another from now on, and the echo may be heard.

        Until that is known, as much of it is expected in the result as before it was cancelled.
        """
        self._aligner.hurry()
        self.canceller.doubt()

    def _bent(self, reference: np.ndarray) -> np.ndarray:
        """Return the reference's distorted versions; a NaN must not stay in their filters."""
        if np.isfinite(np.dot(reference, reference)):
            return self._bends.process(reference)
        return self._unbent

    def _new_aligner(self) -> DelayAligner:
        return DelayAligner(
            _MAX_DELAY, self._fixed, start=self._start, history=self._history, bends=len(NAMES)
        )

    def _look(self, cleaned: np.ndarray, clean: np.ndarray, sounding: bool) -> None:
        looks = self._beam.looks
        if len(looks):
            np.copyto(self._views, looks)
        else:
            self._views[0], self._views[1] = cleaned[0], clean if sounding else cleaned[-1]

    def close(self) -> None:
        """Let the solver's thread end."""
        self.canceller.close()

    def reset(self) -> None:
        """Forget the echo path, its delay and the beam (the sound card was opened anew)."""
        self._aligner, self._drifts = self._new_aligner(), False
        self._rest = self._hold
        self._bends.clear()
        self.canceller.reset()
        self._beam.reset()
        self._post_filter.reset()
        self._suppressor.reset()

    @property
    def sounding(self) -> bool:
        """Whether there may be echo in the last hop."""
        return self.enabled and self.canceller.sounding

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
    def drift_ppm(self) -> float:
        """How much faster the playback clock is than the capture clock, parts per million."""
        return self._aligner.drift_ppm

    @property
    def drift_compensated(self) -> bool:
        """Whether the two clocks are certain to differ, so that the reference is resampled."""
        return self._aligner.rate != 0.0

    @property
    def jumps(self) -> int:
        """How often the bulk delay has jumped (a lost or repeated buffer) and was found again."""
        return self._aligner.jumps

    @property
    def resets(self) -> int:
        """How often the canceller had to start over."""
        return self.canceller.resets
