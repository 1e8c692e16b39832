"""Removes the speaker's own sound from the microphones without touching anybody else's.

A partitioned frequency-domain Kalman filter (Enzner & Vary 2006; partitioned: Kuech, Mabande &
Enzner 2014; its weak points: Yang, Enzner & Yang 2017). It only ever subtracts what it predicts
from the reference: there is no suppressor, so a person talking over the speaker stays whole.
"""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP
from assistant.audio.reference import BINS, FFT, ReferenceHistory

BAND_EDGES = np.array([3, 6, 10, 14, 19, 25, 32, 40, 50, 62, 77, 96, 120, 150, 190])
BANDS = len(BAND_EDGES)  # about Bark wide, 94 Hz to 8 kHz

_KEEP, _KEEP_EARLY = 0.99995, 0.99  # how much of the echo path is the same a hop later
_EARLY = 120.0  # hops of playback until the path counts as known
_SHRINK = 0.3  # part of the theoretical covariance decrease; see _adapt
_FORGET = 0.2  # of the near-end spectrum, per hop
_LIKE = 0.12  # weight of a new hop in the coherence of output and echo: about 130 ms
_CHANGED = 0.4  # coherence above which the echo path has changed; the near end stays below 0.25
_SILENT = 1e-9  # power below which a hop of reference is silence
_FLOOR = np.float32(1e-7)
_TO_POWER = 2.0 / (FFT * HOP)  # of a zero-padded hop's |spectrum|^2, to mean square


class EchoCanceller:
    """Subtracts the echo of the reference from every microphone; audio thread only.

    ``mics`` microphones are cleaned against one reference that must already be aligned (see
    ``assistant.audio.delay``): the echo begins 0 to ``tail`` samples after the reference.

    With ``distortion``, the reference is also filtered through a small loudspeaker's odd, even
    and excursion distortion (``assistant.audio.reference``), which would otherwise cap any linear
    canceller at 10 to 20 dB.

    Read after each hop:
      ``output_bands``, ``residual_bands``  float32 (BANDS,): power of the output, and the median
          estimate of the echo still in it, mean square per microphone in about Bark-wide bands
          (``BAND_EDGES`` are FFT bins of 31.25 Hz). Expect the true residual within about 6 dB.
          When nothing plays, the former is spread evenly and the latter is 0.
      ``output_power``, ``residual_power``  float: their sums over the bands.
      ``spectrum``  complex64 (mics, BINS): of the output hop with a hop of zeros before it.
      ``erle_db``   running echo return loss enhancement; moves only while the reference sounds
          and no near end is judged present.
      ``sounding``  whether there may be echo in this hop at all.
      ``far_end_alone`` whether the reference sounded and nobody was judged to talk over it.
      ``converged`` True once ``erle_db`` has passed 8 dB; False below 3 dB or after a reset.
      ``resets``    how often the watchdog threw the filter away because it made things louder.
    """

    def __init__(self, mics: int, tail: int = 3328, *, distortion: bool = True) -> None:
        self._tail_parts = n = max(1, -(-tail // HOP))
        self._reference = ReferenceHistory(n, distortion)
        parts = len(self._reference.spectra)
        self._filter = np.zeros((mics, parts, BINS), np.complex64)
        self._error = np.zeros((mics, parts, BINS), np.float32)  # covariance, diagonal
        self._near = np.zeros((mics, BINS), np.float32)
        self._padded = np.zeros((2, mics, FFT), np.float32)  # output and echo
        self._both = np.zeros((2, mics, BINS), np.complex64)
        self._likeness = np.zeros((mics, BINS), np.complex64)
        self._powers = np.zeros((2, mics, BINS), np.float32)
        self._out = np.zeros((mics, HOP), np.float32)
        self._work = np.zeros((mics, parts, BINS), np.complex64)
        self._real = np.zeros((mics, parts, BINS), np.float32)
        self._gain = np.zeros((mics, parts, BINS), np.float32)
        self._wave = np.zeros((mics, parts, FFT), np.float32)
        self._kept = [[self._filter.copy(), self._error.copy(), 0.0] for _ in range(2)]
        self.spectrum = self._both[0]
        self.output_bands = np.zeros(BANDS, np.float32)
        self.residual_bands = np.zeros(BANDS, np.float32)
        self.resets = 0
        self.reset()

    def reset(self) -> None:
        """Forget the echo path and start to learn it again."""
        n = self._tail_parts
        self._reference.clear()
        self._near[:] = 0
        self._quiet_hops = n + 1
        self.output_power = self.residual_power = 0.0
        self._leak_db = np.zeros(BANDS, np.float32)
        self._echo_bands = np.zeros(BANDS, np.float32)
        self._mean_mic = self._mean_out = 0.0
        self._forget_path(slice(None))

    def shift(self, samples: int) -> None:
        """Move the echo path ``samples`` earlier, when the reference is now delayed by as much.

        What was learnt is kept where it still lies inside the tail. For one tail afterwards the
        history is incomplete, and the filter neither cancels fully nor learns.
        """
        starts = self._reference.starts
        for start, stop in zip(starts, (*starts[1:], None), strict=True):
            waves = np.fft.irfft(self._filter[:, start:stop])[..., :HOP]
            shape = waves.shape
            path = waves.reshape(shape[0], -1)
            moved = np.zeros_like(path)
            size = max(0, path.shape[1] - abs(samples))
            moved[:, max(0, -samples) :][:, :size] = path[:, max(0, samples) :][:, :size]
            self._filter[:, start:stop] = np.fft.rfft(moved.reshape(shape), FFT)
        self._reference.clear()
        self._hold = self._tail_parts

    def remember(self) -> None:
        """Keep a copy of the echo path for ``recall``, and the copy before this one."""
        self._kept[0], self._kept[1] = self._kept[1], self._kept[0]
        filter_, error = self._kept[0][:2]
        np.copyto(filter_, self._filter)
        np.copyto(error, self._error)
        self._kept[0][2] = self._early

    def recall(self) -> None:
        """Take back the echo path of the last but one ``remember``: what was learnt since is
        wrong because the reference was not where it should be. Does nothing without a copy."""
        filter_, error, early = self._kept[1]
        if early:
            np.copyto(self._filter, filter_)
            np.copyto(self._error, error)
            self._early = early
            self._loud[:] = 0
            self._watched[:] = 1e-9
            self._likeness[:] = 0

    def _forget_path(self, rows: slice | np.ndarray) -> None:
        n = self._tail_parts
        self._filter[rows] = 0
        self._error[rows, :n] = np.exp(-np.arange(n, dtype=np.float32) / 4)[:, None]
        self._error[rows, n:] = 0.1
        self._early, self._hold = 0.0, 0
        self.sounding = self.far_end_alone = False
        self._loud = np.zeros(len(self._filter), np.float32)
        self._likeness[:] = 0
        self._powers[:] = 0
        self._watched = np.full((2, len(self._filter)), 1e-9, np.float32)
        self._leak_db[:] = 0
        self.erle_db, self.converged = 0.0, False
        self._mean_mic = self._mean_out = 1e-9

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
        self._reference.push(reference, played, self._filter)
        np.multiply(self._filter, self._reference.spectra, out=self._work)
        echo = np.add.reduce(self._work, axis=1)
        heard_echo = np.fft.irfft(echo)[:, HOP:]
        np.subtract(mics, heard_echo, out=out)
        self._padded[0, :, HOP:] = out
        self._padded[1, :, HOP:] = heard_echo
        np.fft.rfft(self._padded, out=self._both)
        powers = _square(self._both)
        left = np.einsum("mt,mt->m", out, out)
        if self._diverged(heard, left):
            np.copyto(out, mics)
            return out
        self._judge(powers, float(heard.mean()), float(left.mean()))
        if self._hold:
            self._hold -= 1
        else:
            clipped = max(float(mics.max()), -float(mics.min())) > 0.985
            self._notice_change(powers)
            self._adapt(powers[0], clipped)
        return out

    def _pass(self, mics: np.ndarray) -> np.ndarray:
        """Nothing was played for a whole tail: there is no echo, and nothing to learn."""
        if self.sounding:
            self._reference.clear()
            self.residual_bands[:] = 0
            self._echo_bands[:] = 0
        np.copyto(self._out, mics)
        self.output_power = float(np.vdot(mics, mics)) / mics.size
        self.output_bands[:] = self.output_power / BANDS
        self.residual_power = 0.0
        self.sounding = self.far_end_alone = False
        return self._out

    def _adapt(self, error_power: np.ndarray, clipped: bool) -> None:
        """One Kalman step: the gain falls wherever the near end explains the error better."""
        gain, work, real = self._gain, self._work, self._real
        self._near += _FORGET * (error_power - self._near)
        np.multiply(self._reference.power, self._error, out=real)
        noise = np.maximum(self._near, error_power)  # the onset of double talk is not averaged
        if clipped:
            noise *= 10
        noise += 0.5 * np.add.reduce(real, axis=1)
        noise += _FLOOR
        np.divide(self._error, noise[:, None], out=gain)
        # The diagonal covariance takes neighbouring partitions for independent and would grow
        # too sure of itself, so it shrinks more slowly than the theory's 0.5.
        real *= gain
        real *= _SHRINK
        self._error -= real
        np.conjugate(self._reference.spectra, out=work[0])
        np.multiply(work[0] * self.spectrum[:, None], gain, out=work)
        np.fft.irfft(work, out=self._wave)
        self._wave[..., HOP:] = 0  # keeps every partition causal (the gradient constraint)
        np.fft.rfft(self._wave, out=work)
        self._filter += work
        self._early = min(_EARLY, self._early + 1)
        keep = _KEEP_EARLY + (_KEEP - _KEEP_EARLY) * self._early / _EARLY
        self._error *= np.float32(keep * keep)
        np.multiply(self._filter, self._filter.conj(), out=work)
        np.multiply(work.real, np.float32(1 - keep * keep), out=real)
        self._error += real

    def _notice_change(self, powers: np.ndarray) -> None:
        """Open the filter again when the output looks like the echo it should have removed.

        A person's voice is not coherent with the echo estimate; a moved speaker's echo is.
        """
        cross = np.conjugate(self._both[1])
        cross *= self._both[0]
        cross -= self._likeness
        cross *= np.float32(_LIKE)
        self._likeness += cross
        self._powers += np.float32(_LIKE) * (powers - self._powers)
        explained = _square(self._likeness) / (self._powers[1] + _FLOOR)
        alike = float(explained[:, 6:200].sum() / (self._powers[0, :, 6:200].sum() + 1e-6))
        if alike > _CHANGED:
            self._early = min(self._early, _EARLY * max(0.0, 1 - 2.5 * (alike - _CHANGED)))

    def _judge(self, powers: np.ndarray, heard: float, left: float) -> None:
        """Update the residual-echo estimate, ERLE and ``converged`` from this hop's powers."""
        scale = np.float32(_TO_POWER / powers.shape[1])
        out, echo_now = np.add.reduceat(powers.sum(1), BAND_EDGES, axis=1) * scale
        np.multiply(self._echo_bands, 0.7, out=self._echo_bands)  # what still reverberates
        np.maximum(self._echo_bands, echo_now, out=self._echo_bands)
        difference = 10 * np.log10((out + 1e-12) / (self._echo_bands + 1e-12)) - self._leak_db
        step = np.where(difference > 0, np.where(difference > 8, 0.02, 0.15), -0.15)
        sounding = self._echo_bands > 1e-8
        self._leak_db += step * sounding
        np.minimum(self._leak_db, 3, out=self._leak_db)
        np.multiply(self._echo_bands, 10 ** (self._leak_db / 10), out=self.residual_bands)
        self.output_bands[:] = out
        self.output_power = float(out.sum())
        self.residual_power = float(self.residual_bands.sum())
        self.sounding = True
        alone = self.output_power < 4 * self.residual_power + 1e-9
        self.far_end_alone = alone and float(self._echo_bands.sum()) > 1e-6
        if self.far_end_alone:
            self._mean_mic += 0.02 * (heard - self._mean_mic)
            self._mean_out += 0.02 * (left - self._mean_out)
            self.erle_db = 10 * float(np.log10(self._mean_mic / (self._mean_out + 1e-12)))
            self.converged = self.erle_db > (3 if self.converged else 8)

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
        self._forget_path(bad)
        return True


def _square(spectrum: np.ndarray) -> np.ndarray:
    return spectrum.real**2 + spectrum.imag**2
