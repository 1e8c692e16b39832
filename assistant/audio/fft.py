"""The adapter of numpy's Fourier transforms: real sounds, without what a call costs around them.

For the sizes of a hop, ``np.fft`` spends as long on looking at its arguments as on the transform
itself, and the audio thread has some twenty a hop: 6 to 9 % of all it does. numpy's own ufuncs,
which do the work, are not part of its public interface: where a version has none of that name,
the public functions are called.
"""

from __future__ import annotations

import numpy as np

try:
    from numpy.fft._pocketfft_umath import irfft as _inverse
    from numpy.fft._pocketfft_umath import rfft_n_even as _forward
except ImportError:  # before numpy 2, or after it
    _forward = _inverse = None

_ONE = np.float32(1)


def rfft(sound: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Return the spectrum, complex64 (..., n // 2 + 1), of float32 ``sound`` (..., n), n even.

    Written to ``out`` where that is given. Any thread.
    """
    if _forward is None:
        return _kept(np.fft.rfft(sound), np.complex64, out)
    if out is None:
        out = np.empty((*sound.shape[:-1], sound.shape[-1] // 2 + 1), np.complex64)
    return _forward(sound, _ONE, out=out)


def irfft(spectrum: np.ndarray) -> np.ndarray:
    """Return the sound, float32 (..., 2 * bins - 2), of complex64 ``spectrum`` (..., bins)."""
    size = 2 * spectrum.shape[-1] - 2
    if _inverse is None:
        return _kept(np.fft.irfft(spectrum), np.float32)
    out = np.empty((*spectrum.shape[:-1], size), np.float32)
    return _inverse(spectrum, np.float32(1 / size), out=out)


def _kept(found: np.ndarray, kind: type, out: np.ndarray | None = None) -> np.ndarray:
    """Return what the public function found, as our own would: numpy 1 computes in double."""
    if out is None:
        return found.astype(kind, copy=False)
    np.copyto(out, found, casting="same_kind")
    return out
