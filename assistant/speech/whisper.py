"""Turn a voice into its whisper: the same mouth, without the vocal cords.

Speech is a source (the cords' pulses) through a filter (the mouth). The filter is estimated frame
by frame from the cepstrum's low part, and noise is sent through it instead. Source: the
source-filter model and homomorphic smoothing (Oppenheim & Schafer 1968); whispering lacks the
lowest octaves of voiced speech.
"""

from __future__ import annotations

import numpy as np

from assistant.audio.format import SAMPLE_RATE

_SIZE, _STEP = 512, 128  # 32 ms, 8 ms
_CEPSTRUM = 32  # samples of 2 ms: smooths away a pitch below 500 Hz
_LOW_HZ = 350.0
_FLOOR = 1e-4


def whispered(x: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return float32 ``x`` (mono, 16 kHz) whispered: same length, same timing, no pitch.

    The same ``x`` and ``seed`` give the same samples.
    """
    if not x.size:
        return x.astype(np.float32)
    window = np.hanning(_SIZE + 1)[:-1]
    count = -(-len(x) // _STEP) + _SIZE // _STEP
    length = (count - 1) * _STEP + _SIZE
    padded = np.zeros(length)
    padded[_SIZE - _STEP : _SIZE - _STEP + len(x)] = x
    noise = np.random.default_rng(seed).standard_normal(length)
    places = np.arange(count)[:, None] * _STEP + np.arange(_SIZE)
    envelope = _envelope(np.fft.rfft(padded[places] * window))
    sound = np.fft.irfft(np.fft.rfft(noise[places] * window) * envelope * _tilt()) * window
    out = np.zeros(length)
    np.add.at(out, places, sound)
    return out[_SIZE - _STEP : _SIZE - _STEP + len(x)].astype(np.float32)


def _envelope(spectra: np.ndarray) -> np.ndarray:
    """Return the smooth magnitude (frames, bins) of each spectrum: what the mouth does."""
    cepstra = np.fft.irfft(np.log(np.abs(spectra) + _FLOOR))
    cepstra[:, _CEPSTRUM:-_CEPSTRUM] = 0.0
    # A frame of the floor alone is silence, not a whisper of its own.
    return np.maximum(np.exp(np.fft.rfft(cepstra).real) - 2 * _FLOOR, 0.0)


def _tilt() -> np.ndarray:
    """Return a first-order high-pass per bin: whispering has little below the first formant."""
    ratio = np.fft.rfftfreq(_SIZE, 1 / SAMPLE_RATE) / _LOW_HZ
    return ratio / np.sqrt(1.0 + ratio**2)
