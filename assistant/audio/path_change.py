"""Notices that the echo path is another: the speaker was moved, a door opened, a knob turned."""

from __future__ import annotations

import math

import numpy as np

from assistant.audio.kalman import BINS
from assistant.audio.residual import in_bands

_LIKE = np.float32(0.12)  # weight of a new hop in the coherence of output and echo: about 130 ms
_ALIKE = 0.4  # coherence above which the path has changed; the near end stays below 0.25
_LIKELY = 0.2  # ... and so much must be left of the coherence when chance is taken off
_RARE = 0.4  # part of the output that more than chance must explain for that to be told
_FALL_DB = 25.0  # by so much less than at best lately
FALL_HOPS = 4  # ... in so many hops in a row
_FADE_DB = 0.05  # by which that best is forgotten, per hop
# Coherence alone means no change: what is left of a new note, or of a distorted vowel, is coherent
# with it, too, and up to 30 dB more than at best. In eight rooms it was 25 dB below the echo or
# less, but once; after a change it is more within three hops.
_WORSE_DB, _POOR_DB = 15.0, -24.0
_BAND = np.zeros(BINS, np.float32)  # 1 for the bins that are looked at: 190 Hz to 6 kHz
_BAND[6:200] = 1
AT_ONCE = 4  # hops a new gain is older than its discovery
LOUD_HOPS = 14  # in a row with far more than the expected residual: a change, or somebody talks
_STEADY, _WITHIN_DB = 4, 2.0  # hops in a row in which the gain must be the same, within this
_SCALED = 0.8  # part of the microphones that a louder or quieter echo must explain
_STEP_DB, _MOST_DB = 3.0, 40.0  # gains of the loudspeaker's amplifier that are believed
_HEARD = 1e-3  # power of an echo hop that tells


class PathChange:
    """Compares what is left with the echo that was subtracted; audio thread only.

    A person's voice is not coherent with the echo estimate; the echo of a moved speaker is. When
    only the late reverberation is another, the output is just louder than expected, as it is when
    somebody talks: that is worth a try at most.

    Read after ``update``: ``doubt`` 0 to 1, how certainly the path is wrong; ``fallen`` that what
    is left of the echo has suddenly become far more; ``suspected`` that the output has been too
    loud for a fifth of a second; ``gain`` by which factor all echo has become louder, 1.0 unless
    the loudspeaker's amplifier explains the whole output.
    """

    def __init__(self, mics: int) -> None:
        self._likeness = np.zeros((mics, BINS), np.complex64)
        self._newest = np.zeros((2, mics, BINS), np.complex64), np.zeros((2, mics, BINS))
        self._powers = np.zeros((2, mics, BINS), np.float32)  # output and echo
        self._explained = np.zeros((mics, BINS), np.float32)  # part of the output's power
        self._chance = np.zeros((mics, BINS), np.float32)  # ... that two strangers would share
        self.reset()

    def reset(self) -> None:
        """Forget what was compared: the path has just been replaced."""
        self._likeness[:] = 0
        self._powers[:] = 0
        self._chance[:] = 0
        self._gains_db = [math.inf] * _STEADY  # of the last hops; a ring
        self._loud, self._turn = 0, 0
        self._best_db, self._fallen = 0.0, 0  # share of the echo that is left; hops
        self.doubt, self.suspected, self.gain = 0.0, False, 1.0
        self.fallen = False

    def compare(self, spectra: np.ndarray, powers: np.ndarray) -> np.ndarray:
        """Take one hop and return the coherence of output and echo by band, (BANDS,), 0 to 1.

        ``spectra`` complex64 (2, mics, BINS) of output and echo, and ``powers`` their squares; both
        must stay as they are until ``update``.
        """
        cross = np.conjugate(spectra[1])
        cross *= spectra[0]
        self._newest = spectra, powers
        cross -= self._likeness
        cross *= _LIKE
        self._likeness += cross
        self._chance *= (1 - _LIKE) ** 2
        self._chance += _LIKE**2 * powers[0] * powers[1]
        self._powers += _LIKE * (powers - self._powers)
        likeness = self._likeness
        np.divide(likeness.real**2 + likeness.imag**2, self._powers[1] + 1e-7, out=self._explained)
        return in_bands(self._explained) / (in_bands(self._powers[0]) + 1e-7)

    def update(self, alone: bool) -> None:
        """Conclude from the hop compared last.

        ``alone`` tells that the output is no louder than the expected residual echo.
        """
        self._loud = 0 if alone else self._loud + 1
        self.suspected = self._loud == LOUD_HOPS
        self.doubt, self.gain = 0.0, 1.0
        output, echo = _totals(self._powers)
        explained = _total(self._explained)
        alike = explained / (output + 1e-6)
        surely = self._surely_alike(explained, output) > _LIKELY
        poor = self._watch(surely, explained, echo)
        if alone:
            return
        if poor and surely:
            self.doubt = max(0.0, min(1.0, 2.5 * (alike - _ALIKE)))
        self._measure(*self._newest)

    def _surely_alike(self, explained: float, output: float) -> float:
        """Return the output's coherence with the echo less what two strangers' would be.

        A knock in the very hop in which a word begins outweighs all other hops, and so does the
        word: of a single hop any two sounds are coherent.
        """
        chance = _total(self._chance / (self._powers[1] + 1e-7))
        return (explained - chance) / (max(output - chance, _RARE * output) + 1e-6)

    def _watch(self, surely: bool, explained: float, echo: float) -> bool:
        """Return whether far more is left of the echo than at best lately, and much of it."""
        if echo < _HEARD:
            return False
        left_db = 10 * math.log10(explained / echo + 1e-6)
        worse_db = left_db - self._best_db
        far_more = surely and worse_db > _FALL_DB
        self._fallen = self._fallen + 1 if far_more else 0
        self._best_db = min(left_db, self._best_db + _FADE_DB)
        self.fallen = self._fallen == FALL_HOPS
        if self.fallen:
            self._best_db = 0.0
        return worse_db > _WORSE_DB and left_db > _POOR_DB

    def _measure(self, spectra: np.ndarray, powers: np.ndarray) -> None:
        """Compare the echo with the microphones (output plus echo) of this hop."""
        left, echo = _totals(powers)
        common = _total((spectra[0] * spectra[1].conj()).real)
        product, heard = common + echo, left + 2 * common + echo
        if echo < _HEARD or heard < 0.01 * _HEARD:
            return
        scaled = product > 0 and product * product > _SCALED * heard * echo
        gains = self._gains_db
        gains[self._turn] = 20 * math.log10(product / echo) if scaled else math.inf
        self._turn = (self._turn + 1) % _STEADY
        if max(gains) < math.inf and max(gains) - min(gains) < _WITHIN_DB:
            gain_db = float(np.median(gains))
            if _STEP_DB < abs(gain_db) < _MOST_DB:
                self.gain = 10 ** (gain_db / 20)


def _total(powers: np.ndarray) -> float:
    """Return the sum of (mics, BINS) over all microphones and the bins that are looked at."""
    return float((powers @ _BAND).sum())


def _totals(powers: np.ndarray) -> list[float]:
    """Return those sums of output and echo, (2, mics, BINS)."""
    return (powers @ _BAND).sum(axis=1).tolist()
