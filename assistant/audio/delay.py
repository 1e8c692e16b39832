"""Finds how late the loudspeaker's sound reaches the microphones, and aligns the reference."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP

_FFT, _BINS = 2 * HOP, HOP + 1
_MARGIN = 64  # samples the reference comes before the strongest sound: keeps the filter causal
_EVERY = 8  # hops between two looks at the correlation
_AGREE = 4  # looks in a row that must agree; twice as many to overrule an earlier finding
_NEAR = 12  # samples that still count as the same place
_SHARP = 7.0  # how many times the peak must stand above the correlation's RMS
_MEMORY = 0.012  # weight of a new hop: about 1.3 s
_SILENT = 1e-8


class DelayAligner:
    """Delays the reference until it comes just before its echo; audio thread only.

    ``max_delay`` samples is the longest bulk delay that is looked for (8000 is 500 ms). With
    ``fixed`` the reference is delayed by exactly that and nothing is searched.

    The search keeps a cross-spectrum of microphone and reference for every hop of lag, weighted
    by the smoothed spectra of both (the smoothed coherence transform, Carter, Nuttall & Cable
    1973), so loud bins do not hide sharp peaks, and looks at its lags every 128 ms of playback.
    A person who talks meanwhile is not coherent with the reference and averages out.

    ``delay`` is what is applied, in samples; ``changed`` tells that this hop is the first with a
    new delay, ``shifted`` by how many samples it grew; ``found`` that the echo was ever located.
    """

    def __init__(self, max_delay: int = 8192, fixed: int | None = None) -> None:
        self._lags = lags = max_delay // HOP + 2
        self._fixed = fixed
        longest = max(max_delay, fixed or 0) + 2 * HOP
        self._ring = np.zeros(longest + 64 * HOP, np.float32)
        self._keep = longest
        self._end = longest
        self._spectra = np.zeros((lags, _BINS), np.complex64)
        self._cross = np.zeros((lags, _BINS), np.complex64)
        self._work = np.zeros((lags, _BINS), np.complex64)
        self._frame = np.zeros((2, _FFT), np.float32)  # reference, microphone
        self._power = np.full((2, _BINS), 1e-9, np.float32)
        self._out = np.zeros(HOP, np.float32)
        self._hops = self._agreed = self._quiet = 0
        self._candidate = -1
        self.delay = fixed or 0
        self.found = fixed is not None
        self.changed, self.shifted = False, 0

    def process(self, reference: np.ndarray, mic: np.ndarray) -> np.ndarray:
        """Return the aligned reference (float32 (HOP,), an own buffer valid until the next call).

        ``reference`` is what was handed to the device with this hop and ``mic`` one microphone's
        hop, both float32 (HOP,).
        """
        self.changed, self.shifted = False, 0
        self._store(reference)
        if self._fixed is None:
            self._listen(reference, mic)
        start = self._end - HOP - self.delay
        np.copyto(self._out, self._ring[start : start + HOP])
        return self._out

    def _store(self, reference: np.ndarray) -> None:
        ring = self._ring
        if self._end + HOP > len(ring):
            ring[: self._keep] = ring[self._end - self._keep : self._end].copy()
            self._end = self._keep
        ring[self._end : self._end + HOP] = reference
        self._end += HOP

    def _listen(self, reference: np.ndarray, mic: np.ndarray) -> None:
        frame, spectra = self._frame, self._spectra
        frame[0, :HOP] = frame[0, HOP:]
        frame[0, HOP:] = reference
        frame[1, HOP:] = mic
        self._quiet = 0 if float(np.dot(reference, reference)) > _SILENT * HOP else self._quiet + 1
        if self._quiet > self._lags:
            return
        both = np.fft.rfft(frame)
        if not np.isfinite(both[:, 1]).all():
            frame[:] = 0
            return
        spectra[1:] = spectra[:-1]
        spectra[0] = both[0]
        np.conjugate(spectra, out=self._work)
        self._work *= both[1]
        self._work -= self._cross
        self._work *= _MEMORY
        self._cross += self._work
        self._power += _MEMORY * (both.real**2 + both.imag**2 - self._power)
        self._hops += 1
        if self._hops % _EVERY == 0:
            self._look()

    def _look(self) -> None:
        """Find the strongest lag and act on it once enough looks agree."""
        weight = 1 / (np.sqrt(self._power[0] * self._power[1]) + 1e-9)
        weight[:4] = 0  # hum and handling noise below 125 Hz
        np.multiply(self._cross, weight, out=self._work)
        lags = np.abs(np.fft.irfft(self._work)[:, :HOP].ravel())
        peak = int(lags.argmax())
        sharp = float(lags[peak]) > _SHARP * float(np.sqrt(np.mean(lags * lags)))
        if not sharp or peak > self._keep - 2 * HOP:
            self._agreed = 0
        elif abs(peak - self._candidate) <= _NEAR:
            self._agreed += 1
        else:
            self._candidate, self._agreed = peak, 1
        need = 2 * _AGREE if self.found else _AGREE
        if self._agreed >= need:
            self._move(max(0, self._candidate - _MARGIN))

    def _move(self, delay: int) -> None:
        if not self.found or abs(delay - self.delay) > _MARGIN // 2:
            self.shifted = delay - self.delay
            self.changed = self.shifted != 0
            self.delay = delay
        self.found = True
