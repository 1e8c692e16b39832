"""The rule that decides whether a stop phrase was said.

Measured in tests/benchmarks/bench_speech.py: while somebody says something else, the partial
results of a phrase grammar pass through a phrase for one sentence in eight (Vosk) to four in five
(PocketSphinx), and many stay there for 300 ms. So a partial is only a reason to look: finish the
stream at the first 160 ms of silence and ask about its transcript, which is as reliable as after
a long silence. Partials alone count only after 600 ms without a change, in which free recognition
hears a stop phrase, too: the spotter knows nothing else, and takes "mm hmm" for "never mind".
Where free words are unsure, it is asked again with listeners' short words, and what free words made
of it, to choose from; an engine that is overconfident is asked again in any case (``alike.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from assistant.language.answers import is_backchannel
from assistant.speech.recogniser import Transcript

SURE = 0.7  # confidence of a final transcript
VAGUE = 0.7  # an utterance this uncertain does not speak against a stop phrase
ANYTHING = ("enough",)  # ... but against this: in a reverberant room a spotter takes a third of all
# short words for it
STEADY = 6  # equal partials in a row, one every 100 ms


def is_stop(heard: Transcript | Sequence[str], phrases: Collection[str]) -> bool:
    """Return whether a stop phrase was said, and nothing else.

    ``heard`` is the final transcript of a stream opened on ``phrases``, or the partial texts its
    ``feed`` returned so far, oldest first, one every 100 ms ("" where free recognition heard no
    stop phrase). A transcript must be a phrase with
    confidence ``SURE``; partials must end with ``STEADY`` equal ones that are a phrase.
    """
    if isinstance(heard, Transcript):
        return heard.text in phrases and heard.confidence >= SURE
    last = list(heard[-STEADY:])
    return len(last) == STEADY and len(set(last)) == 1 and last[0] in phrases


def speaks_for(said: Transcript, spotted: str, phrases: Collection[str]) -> bool:
    """Return whether ``said``, which all words were open to, leaves ``spotted`` possible.

    It is a stop phrase itself, or so uncertain that it says nothing. An uncertain "alright" is
    still no "quiet", and "mm hmm" no "never mind": those who only listen say short words that
    resemble stop phrases, and a person who means to stop says it again.
    """
    if said.text in phrases:
        return True
    vague = bool(said.text) and said.confidence < VAGUE
    one_word = " " not in spotted and spotted not in ANYTHING
    return vague and one_word and not is_backchannel(said.text)
