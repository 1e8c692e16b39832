"""Removes the speaker's own sound from the microphones without touching anybody else's.

A Kalman filter (``assistant.audio.kalman``) behind a learned model of the loudspeaker, started
and restarted by a least-squares solution (``assistant.audio.path_solver``). It only ever
subtracts what it predicts from the reference: there is no suppressor here, so a person talking
over the speaker stays whole.
"""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP
from assistant.audio.kalman import BINS, FFT, KalmanFilter
from assistant.audio.path_learner import PathLearner
from assistant.audio.path_solver import Recording, Solution
from assistant.audio.reference import ReferenceHistory
from assistant.audio.residual import BAND_EDGES, BANDS, ResidualEstimate, in_bands

__all__ = ["BANDS", "BAND_EDGES", "EchoCanceller"]

_LIKE = 0.12  # weight of a new hop in the coherence of output and echo: about 130 ms
_CHANGED = 0.4  # coherence above which the echo path has changed; the near end stays below 0.25
_LOUDER = 4.0  # an output with more than so many times the input's power is not used
_SILENT = 1e-9  # power below which a hop of reference is silence
_FLOOR = np.float32(1e-7)
_SOLVE_AT = (32, 44, 56, 68, 80, 112, 144, 192, 256)  # hops of playback: then solve for the path
_WINDOW = 80  # hops (1.3 s) the solver looks at, at most
_NOTICED = 8  # hops a change of the path is older than its discovery
_PATIENCE = 60, 4000  # hops between two searches for a change, at least: doubled when in vain


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
        self._mics = mics
        self._tail_parts = n = max(1, -(-tail // HOP))
        self._taps = n * HOP
        self._reference = ReferenceHistory(n, distortion, self._taps + _WINDOW * HOP)
        parts = len(self._reference.spectra)
        self._filter = KalmanFilter(mics, parts, self._reference.first)
        self._padded = np.zeros((2, mics, FFT), np.float32)  # output and echo
        self._both = np.zeros((2, mics, BINS), np.complex64)
        self._likeness = np.zeros((mics, BINS), np.complex64)
        self._powers = np.zeros((2, mics, BINS), np.float32)
        self._out = np.zeros((mics, HOP), np.float32)
        self._heard = np.zeros((mics, 2 * _WINDOW * HOP), np.float32)  # for the solver
        self._learner = PathLearner(background)
        self._estimate = ResidualEstimate()
        self.spectrum = self._both[0]
        self.echo = self._padded[1, :, HOP:]
        self.resets = self.solved = 0
        self.reset()

    def reset(self) -> None:
        """Forget the echo path and start to learn it again."""
        self._reference.clear()
        self._estimate.reset()
        self._quiet_hops = self._tail_parts + 1
        self._hops = 0
        self._heard_end = 0
        self._forget_path(slice(None))

    def doubt(self) -> None:
        """Trust the estimate of the residual echo no more until it is confirmed."""
        self._estimate.reset()

    def close(self) -> None:
        """Let the solver's thread end."""
        self._learner.close()

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
    def solver_s(self) -> float:
        return self._learner.seconds

    def shift(self, samples: int, past: np.ndarray | None = None) -> None:
        """Move the echo path ``samples`` earlier, when the reference is now delayed by as much.

        What was learnt is kept where it still lies inside the tail. ``past`` is the reference
        before this hop as it would have been, float32 (hops, HOP). With less than a tail of it,
        the filter neither cancels fully nor learns for a tail from now on.
        """
        self._filter.shift(samples)
        self._reference.clear()
        self._learner.forget()
        past = () if past is None else past
        for hop in past:
            self._reference.push(hop, float(np.dot(hop, hop)) / HOP)
        self._hold = self._tail_parts if len(past) < self._tail_parts else 0
        self._since = 0

    def solve_again(self) -> None:
        """Solve for the echo path anew from here on: the reference is truer than it was."""
        self._learner.forget()
        self._since = 0

    def remember(self) -> None:
        """Keep a copy of the echo path for ``recall``, and the copy before this one."""
        self._filter.remember()

    def recall(self) -> None:
        """Take back the echo path of the last but one ``remember``: what was learnt since is
        wrong because the reference was not where it should be. Does nothing without a copy."""
        if self._filter.recall():
            self._loud[:] = 0
            self._watched[:] = 1e-9
            self._likeness[:] = 0

    def _forget_path(self, rows: slice | np.ndarray) -> None:
        self._filter.forget(rows)
        self._hold, self._since = 0, 0
        self._rested, self._patience = 0, _PATIENCE[0]
        self.sounding = False
        self._loud = np.zeros(self._mics, np.float32)
        self._likeness[:] = 0
        self._powers[:] = 0
        self._watched = np.full((2, self._mics), 1e-9, np.float32)
        self._learner.forget()
        self._estimate.reset()

    def process(self, mics: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Return the microphones (float32, (mics, HOP)) without the echo of ``reference``.

        ``reference`` is float32 (HOP,), the aligned sound of the loudspeaker. The result is the
        canceller's own buffer, valid until the next call. A hop with NaN or infinity in it is
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
        self._remember(mics)
        factor = self._reference.push(reference, played)
        if factor != 1.0:
            self._filter.scale(factor)
        heard_echo = self._filter.predict(self._reference.spectra)
        np.subtract(mics, heard_echo, out=out)
        self._padded[0, :, HOP:] = out
        self._padded[1, :, HOP:] = heard_echo
        np.fft.rfft(self._padded, out=self._both)
        powers = _square(self._both)
        left = np.einsum("mt,mt->m", out, out)
        louder = left > _LOUDER * heard + 1e-6
        if louder.any():
            out[louder] = mics[louder]
        if self._diverged(heard, left):
            np.copyto(out, mics)
            return out
        explained = self._compare(powers)
        coherence = in_bands(explained) / (in_bands(self._powers[0]) + 1e-7)
        self._estimate.update(powers, float(heard.mean()), float(left.mean()), coherence)
        if self._hold:
            self._hold -= 1
        else:
            clipped = max(float(mics.max()), -float(mics.min())) > 0.985
            self._rested += 1
            self._notice_change(explained)
            self._adapt(powers[0], clipped)
            self._solve(played > 1e-6 and not clipped)
        return out

    def _pass(self, mics: np.ndarray) -> np.ndarray:
        """Nothing was played for a whole tail: there is no echo, and nothing to learn."""
        if self.sounding:
            self._reference.clear()
            self.echo[:] = 0
            if self._since < _SOLVE_AT[-1]:
                self._since = 0  # what the solver looks at must be in one piece
        np.copyto(self._out, mics)
        self._estimate.silence(float(np.vdot(mics, mics)) / mics.size)
        self.sounding = False
        return self._out

    def _adapt(self, error_power: np.ndarray, clipped: bool) -> None:
        """Make the path truer by this hop, and what is known of the loudspeaker."""
        reference, path = self._reference, self._filter
        path.adapt(reference.spectra, reference.power, self.spectrum, error_power, clipped)
        self._hops += 1
        reference.learn(
            path.path[0, reference.first :], self.spectrum[0], path.noise[0], self._hops
        )

    def _compare(self, powers: np.ndarray) -> np.ndarray:
        """Return the part of the output's power that the echo estimate explains, (mics, BINS).

        The magnitude-squared coherence of the two. A person's voice is not coherent with the
        echo estimate; what an untrue path leaves of the echo is, however wrong the path.
        """
        cross = np.conjugate(self._both[1])
        cross *= self._both[0]
        cross -= self._likeness
        cross *= np.float32(_LIKE)
        self._likeness += cross
        self._powers += np.float32(_LIKE) * (powers - self._powers)
        return _square(self._likeness) / (self._powers[1] + 1e-7)

    def _notice_change(self, explained: np.ndarray) -> None:
        """Open the filter again when the output looks like the echo it should have removed."""
        alike = float(explained[:, 6:200].sum() / (self._powers[0, :, 6:200].sum() + 1e-6))
        if alike > _CHANGED and not self.far_end_alone:
            self._filter.loosen(min(1.0, 2.5 * (alike - _CHANGED)))
            if self._since > _SOLVE_AT[-1] and self._rested >= self._patience:
                self._since, self._rested = _NOTICED, 0
                self._patience = min(_PATIENCE[1], 2 * self._patience)
                self._learner.forget()

    def _remember(self, mics: np.ndarray) -> None:
        """Keep the microphones' last hops for the solver."""
        size = _WINDOW * HOP
        if self._heard_end == self._heard.shape[1]:
            self._heard[:, :size] = self._heard[:, size:]
            self._heard_end = size
        self._heard[:, self._heard_end : self._heard_end + HOP] = mics
        self._heard_end += HOP

    def _solve(self, sounds: bool) -> None:
        """Ask for a solution at certain times after a start or a change, and take it over."""
        if self._learner.busy:
            solution = self._learner.poll()
            if solution is not None:
                self._take(solution)
        if self._since <= _SOLVE_AT[-1]:
            self._since += sounds
            if sounds and self._since in _SOLVE_AT and not self._learner.busy:
                self._learner.submit(self._recording(min(self._since, _WINDOW)))
            if self._since == _SOLVE_AT[-1]:
                self._since += 1

    def _recording(self, hops: int) -> Recording:
        size = min(hops * HOP, self._heard_end)
        waves = self._reference.recent(size + self._taps - 1)
        return Recording(
            reference=waves[0],
            bends=waves[1:],
            mics=self._heard[:, self._heard_end - size : self._heard_end].copy(),
            weights=self._reference.weights.copy(),
            path=self._filter.taps(),
        )

    def _take(self, solution: Solution) -> None:
        self._filter.set_taps(solution.path, min(1.0, solution.left))
        if len(solution.weights):
            self._reference.set_weights(solution.weights)
        self._estimate.improved(solution.gain)
        self._patience = _PATIENCE[0]
        self.solved += 1

    def _diverged(self, heard: np.ndarray, left: np.ndarray) -> bool:
        """The watchdog: a canceller that adds power for a third of a second starts over."""
        watched = self._watched
        watched[0] += 0.1 * (heard - watched[0])
        watched[1] += 0.1 * (left - watched[1])
        if not np.isfinite(watched[1]).all():
            bad = ~np.isfinite(watched[1])
        else:
            self._loud = np.where(watched[1] > 2 * watched[0], self._loud + 1, 0)
            bad = self._loud > 20
            if not bad.any():
                return False
        self.resets += 1
        self._reference.unlearn()
        self._forget_path(bad)
        return True


def _square(spectrum: np.ndarray) -> np.ndarray:
    return spectrum.real**2 + spectrum.imag**2
