"""The contract between the audio thread and whatever makes and hears sound.

``exchange`` is the only clock and the only wait in the audio thread. Implementations:
``pyaudio_device`` (a sound card), ``wav_device`` (recordings), ``assistant.room.device`` (the
virtual room). All pass tests/contract/test_device.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from assistant.errors import AssistantError


class DeviceLost(AssistantError):
    """Says that the sound card stopped answering (unplugged, suspended); it may come back."""


class EndOfAudio(Exception):
    """Ends the audio loop: a recording or a scene is over."""


@dataclass(frozen=True)
class Layout:
    """What the rows of a microphone hop are.

    ``mics`` are the row indices of raw microphones in the board's geometric order; ``loopback``
    is the row carrying what the board itself played (the echo reference), or None, when the
    reference is what the mixer handed to ``exchange``.
    """

    mics: tuple[int, ...]
    loopback: int | None = None


@dataclass(frozen=True)
class DeviceHealth:
    """Counters since the device was opened."""

    overruns: int = 0  # microphone samples lost
    underruns: int = 0  # loudspeaker ran dry
    output_latency: int = 0  # samples between ``exchange`` taking a hop and the air moving
    glitches: int = 0  # times after which the echo may come earlier or later than before
    late: int = 0  # hops whose caller took longer than the hop lasts


class Device(Protocol):
    """Plays one hop and returns the hop heard meanwhile. Audio thread only, except ``health``."""

    layout: Layout

    def exchange(self, out: np.ndarray) -> np.ndarray:
        """Play ``out`` (float32, shape (HOP,), [-1, 1]) and return the next microphone hop.

        Returns float32 of shape (channels, HOP) with at least ``max(layout.mics) + 1`` rows; the
        array is the device's own buffer and valid until the next call. ``out`` is not kept or
        changed. Blocks until the hop is there (virtual devices do not). Raises ``DeviceLost``
        when the hardware is gone and ``EndOfAudio`` when there is nothing more to hear.
        """
        ...

    def health(self) -> DeviceHealth:
        """Return the counters; any thread."""
        ...

    def close(self) -> None:
        """Release the hardware; safe to call twice."""
        ...
