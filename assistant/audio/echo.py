"""Removes the speaker's own sound from the microphones without touching anybody else's.

A Kalman filter (``assistant.audio.kalman``) behind a learned model of the loudspeaker, started
and restarted by a least-squares solution (``assistant.audio.path_solver``). It only ever
subtracts what it predicts from the reference: there is no suppressor here, so a person talking
over the speaker stays whole.
"""

from __future__ import annotations

import numpy as np

from assistant.audio.fft import rfft
from assistant.audio.format import HOP
from assistant.audio.kalman import BINS, FFT, KalmanFilter
from assistant.audio.path_change import AT_ONCE, LOUD_HOPS, PathChange
from assistant.audio.path_schedule import WINDOW, PathSchedule
from assistant.audio.path_solver import Solution
from assistant.audio.reference import ReferenceHistory
from assistant.audio.residual import BAND_EDGES, BANDS, ResidualEstimate
from assistant.audio.watchdog import Watchdog

__all__ = ["BANDS", "BAND_EDGES", "EchoCanceller"]

_LOUDER = 4.0  # an output with more than so many times the input's power is not used
_SILENT = 1e-9  # power below which a hop of reference is silence


class EchoCanceller:
    """Subtracts the echo of the reference from every microphone; audio thread only.

    ``mics`` microphones are cleaned against one reference that must already be aligned (see
    ``assistant.audio.delay``): the echo begins 0 to ``tail`` samples after the reference.

    With ``distortion``, a small loudspeaker's distortion is modelled and learned
    (``assistant.audio.distortion``); it would otherwise cap any linear canceller at 10 to 20 dB.
    With ``background``, the first and every new echo path is solved for on another thread.

    Read after each hop:
      ``output_bands``, ``residual_bands``  float32 (BANDS,): power of the output, and the median
          estimate of the echo still in it, mean square per microphone in about Bark-wide bands
          (``BAND_EDGES`` are FFT bins of 31.25 Hz). Expect the true residual within about 6 dB.
          When nothing plays, the former is spread evenly and the latter is 0.
      ``output_power``, ``residual_power``  float: their sums over the bands.
      ``echo``      float32 (mics, HOP): what was subtracted; zeros when nothing plays.
      ``unsettled`` 0 to 1: whether the path is new, and the output so much worse than usual.
      ``expected``  float32 (BINS,): power of the echo in ``spectrum`` for what the path is unsure
          of, mean over the microphones; often more than there is.
      ``spectrum``  complex64 (mics, BINS): of the output hop with a hop of zeros before it.
      ``erle_db``   running echo return loss enhancement; moves only while the reference sounds
          and no near end is judged present.
      ``sounding``  whether there may be echo in this hop at all.
      ``far_end_alone`` whether the reference sounded and nobody was judged to talk over it.
      ``converged`` True once ``erle_db`` has passed 8 dB; False below 3 dB or after a reset.
      ``resets``    how often the watchdog threw the filter away because it made things louder.
      ``solved``    how often a least-squares solution replaced the path.
      ``solver_s``  seconds the solver took on this thread (without ``background``).
    """

    def __init__(
        self, mics: int, tail: int = 6400, *, distortion: bool = True, background: bool = False
    ) -> None:
        self._tail_parts = n = max(1, -(-tail // HOP))
        self._taps = n * HOP
        self._reference = ReferenceHistory(n, distortion, self._taps + WINDOW * HOP)
        parts = len(self._reference.spectra)
        self._filter = KalmanFilter(mics, parts, self._reference.first)
        self._padded = np.zeros((2, mics, FFT), np.float32)  # output and echo
        self._both = np.zeros((2, mics, BINS), np.complex64)
        self._out = np.zeros((mics, HOP), np.float32)
        self._change, self._watchdog = PathChange(mics), Watchdog(mics)
        self._schedule = PathSchedule(mics, self._taps, background)
        self._estimate = ResidualEstimate()
        self.spectrum = self._both[0]
        self.echo = self._padded[1, :, HOP:]
        self.resets = 0
        self.reset()

    def reset(self) -> None:
        """Forget the echo path and start to learn it again."""
        self._reference.clear()
        self._estimate.reset()
        self._quiet_hops = self._tail_parts + 1
        self._hops = 0
        self._forget_path(slice(None))

    def doubt(self) -> None:
        """Trust the estimate of the residual echo no more until it is confirmed."""
        self._estimate.reset()

    def close(self) -> None:
        """Let the solver's thread end."""
        self._schedule.close()

    @property
    def output_bands(self) -> np.ndarray:
        return self._estimate.output_bands

    @property
    def residual_bands(self) -> np.ndarray:
        return self._estimate.residual_bands

    @property
    def output_power(self) -> float:
        return self._estimate.output_power

    @property
    def residual_power(self) -> float:
        return self._estimate.residual_power

    @property
    def erle_db(self) -> float:
        return self._estimate.erle_db

    @property
    def converged(self) -> bool:
        return self._estimate.converged

    @property
    def far_end_alone(self) -> bool:
        return self._estimate.far_end_alone

    @property
    def expected(self) -> np.ndarray:
        return self._filter.expected

    @property
    def unsettled(self) -> float:
        return self._schedule.unsettled if self.sounding and not self._hold else 0.0

    @property
    def solver_s(self) -> float:
        return self._schedule.seconds

    @property
    def solved(self) -> int:
        return self._schedule.solved

    def shift(self, samples: int, past: np.ndarray | tuple = (), lag: float = 0.0) -> None:
        """Move the echo path ``samples`` earlier, when the reference is now delayed by as much.

        What was learnt is kept where it still lies inside the tail. ``past`` is the reference
        before this hop as it would have been, and its distorted versions, float32
        (hops, 1 + k, HOP), all ``lag`` samples late. With less than a tail of it, the filter
        neither cancels fully nor learns for a tail.
        """
        self._filter.shift(samples)
        self._reference.clear()
        self._schedule.restart()
        for hop in past:
            self._reference.push(hop[0], float(np.dot(hop[0], hop[0])) / HOP, lag, hop[1:])
        self._hold = self._tail_parts if len(past) < self._tail_parts else 0

    def solve_again(self) -> None:
        """Solve for the echo path anew from here on: the reference is truer than it was."""
        self._schedule.again()

    def remember(self) -> None:
        """Keep a copy of what is known of the echo for ``recall``, and the copy before this one."""
        self._filter.remember()
        self._reference.remember()

    def recall(self) -> None:
        """Take back what was known at the last but one ``remember``, if there was one: what was
        learnt since is wrong because the reference was not where it should be."""
        if self._filter.recall():
            self._reference.recall()
            self._watchdog.calm()
            self._change.reset()

    def _forget_path(self, rows: slice | np.ndarray) -> None:
        self._filter.forget(rows)
        self._hold = 0
        self.sounding = False
        self._watchdog.calm()
        self._change.reset()
        self._schedule.reset()
        self._estimate.reset()

    def process(
        self,
        mics: np.ndarray,
        reference: np.ndarray,
        lag: float = 0.0,
        rate: float = 0.0,
        bends: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the microphones (float32, (mics, HOP)) without the echo of ``reference``.

        ``reference`` is float32 (HOP,), the aligned sound of the loudspeaker, delayed by ``lag``
        samples at its start, which ought to grow by ``rate`` samples per sample. ``bends`` are its
        distorted versions, float32 (k, HOP): computed here where they are not given. The result is
        the canceller's own buffer, valid until the next call. A hop with NaN or infinity in it is
        passed on with zeros in their place and teaches nothing.
        """
        out = self._out
        played = float(np.dot(reference, reference)) / HOP
        heard = np.einsum("mt,mt->m", mics, mics)
        if not np.isfinite(played + heard.sum()):
            out[:] = np.nan_to_num(mics, posinf=0.0, neginf=0.0)
            return out
        self._quiet_hops = 0 if played > _SILENT else self._quiet_hops + 1
        if self._quiet_hops > self._tail_parts:
            return self._pass(mics)
        self.sounding = True
        self._schedule.hear(mics, played)
        factor = self._reference.push(reference, played, lag, bends)
        if factor != 1.0:
            self._filter.scale(factor)
        self._subtract(mics)
        powers = self._both.real**2 + self._both.imag**2
        left = np.einsum("mt,mt->m", out, out)
        louder = left > _LOUDER * heard + 1e-6
        if louder.any():
            out[louder] = mics[louder]
        if (diverged := self._watchdog.bites(heard, left)) is not None:
            self._start_over(diverged)
            np.copyto(out, mics)
            return out
        coherence = self._change.compare(self._both, powers)
        self._estimate.update(powers, float(heard.mean()), float(left.mean()), coherence)
        if self._hold:
            self._hold -= 1
        else:
            self._learn(mics, powers[0], played, rate)
        return out

    def _subtract(self, mics: np.ndarray) -> None:
        """Renew the output, what was subtracted, and both their spectra."""
        output, echo = self._padded[:, :, HOP:]
        echo[:] = self._filter.predict(self._reference.spectra)
        np.subtract(mics, echo, out=output)
        self._out[:] = output
        rfft(self._padded, out=self._both)

    def _pass(self, mics: np.ndarray) -> np.ndarray:
        """Nothing was played for a whole tail: there is no echo, and nothing to learn."""
        if self.sounding:
            self._reference.clear()
            self.echo[:] = 0
            self._schedule.pause()
        np.copyto(self._out, mics)
        self._estimate.silence(float(np.vdot(mics, mics)) / mics.size)
        self.sounding = False
        return self._out

    def _learn(self, mics: np.ndarray, error_power: np.ndarray, played: float, rate: float) -> None:
        """Make the path truer by this hop, and what is known of the loudspeaker."""
        reference, path = self._reference, self._filter
        clipped = max(float(mics.max()), -float(mics.min())) > 0.985
        self._notice_change()
        path.adapt(reference.spectra, reference.power, self.spectrum, error_power, clipped)
        self._hops += 1
        reference.learn(
            path.path[0, reference.first :], self.spectrum[0], path.noise[0], self._hops
        )
        sounds = played > 1e-6 and not clipped
        solution = self._schedule.step(sounds, reference, path, rate)
        if solution is not None:
            self._take(solution)

    def _notice_change(self) -> None:
        """Open the filter again when the output looks like the echo it should have removed."""
        change = self._change
        change.update(self.far_end_alone)
        if change.doubt:
            self._filter.loosen(change.doubt)
            self._schedule.changed()
        if change.fallen:
            self._filter.loosen(1.0)
            self._schedule.fallen()
        if change.suspected:
            self._schedule.suspected(LOUD_HOPS)
        if change.gain != 1.0:
            self._amplify(change.gain)

    def _amplify(self, gain: float) -> None:
        """The loudspeaker's amplifier gives ``gain`` times as much: so must the reference.

        Never more than was played, though: how the loudspeaker bends that is not known.
        """
        before = self._reference.drive
        drive = min(1.0, before * gain)
        self._filter.scale(gain * before / drive)
        self._reference.set_drive(drive)
        self._change.reset()
        self._schedule.restart(AT_ONCE)

    def _take(self, solution: Solution) -> None:
        self._filter.set_taps(solution.path, min(1.0, solution.left), solution.told)
        if len(solution.weights):
            self._reference.set_weights(solution.weights)
        self._estimate.improved(solution.gain)
        self._change.reset()

    def _start_over(self, mics: np.ndarray) -> None:
        """The watchdog bit: forget the path of these microphones (bool (mics,))."""
        self.resets += 1
        self._reference.unlearn()
        self._forget_path(mics)
