"""How much echo is probably left in the cleaned microphones, and how well it was cancelled."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP

BAND_EDGES = np.array([3, 6, 10, 14, 19, 25, 32, 40, 50, 62, 77, 96, 120, 150, 190])
BANDS = len(BAND_EDGES)  # about Bark wide, 94 Hz to 8 kHz

_TO_POWER = 2.0 / (2 * HOP * HOP)  # of a zero-padded hop's |spectrum|^2, to mean square
_RISE_DB, _FAR_RISE_DB, _FALL_DB, _FAR_FALL_DB = 0.15, 0.02, 0.15, 0.4  # per hop
_FAR_DB = 8.0  # a difference above it is somebody talking, below it news
_SETTLES = 32  # hops after a new path in which it is learnt anew how much that leaves
_LEAST = np.float32(10**-3.4)  # a held note is cancelled better than that; the next note is not
_STRANGER, _OURS = 0.25, 0.5  # coherence with the echo estimate: people's stays below the one
_REVERBERATES = 0.7  # of the echo's power a hop later


def in_bands(powers: np.ndarray) -> np.ndarray:
    """Return ``powers`` (mics, bins), summed over microphones and bands: (BANDS,)."""
    return np.add.reduceat(powers.sum(axis=0), BAND_EDGES)


class ResidualEstimate:
    """Learns how far below the echo estimate the residual echo lies, in each band.

    A running median: people who talk over the speaker are outliers and move it little.
    Audio thread only; the fields are described at ``EchoCanceller``.
    """

    def __init__(self) -> None:
        self.output_bands = np.zeros(BANDS, np.float32)
        self.residual_bands = np.zeros(BANDS, np.float32)
        self._echo = np.zeros(BANDS, np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget how well the echo was cancelled."""
        self._leak_db = np.zeros(BANDS, np.float32)
        self._mean_mic = self._mean_out = 1e-9
        self._settling = 0
        self.output_power = self.residual_power = 0.0
        self.erle_db, self.converged = 0.0, False
        self.far_end_alone = False
        self.silence(0.0)

    def silence(self, power: float) -> None:
        """Nothing is played: take a hop of mean square ``power`` that holds no echo."""
        self.output_power = power
        self.output_bands[:] = power / BANDS
        self.residual_bands[:] = 0
        self._echo[:] = 0
        self.residual_power, self.far_end_alone = 0.0, False

    def improved(self, factor: float) -> None:
        """A better path is in: what it was solved on leaves ``factor`` (< 1) of the residual.

        Other sounds leave more. So the estimate is not lowered at once, it follows faster: one
        that is too low takes the echo for somebody talking, and then hardly rises any more.
        """
        self._mean_out *= factor
        self._settling = _SETTLES

    def update(
        self, powers: np.ndarray, heard: float, left: float, coherence: np.ndarray | float = 0.0
    ) -> None:
        """Take one hop: ``powers`` (2, mics, bins) of output and echo estimate (zero-padded).

        ``heard`` and ``left`` are the energies before and after the canceller; ``coherence``
        (BANDS,), 0 to 1, is that of the output with the echo estimate.
        """
        scale = np.float32(_TO_POWER / powers.shape[1])
        out, echo_now = np.add.reduceat(powers.sum(1), BAND_EDGES, axis=1) * scale
        np.multiply(self._echo, _REVERBERATES, out=self._echo)
        np.maximum(self._echo, echo_now, out=self._echo)
        difference = 10 * np.log10((out + 1e-12) / (self._echo + 1e-12)) - self._leak_db
        if self._settling:
            self._settling -= 1
            rise, fall = _RISE_DB, -_FAR_FALL_DB
        else:
            rise = np.where(difference > _FAR_DB, _FAR_RISE_DB, _RISE_DB)
            fall = np.where(difference < -_FAR_DB, -_FAR_FALL_DB, -_FALL_DB)
        self._leak_db += np.where(difference > 0, rise, fall) * (self._echo > 1e-8)
        np.minimum(self._leak_db, 3, out=self._leak_db)
        leak = 10 ** (self._leak_db / 10)
        self.residual_power = float(np.dot(self._echo, leak))
        np.multiply(self._echo, np.maximum(leak, _LEAST), out=self.residual_bands)
        explained = (coherence - _STRANGER) / (_OURS - _STRANGER)
        explained = np.minimum(np.maximum(explained, 0.0), 1.0)
        np.maximum(self.residual_bands, explained * out, out=self.residual_bands)
        self.output_bands[:] = out
        self.output_power = float(out.sum())
        alone = self.output_power < 4 * self.residual_power + 1e-9
        self.far_end_alone = alone and float(self._echo.sum()) > 1e-6
        if self.far_end_alone:
            self._mean_mic += 0.02 * (heard - self._mean_mic)
            self._mean_out += 0.02 * (left - self._mean_out)
            self.erle_db = 10 * float(np.log10(self._mean_mic / (self._mean_out + 1e-12)))
            self.converged = self.erle_db > (3 if self.converged else 8)
