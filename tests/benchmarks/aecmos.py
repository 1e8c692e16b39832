"""AECMOS: how people would rate echo and other degradation, guessed by Microsoft's network.

Purin et al., "AECMOS: A speech quality assessment metric for echo impairment", 2021; the model
for 16 kHz that is told the scenario (github.com/microsoft/AEC-Challenge, AECMOS_local). It sees
far end, microphone and result as mel spectrograms in dB, and rewards suppressors: a second
opinion, no target.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant.audio.format import SAMPLE_RATE

MODEL = "Run_1663915512_Stage_0.onnx"
LONGEST_S = 20
WINDOW, STEP, MELS = 513, 256, 160
RANGE_DB = 80.0  # below the loudest cell
MARK = 20  # frames of the scenario's marker, and as many of zeros
HIDDEN = (4, 1, 64)  # the recurrent layers' state
FAR_END, NEAR_END, DOUBLE = "far end alone", "near end alone", "double talk"


class AecMos:
    """Rates whole recordings; ``folder`` holds the model."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / MODEL), options, providers=["CPUExecutionProvider"]
        )
        self._filters = mel_filters()
        self._state = np.zeros(HIDDEN, np.float32)

    def rate(
        self, scenario: str, reference: np.ndarray, mic: np.ndarray, out: np.ndarray
    ) -> tuple[float, float]:
        """Return (echo, other degradation) mean opinion scores, 1 to 5, higher is better.

        The three sounds are float (n,) at 16 kHz; only the first 20 s count. ``scenario`` is one
        of FAR_END, NEAR_END, DOUBLE.
        """
        size = min(len(reference), len(mic), len(out), LONGEST_S * SAMPLE_RATE)
        shown = ((reference, scenario != NEAR_END), (mic, scenario != FAR_END), (out, True))
        features = np.stack([self._features(x[:size], marked) for x, marked in shown])
        echo, other = self._session.run(None, {"input": features[None], "h0": self._state})[0]
        return float(echo), float(other)

    def _features(self, x: np.ndarray, marked: bool) -> np.ndarray:
        """Return (frames, MELS) float32: mel powers in dB, and the marker behind them."""
        power = spectrogram(x) @ self._filters.T
        db = 10 * np.log10(np.maximum(power, 1e-10))
        db = np.maximum(db - 10 * np.log10(max(power.max(), 1e-10)), -RANGE_DB)
        marker = np.zeros((2 * MARK, MELS))
        marker[:MARK] = marked
        return np.concatenate([db / 40 + 1, marker]).astype(np.float32)


def spectrogram(x: np.ndarray) -> np.ndarray:
    """Return powers (frames, bins) in Hann windows centred on every 256th sample."""
    half = WINDOW // 2
    padded = np.pad(x.astype(np.float64), half)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    return np.abs(np.fft.rfft(frames * window)) ** 2


def mel_filters() -> np.ndarray:
    """Return triangles (MELS, bins) of equal area on Slaney's mel scale (1998)."""
    edges = _hertz(np.linspace(0, _mel(SAMPLE_RATE / 2), MELS + 2))
    f = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
    rising = (f - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - f) / np.diff(edges)[1:, None]
    area = 2 / (edges[2:] - edges[:-2])
    return np.maximum(0, np.minimum(rising, falling)) * area[:, None]


def _mel(hertz: float) -> float:
    """Linear below 1 kHz (15 mel), logarithmic above: 27 mel for a factor of 6.4."""
    return hertz * 3 / 200 if hertz < 1000 else 15 + 27 * np.log(hertz / 1000) / np.log(6.4)


def _hertz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))
