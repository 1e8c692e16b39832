"""Whether short words are still heard when their sound is played slower, faster and brighter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from assistant.speech.recogniser import Recogniser

# A recogniser of whole sentences is certain of a listener's short sounds: "mm" and "okay" were
# "again" with confidence 1, and stopped the reply. Of the 21 commands that some 3,000 sounds of
# 24 voices became, four were "how are you", which over a reply is a greeting, and of the others
# three were heard at the other paces, too, all "come on"; with half as much needed for two words
# six, among them a "bless you". Of 2,000 other sounds over a reply a knock on wood was "undo that"
# with 0.64. People lose 4 % of 359 commands of one word, 6 % of 347 of two, and of 138 of three
# words 5, of which 3 were misheard.
SLOWER, FASTER, BRIGHTER = 0.88, 1.12, 0.7
NEEDED = {1: 0.6, 2: 0.65, 3: 0.3}  # mean confidence of the three, for commands of so many words
# ... and for a stop phrase that free words were unsure of: a "right" was "quiet" with 0.61, a "wow"
# with 0.67; of 13 people who meant one ten had 1.0, two 0.67.
UNSURE = 0.7
# ... and for one that free words were sure of, at one pace of the three: two of 1,150 listeners'
# sounds were that, both a "mm hmm" as "never mind" (1.0, 0.87), heard at no other pace among what
# listeners say. Of 555 people who meant one all were, with 0.83 and more. At two paces where free
# words were not ``CERTAIN``: another "wow" was "quiet" with 0.73, and at one pace of the three; of
# 427 phrases that were meant 30 were that uncertain, and 29 of these were heard at two.
AGAIN, CERTAIN = 0.7, 0.9


def is_heard_alike(
    recogniser: Recogniser, sound: np.ndarray, text: str, phrases: Sequence[str] | None = None
) -> bool:
    """Return whether ``text``, heard in ``sound``, is heard at other paces, too; worker only.

    ``sound`` is float32 mono, ``text`` the final transcript of it, or among ``phrases``, which free
    words were unsure of. Of more words than ``NEEDED`` knows it is not asked: no listener's sound
    resembles them.
    """
    needed = NEEDED.get(len(text.split())) if phrases is None else UNSURE
    if needed is None:
        return True
    sure = tuple(_again(recogniser, sound, text, phrases))
    return sum(sure) >= needed * len(sure)


def is_heard_again(
    recogniser: Recogniser, sound: np.ndarray, text: str, phrases: Sequence[str], sure: float
) -> bool:
    """Return whether ``text``, among ``phrases``, is heard at another pace, too; worker only.

    At two, where free words were ``sure`` of it (0 to 1), but not ``CERTAIN``. It asks no more than
    it must: a phrase that was meant takes one decoding for each as a rule.
    """
    paces = 1 if sure >= CERTAIN else 2
    heard = (again for again in _again(recogniser, sound, text, phrases) if again >= AGAIN)
    return len(list(islice(heard, paces))) == paces


def _again(
    recogniser: Recogniser, sound: np.ndarray, text: str, phrases: Sequence[str] | None
) -> Iterator[float]:
    """Yield how surely ``text`` is heard at each other pace."""
    for varied in (_paced(sound, SLOWER), _paced(sound, FASTER), _brighter(sound)):
        yield confidence(recogniser, varied, text, phrases)


def confidence(
    recogniser: Recogniser, sound: np.ndarray, text: str, phrases: Sequence[str] | None = None
) -> float:
    """Return how surely ``sound`` is ``text``, 0 to 1, among ``phrases`` or all words."""
    stream = recogniser.open(phrases)
    try:
        stream.feed(sound)
        heard = stream.finish()
    finally:
        stream.close()
    return heard.confidence if heard.text == text else 0.0


def _paced(sound: np.ndarray, pace: float) -> np.ndarray:
    if not sound.size:
        return sound
    at = np.arange(0.0, sound.size - 1, pace)
    return np.interp(at, np.arange(sound.size), sound).astype(np.float32)


def _brighter(sound: np.ndarray) -> np.ndarray:
    return np.append(sound[:1], sound[1:] - np.float32(BRIGHTER) * sound[:-1])
