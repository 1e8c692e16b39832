"""Kaldi's features in numpy, and speech as other throats, rooms and microphones make it."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import SAMPLE_RATE


class Mfcc:
    """Kaldi's 40 dimensional 'hires' MFCC, vectorised; agrees with kaldi-native-fbank to
    about 1e-3 (dither off, snip_edges on, use_energy off, low 20 Hz, high 7600 Hz)."""

    def __init__(self, nmel=40, nceps=40, low=20.0, high=7600.0, lifter=22.0):
        n = np.arange(400)
        self.window = (0.5 - 0.5 * np.cos(2 * np.pi * n / 399)) ** 0.85  # povey

        def mel(f):
            return 1127.0 * np.log(1 + np.asarray(f) / 700.0)

        edges = np.linspace(mel(low), mel(high), nmel + 2)
        f = mel(np.arange(256) * SAMPLE_RATE / 512.0)
        low_, c, r = edges[:-2, None], edges[1:-1, None], edges[2:, None]
        up, down = (f - low_) / (c - low_), (r - f) / (r - c)
        self.bank = np.where((f > low_) & (f < r), np.where(f <= c, up, down), 0.0)
        k = np.arange(nceps)[:, None]
        self.dct = np.sqrt(2.0 / nmel) * np.cos(np.pi / nmel * (np.arange(nmel) + 0.5) * k)
        self.dct[0] = np.sqrt(1.0 / nmel)
        self.dct *= (1 + 0.5 * lifter * np.sin(np.pi * np.arange(nceps) / lifter))[:, None]

    def __call__(self, x):
        """x: samples in int16 units.  Returns float32 [frames, 40]."""
        x = np.asarray(x, np.float32)
        t = 1 + (len(x) - 400) // 160
        if t < 1:
            return np.zeros((0, 40), np.float32)
        fr = np.lib.stride_tricks.sliding_window_view(x, 400)[::160][:t].astype(np.float32)
        fr = fr - fr.mean(1, keepdims=True)
        pre = np.empty_like(fr)
        pre[:, 1:] = fr[:, 1:] - 0.97 * fr[:, :-1]
        pre[:, 0] = fr[:, 0] * (1 - 0.97)
        sp = np.fft.rfft(pre * self.window.astype(np.float32), 512)[:, :256]
        en = (sp.real**2 + sp.imag**2) @ self.bank.T
        return (np.log(np.maximum(en, np.finfo(np.float32).eps)) @ self.dct.T).astype(np.float32)


FRONT, TAIL = 20, 30  # frames of silence added around every utterance


def pad_wave(x):
    return np.concatenate(
        [np.zeros(FRONT * 160, np.float32), x.astype(np.float32), np.zeros(TAIL * 160, np.float32)]
    )


def coloured_noise(rng, n, slope):
    """Noise whose power falls as f**-slope, unit rms."""
    s = np.fft.rfft(rng.standard_normal(n))
    f = np.maximum(np.arange(len(s)), 20 * n / SAMPLE_RATE)
    y = np.fft.irfft(s * f ** (-slope / 2), n)
    return (y / np.sqrt((y**2).mean() + 1e-9)).astype(np.float32)


class Augment:
    """Speaker, room, noise and level changes."""

    def __init__(self, rng):
        self.rng = rng
        self.noise = [coloured_noise(rng, 1 << 19, s) for s in np.linspace(0, 2, 9)]

    def some_noise(self, n):
        y = self.noise[self.rng.integers(len(self.noise))]
        k = self.rng.integers(0, len(y) - n)
        return y[k : k + n]

    def speed(self, x):
        """Resampling moves pitch, formants and tempo together: other throats.  Returns the
        new wave and the factor by which time runs faster."""
        from scipy.signal import resample_poly

        d = 20 if self.rng.random() < 0.35 else int(self.rng.integers(17, 25))
        return (x if d == 20 else resample_poly(x, 20, d).astype(np.float32)), d / 20

    def __call__(self, x):
        from scipy.signal import fftconvolve, lfilter

        rng = self.rng
        if rng.random() < 0.4:  # a small room
            n = int(rng.uniform(0.08, 0.45) * SAMPLE_RATE)
            h = (
                rng.standard_normal(n) * 10 ** (-3 * np.arange(n) / n) * rng.uniform(0.02, 0.12)
            ).astype(np.float32)
            h[0] = 1
            x = fftconvolve(x, h)[: len(x)]
        if rng.random() < 0.5:  # microphone tilt
            x = lfilter([1, rng.uniform(-0.6, 0.6)], [1], x).astype(np.float32)
        rms = np.sqrt((x**2).mean() + 1e-9)
        if rng.random() < 0.75:
            x = x + self.some_noise(len(x)) * (rms * 10 ** (-rng.uniform(5, 40) / 20))
        return np.round(x / (np.abs(x).max() + 1e-9) * 32767 * 10 ** (rng.uniform(-30, -0.5) / 20))
