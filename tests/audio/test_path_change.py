"""A changed echo path is told from a person and from a pause."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.path_change import LOUD_HOPS, PathChange
from tests.audio.sounds import hops, speech_like

SECONDS = 2.0


def notice(change: PathChange, echo: np.ndarray, mic: np.ndarray, alone: bool) -> None:
    """Show ``change`` a hop of the echo that was expected and of the microphone, (1, HOP)."""
    padded = np.zeros((2, 1, 2 * HOP), np.float32)
    padded[0, :, HOP:], padded[1, :, HOP:] = mic - echo, echo
    spectra = np.fft.rfft(padded).astype(np.complex64)
    change.compare(spectra, np.abs(spectra) ** 2)
    change.update(alone)


def watch(echo: np.ndarray, mic: np.ndarray, alone: bool = False) -> tuple[float, bool, list]:
    """Return the greatest doubt, whether the change was suspected, and the gains.

    Before, the echo was what was expected for a second.
    """
    change = PathChange(1)
    for e in hops(speech_like(2, 1.0)[None]):
        notice(change, e, 1.01 * e, alone=True)
    doubts, suspected, gains = [], False, []
    for e, m in zip(hops(echo[None]), hops(mic[None]), strict=True):
        notice(change, e, m, alone)
        doubts.append(max(change.doubt, float(change.fallen)))
        suspected |= change.suspected
        if change.gain != 1.0:
            gains.append(change.gain)
    return max(doubts), suspected, gains


@pytest.mark.parametrize("gain", [0.1, 0.5, 2.0, 10.0])
def test_a_louder_or_quieter_echo_is_measured(gain):
    echo = speech_like(1, SECONDS)
    doubt, _, gains = watch(echo, (gain * echo).astype(np.float32))
    assert doubt > 0.5
    assert gains[0] == pytest.approx(gain, rel=0.05)


def test_an_echo_from_elsewhere_has_no_gain():
    echo = speech_like(1, SECONDS)
    _, suspected, gains = watch(echo, np.roll(echo, 700))
    assert suspected
    assert not gains


def test_a_person_raises_suspicion_but_no_doubt():
    echo = speech_like(1, SECONDS)
    doubt, suspected, gains = watch(echo, echo + speech_like(5, SECONDS)[: len(echo)])
    assert doubt < 0.2
    assert suspected
    assert not gains


def test_a_note_that_was_never_heard_raises_no_doubt():
    """What is left of it is coherent with it, as all of one note is, and a little more."""
    note = 0.1 * np.sin(2 * np.pi * 440 / SAMPLE_RATE * np.arange(int(SECONDS * SAMPLE_RATE)))
    doubt, _, gains = watch(note.astype(np.float32), (1.03 * note).astype(np.float32))
    assert doubt == 0.0
    assert not gains


def test_what_was_expected_raises_nothing():
    echo = speech_like(1, SECONDS)
    doubt, suspected, gains = watch(echo, (0.98 * echo).astype(np.float32), alone=True)
    assert (doubt, suspected, gains) == (0.0, False, [])


def test_one_suspicion_is_one():
    change = PathChange(1)
    told = 0
    for _ in range(3 * LOUD_HOPS):
        change.update(alone=False)
        told += change.suspected
    assert told == 1


def falls(echo: np.ndarray, mic: np.ndarray) -> list[int]:
    """Return the hops in which the echo is said to be left all of a sudden."""
    return [hop for hop, change in enumerate(followed(echo, mic)) if change.fallen]


def followed(echo: np.ndarray, mic: np.ndarray) -> Iterator[PathChange]:
    """Give the judge of the path after each hop."""
    change = PathChange(1)
    for e, m in zip(hops(echo[None]), hops(mic[None]), strict=True):
        notice(change, e, m, alone=False)
        yield change


def test_a_path_that_breaks_is_noticed_once_and_at_once():
    echo = speech_like(1, 2 * SECONDS)
    half = len(echo) // 2 // HOP * HOP
    left = 0.005 * echo
    left[half:] = 0.5 * np.roll(echo, 40)[half:]
    (hop,) = falls(echo, echo + left)
    assert 0 <= hop - half // HOP <= 8


def test_a_person_who_starts_to_talk_breaks_nothing():
    echo = speech_like(1, 2 * SECONDS)
    half = len(echo) // 2
    mic = 1.005 * echo
    mic[half:] += speech_like(5, SECONDS)[: len(echo) - half]
    assert falls(echo, mic.astype(np.float32)) == []


@pytest.mark.parametrize("seed", range(1, 9))
@pytest.mark.parametrize("late", [0, 100])
def test_a_knock_as_a_word_begins_breaks_nothing(seed, late):
    """Of a single hop that outweighs the others any two sounds are coherent."""
    echo = speech_like(seed, 2 * SECONDS)
    half = len(echo) // 2 // HOP * HOP
    echo[half - int(0.3 * SAMPLE_RATE) : half] *= 0.01
    since = np.arange(len(echo) - half - late) / SAMPLE_RATE
    noise = np.random.default_rng(seed).normal(size=since.size)
    mic = 1.005 * echo
    mic[half + late :] += 0.3 * noise * np.exp(-since / 0.08)
    for change in followed(echo, mic.astype(np.float32)):
        assert not change.fallen and change.doubt < 0.2
