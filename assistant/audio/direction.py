"""Where a voice comes from, from the last moment of several microphones."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE

_FFT = 2 * HOP
_BANDS = slice(16, 113)  # 500 Hz to 3.5 kHz: between what a small array tells apart and its aliases
_STEP_DEG = 5
_SPEED = 343.0  # of sound, m/s
_KEEP_HOPS = 50  # 0.8 s: a word
_ELEVATION = np.radians(15.0)


class Direction:
    """Remembers what the microphones just heard, and from where it came; audio thread only.

    Steered response power with phase transform (DiBiase 2000), each frequency weighted by how
    much louder it was than the quieter half of the time. ``positions`` (mics, 2 or 3) metres.
    Two microphones cannot tell front from back: the answer is then the front one.
    """

    def __init__(self, positions: np.ndarray) -> None:
        places = np.asarray(positions, float)[:, :2]
        self._pair = len(places) == 2
        self._ring = np.zeros((len(places), _KEEP_HOPS * HOP), np.float32)
        self._hop = 0
        span = (-90, 91) if self._pair else (0, 360)
        self._degrees = np.arange(*span, _STEP_DEG)
        ways = np.stack([np.sin(np.radians(self._degrees)), np.cos(np.radians(self._degrees))])
        early = (places - places.mean(axis=0)) @ ways * np.cos(_ELEVATION) / _SPEED
        hertz = np.arange(HOP + 1)[_BANDS] * SAMPLE_RATE / _FFT
        self._steering = np.exp(2j * np.pi * hertz[:, None, None] * early)  # (bins, mics, ways)

    def hear(self, mics: np.ndarray) -> None:
        """Take a hop of cleaned microphones, float32 (mics, HOP)."""
        at = self._hop * HOP
        self._ring[:, at : at + HOP] = mics
        self._hop = (self._hop + 1) % _KEEP_HOPS

    def degrees(self) -> float | None:
        """Return the direction of the last 0.8 s, clockwise from ahead (0 to 360), or None.

        Ahead is the positive y of the board, 90 is its x. About 2 ms: for the moment of a wake
        word, not for every hop. None when nothing stands out from what was there before.
        """
        sound = np.roll(self._ring, -self._hop * HOP, axis=1)
        frames = np.lib.stride_tricks.sliding_window_view(sound, _FFT, axis=1)[:, ::HOP]
        spectra = np.fft.rfft(frames * np.hanning(_FFT).astype(np.float32))[..., _BANDS]
        power = (spectra.real**2 + spectra.imag**2).mean(axis=0)  # (frames, bins)
        above = np.maximum(power - 2 * np.median(power, axis=0), 0)
        if not above.any():
            return None
        weight = np.sqrt(above) / np.sqrt(power.sum(axis=0) + 1e-12)
        phases = spectra / (np.abs(spectra) + 1e-9)
        across = np.einsum("mtf,ntf,tf->fmn", phases, phases.conj(), weight)
        response = np.einsum(
            "fmw,fmn,fnw->w", self._steering.conj(), across, self._steering, optimize=True
        )
        return float(self._degrees[int(response.real.argmax())] % 360)
