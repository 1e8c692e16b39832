"""The words that stop the speaker, and the rule that decides they were said.

Measured on synthetic voices in tests/benchmarks/bench_speech.py: partial results of a phrase
grammar jump to a phrase for many other sentences before they settle, so a partial counts only
when it has stayed the same and the words heard so far are nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.speech.recogniser import Transcript

STOP_PHRASES = (
    "stop", "stop it", "stop that", "stop please", "please stop", "stop now", "stop talking",
    "stop stop", "okay stop", "be quiet", "please be quiet", "quiet", "quiet please", "cancel",
    "never mind", "pause", "enough", "that's enough", "shut up", "silence",
)  # fmt: skip
SURE = 0.85  # confidence of a final transcript
STEADY = 3  # equal partials in a row, at 10 or more samples of 100 ms a second


def is_stop(heard: Transcript | Sequence[str], phrases: Sequence[str] = STOP_PHRASES) -> bool:
    """Return whether a stop phrase was said, and nothing else.

    ``heard`` is the final transcript of a stream opened on ``phrases``, or the partial texts its
    ``feed`` returned so far, oldest first, one every 100 ms. A transcript must be a phrase with
    confidence ``SURE``; partials must end with ``STEADY`` equal ones that are a phrase.
    """
    if isinstance(heard, Transcript):
        return heard.text in phrases and heard.confidence >= SURE
    last = list(heard[-STEADY:])
    return len(last) == STEADY and len(set(last)) == 1 and last[0] in phrases
