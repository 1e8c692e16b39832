"""Short commands over a reply: people who mean them, and sounds that a recogniser takes for one.

Each goes through the shipped ``Hearing`` and the conversation's rule; beside it, on the same
sound, the same without asking how it is heard at other paces.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from assistant import messages as m
from assistant.audio.capture import CaptureRing
from assistant.audio.format import HOP, samples
from assistant.conversation import step
from assistant.speech.hearing import Hearing, could_be_said
from assistant.speech.recogniser import Recogniser
from assistant.state import Mode, Rules, State
from tests.talking import Talk, shipped

MEANT = (
    "again", "repeat", "pardon", "continue", "resume", "next", "skip", "previous", "back", "undo",
    "redo", "help", "louder", "softer", "quieter", "mute", "volume", "go on", "carry on", "go back",
    "repeat that", "volume up", "volume down", "help me", "undo that", "next one", "add milk",
    "add eggs", "add bread", "remove milk",
)  # fmt: skip
SOUNDS = (
    "uh huh", "okay", "mm", "right", "yeah", "mm hmm", "oh", "I see", "sure", "wow", "hmm", "aha",
    "thanks", "great", "nice", "cool", "fine", "got it", "all right", "really", "interesting",
    "uh", "um", "ah", "mhm", "no", "yes", "good", "ooh", "huh", "ha ha", "eh", "ow", "mm mm", "ugh",
    "oops",
)  # fmt: skip
RULES = ("one pace", "ours")
TITLE = "Short commands over a reply that are obeyed"
CAPTION = (
    "meant: commands of one or two words, the more the better. sounds: what listeners say, the "
    "fewer the better. One pace: as heard once, with the confidence a command needs."
)
SILENCE = samples(0.3)  # after an utterance


class Listener:
    """Somebody over a reply, and whether what they say would end it."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser, self._stops = recogniser, shipped().stop_phrases()
        self._folder = tempfile.TemporaryDirectory()
        self._dialogue = Talk(Path(self._folder.name) / "store.db").dialogue

    def obeyed(self, sound: np.ndarray) -> dict[str, bool]:
        """Return by rule whether ``sound``, which ends in ``SILENCE``, is a command to obey."""
        ring = CaptureRing()
        for at in range(0, len(sound) // HOP * HOP, HOP):
            ring.write(sound[at : at + HOP])
        hearing = Hearing(m.Recognise(2, 0, over_speech=1), self._recogniser, self._stops)
        hearing.feed(ring, ring.position, all_of_it=True)
        heard = hearing.finish(ring.position - SILENCE)
        sense = self._dialogue.assess(heard.text, speaking=("Say that.",))
        said = could_be_said(heard.text, ring.position - SILENCE) and not hearing.stopped
        final = m.Heard(
            2, heard.text, True, command=sense.command and said, confidence=heard.confidence
        )
        held = State(mode=Mode.HELD, turn=1, candidate=2, last=2, deadline=0)
        commands = step(held, final, Rules())[1]
        obeyed = sense.familiar and any(isinstance(c, m.StopSpeech) for c in commands)
        ours = obeyed and hearing.is_heard_alike()
        hearing.close()
        return {"one pace": obeyed, "ours": ours}

    def close(self) -> None:
        """Forget the household."""
        self._folder.cleanup()


def count(listener: Listener, sounds: list[np.ndarray]) -> dict:
    """Return the share of ``sounds`` that each rule obeys, and how many were said."""
    counts: Counter = Counter()
    for sound in sounds:
        counts.update({rule for rule, obeyed in listener.obeyed(sound).items() if obeyed})
    return {rule: counts[rule] / len(sounds) for rule in RULES} | {"said": len(sounds)}
