"""Who notices that somebody talks over the speaker: ours, and other people's rules.

Each detector gets a whole recording and returns the samples at which it decides. The peers'
rules are read from their published sources; what they hear with is the same Silero VAD that
ours uses, behind the echo canceller named.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assistant.audio.ears import Ears
from assistant.audio.format import HOP, SAMPLE_RATE, samples
from assistant.audio.silero_ import CHUNK
from assistant.audio.voice_activity import VoiceActivity
from assistant.settings import Settings
from tests.benchmarks.engines import delayed
from tests.benchmarks.peers import Missing, Speex, WebRtc

HELD_S = 3.0  # a line of 2.5 s, and the silence that ends it
CHUNK_S = CHUNK / SAMPLE_RATE
Decisions = list[int]  # samples
Detector = Callable[[np.ndarray, np.ndarray, int], Decisions]  # microphones, reference, delay


def ours(mics: np.ndarray, reference: np.ndarray) -> Decisions:
    """Return when the shipped ears would duck, were the reply never ducked.

    As on the audio thread, the evidence is not asked (and so learns nothing) while the reply is
    held, and it is told of the resumption: here after ``HELD_S``.
    """
    ears, found, resume = Ears(len(mics), Settings()), [], None
    for i in range(0, reference.size - HOP + 1, HOP):
        now = ears.hear(mics[:, i : i + HOP], reference[i : i + HOP], True)
        if resume is not None and now.at >= resume:
            ears.doubt()
            resume = None
        if resume is None and ears.suspicious(now):
            found.append(now.at)
            resume = now.at + samples(HELD_S)
    return found


def speech_chunks(clean: np.ndarray) -> np.ndarray:
    """Return Silero's probability of every 32 ms of ``clean``."""
    voice, out = VoiceActivity(), []
    for i in range(0, clean.size - HOP + 1, HOP):
        probability = voice.process(clean[i : i + HOP])
        if voice.fresh:
            out.append(probability)
    return np.array(out)


def sustained(speech: np.ndarray, threshold: float, chunks: int) -> Decisions:
    """Decide when ``chunks`` in a row reach ``threshold``; once per such run."""
    found, run = [], 0
    for i, probability in enumerate(speech):
        run = run + 1 if probability >= threshold else 0
        if run == chunks:
            found.append((i + 1) * CHUNK)
    return found


def livekit(speech: np.ndarray) -> Decisions:
    """LiveKit Agents' defaults: 0.5 s of speech, as its Silero plugin counts speech.

    Probabilities smoothed (0.35 of the old value); speech begins after 50 ms at 0.5 and lasts
    until 550 ms below 0.35, gaps count.
    """
    found: Decisions = []
    smooth, above, below, lasted, speaking = 0.0, 0.0, 0.0, 0.0, False
    for i, probability in enumerate(speech):
        smooth = 0.35 * smooth + 0.65 * probability
        before = lasted
        lasted += CHUNK_S if speaking else 0.0
        if smooth >= (0.35 if speaking else 0.5):
            above, below = above + CHUNK_S, 0.0
            if not speaking and above >= 0.05:
                speaking, lasted = True, above
        else:
            above, below = 0.0, below + CHUNK_S
            if speaking and below >= 0.55:
                speaking, lasted = False, 0.0
        if before < 0.5 <= lasted:
            found.append((i + 1) * CHUNK)
    return found


def pipecat(speech: np.ndarray) -> Decisions:
    """Pipecat's defaults without its volume gate: six chunks (0.2 s) at 0.7."""
    return sustained(speech, 0.7, round(0.2 / CHUNK_S))


def impatient(speech: np.ndarray) -> Decisions:
    """Decide on two chunks (64 ms) at 0.5: about as quick as ours means to be."""
    return sustained(speech, 0.5, 2)


def without_echo(near: np.ndarray) -> dict[str, Decisions]:
    """Return what the rules decide when no echo is in the way: no canceller can do better."""
    speech = speech_chunks(near)
    return {
        "no echo + LiveKit's rule": livekit(speech),
        "no echo + Pipecat's rule": pipecat(speech),
        "no echo + VAD 0.5 for 64 ms": impatient(speech),
    }


class Bench:
    """All detectors that can run here; the peers' cancellers work once per recording."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}
        self._webrtc, self._speex = self._open(WebRtc), self._open(Speex)

    def _open(self, peer):
        try:
            return peer()
        except Missing as error:
            self.missing[peer.name] = str(error)
            return None

    def decide(self, mics: np.ndarray, reference: np.ndarray, lag: int) -> dict[str, Decisions]:
        """Return every detector's decisions on one recording; ``lag`` is the echo's true delay."""
        out = {"ours, 2 mics": ours(mics, reference), "ours, 1 mic": ours(mics[:1], reference)}
        return out | self.peers(mics[0], reference, lag)

    def peers(self, mic: np.ndarray, reference: np.ndarray, lag: int) -> dict[str, Decisions]:
        """Return the other detectors' decisions on one microphone of a recording."""
        out, aligned = {}, delayed(reference, lag)
        if self._webrtc is not None:
            speech = speech_chunks(self._webrtc.run(mic, aligned))
            out["AEC3 + LiveKit's rule"] = livekit(speech)
            out["AEC3 + Pipecat's rule"] = pipecat(speech)
        if self._speex is not None:
            speech = speech_chunks(self._speex.run(mic, aligned))
            out["SpeexDSP + VAD 0.5 for 64 ms"] = impatient(speech)
        return out
