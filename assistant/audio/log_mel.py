"""The log-mel spectrogram of openWakeWord's first network, by FFT.

The network takes its Fourier transform as a product with two matrices of half a megabyte each. Of
it only the window and the mel bands are used here: the same numbers, to a hundred-thousandth, for a
quarter of the time.
"""

from __future__ import annotations

import numpy as np

from assistant.audio.fft import rfft
from assistant.audio.onnx_file import constants

_STEP = 160  # samples between two frames: 10 ms
_REAL, _IMAG, _BANDS = "0.stft.conv_real.weight", "0.stft.conv_imag.weight", "1.melW"
_LEAST = np.float32(1e-10)  # power that counts as silence
_RANGE = np.float32(80.0)  # dB below the loudest band of a call at which a band is cut off
_SAME = 1e-5  # by how much a file's matrices may differ from a windowed Fourier transform


class LogMel:
    """Computes the frames. Keeps no state between calls: any thread.

    ``window`` float32 (FFT,), its length the transform's; ``bands`` float32 (FFT // 2 + 1, mels).
    """

    def __init__(self, window: np.ndarray, bands: np.ndarray) -> None:
        self._window, self._bands = window, bands

    @classmethod
    def of(cls, data: bytes) -> LogMel | None:
        """Return what the network in an ONNX file computes, or None if that is something else."""
        found = constants(data)
        try:
            real, imag, bands = (found[name] for name in (_REAL, _IMAG, _BANDS))
        except KeyError:
            return None
        bins, size = real.shape[0], real.shape[-1]
        if real.shape != imag.shape or bands.shape[0] != bins or 2 * bins != size + 2:
            return None
        window = real.reshape(bins, size)[0]
        turns = np.outer(np.arange(bins), np.arange(size)) % size * (2 * np.pi / size)
        wanted = window * np.exp(-1j * turns)
        got = real.reshape(bins, size) + 1j * imag.reshape(bins, size)
        if np.abs(got - wanted).max() > _SAME * np.abs(window).max():
            return None
        return cls(window, bands)

    def __call__(self, sounds: np.ndarray) -> np.ndarray:
        """Return the frames in dB, float32 (n, frames, mels), of float32 ``sounds`` (n, samples).

        Any number of sounds costs little more than one.
        """
        size = self._window.size
        frames = np.lib.stride_tricks.sliding_window_view(sounds, size, axis=1)[:, ::_STEP]
        spectra = rfft(frames * self._window)
        powers = spectra.real**2 + spectra.imag**2
        flat = powers.reshape(-1, powers.shape[-1])
        levels = np.log(np.maximum(flat @ self._bands, _LEAST))
        levels *= np.float32(10 / np.log(10))
        levels = levels.reshape(*powers.shape[:2], -1)
        return np.maximum(levels, levels.max(axis=(1, 2), keepdims=True) - _RANGE, out=levels)
