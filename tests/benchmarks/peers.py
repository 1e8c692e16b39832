"""Other people's echo cancellers behind one small shape: ``run(mic, reference) -> cleaned``."""

from __future__ import annotations

import ctypes
import ctypes.util

import numpy as np

from assistant.audio.format import HOP, SAMPLE_RATE, from_int16, to_int16


class Missing(Exception):
    """Says that a peer is not installed, and how to get it."""


class Speex:
    """SpeexDSP's linear canceller (MDF, Valin 2007), 256 ms tail, no residual suppressor."""

    name = "SpeexDSP linear"

    def __init__(self, tail: int = 4096) -> None:
        found = ctypes.util.find_library("speexdsp")
        if not found:
            raise Missing("not installed (libspeexdsp1)")
        self._lib = lib = ctypes.CDLL(found)
        lib.speex_echo_state_init.restype = ctypes.c_void_p
        lib.speex_echo_state_destroy.argtypes = [ctypes.c_void_p]
        lib.speex_echo_ctl.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
        lib.speex_echo_cancellation.argtypes = [ctypes.c_void_p] * 4
        self._tail = tail

    def run(self, mic: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Return ``mic`` (n,) without the echo of ``reference`` (n,)."""
        state = self._lib.speex_echo_state_init(HOP, self._tail)
        rate = ctypes.c_int(SAMPLE_RATE)
        self._lib.speex_echo_ctl(state, 24, ctypes.byref(rate))  # SPEEX_ECHO_SET_SAMPLING_RATE
        near, far = to_int16(mic), to_int16(reference)
        out = np.zeros_like(near)
        for i in range(0, len(near) - HOP + 1, HOP):
            self._lib.speex_echo_cancellation(
                state,
                near[i : i + HOP].ctypes.data,
                far[i : i + HOP].ctypes.data,
                out[i : i + HOP].ctypes.data,
            )
        self._lib.speex_echo_state_destroy(state)
        return from_int16(out)


class WebRtc:
    """WebRTC's AEC3 as the livekit wheel carries it."""

    name = "WebRTC AEC3"

    def __init__(self) -> None:
        try:
            from livekit import rtc
        except ImportError as error:
            raise Missing("not installed (pip install livekit)") from error
        self._rtc = rtc

    def run(self, mic: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Return ``mic`` (n,) without the echo of ``reference`` (n,)."""
        rtc, size = self._rtc, SAMPLE_RATE // 100
        module = rtc.AudioProcessingModule(echo_cancellation=True)
        near, far = to_int16(mic), to_int16(reference)
        out = np.zeros_like(near)
        for i in range(0, len(near) - size + 1, size):
            played = rtc.AudioFrame(far[i : i + size].tobytes(), SAMPLE_RATE, 1, size)
            heard = rtc.AudioFrame(near[i : i + size].tobytes(), SAMPLE_RATE, 1, size)
            module.process_reverse_stream(played)
            module.set_stream_delay_ms(0)
            module.process_stream(heard)
            out[i : i + size] = np.frombuffer(heard.data, np.int16)
        return from_int16(out)
