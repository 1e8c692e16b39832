from __future__ import annotations

import pytest

from assistant.audio.format import samples
from assistant.messages import Cause
from assistant.outage import outage_text


@pytest.mark.parametrize(
    ("length_s", "said"),
    [(10, "10 seconds"), (54.6, "55 seconds"), (60, "a minute"), (89, "a minute"),
     (95, "2 minutes"), (300, "5 minutes"), (5000, "83 minutes"), (7200, "2 hours"),
     (90_000, "25 hours")],
)  # fmt: skip
def test_how_long_it_was_away(length_s, said):
    text = outage_text(Cause.UNPLUGGED, samples(length_s), cut=False)
    assert text == f"My sound card was unplugged for {said}."


def test_every_cause_has_words_and_a_cut_reply_is_offered():
    texts = {outage_text(cause, samples(60), cut=True) for cause in Cause}
    assert len(texts) == len(Cause) and all(text.endswith("hear the rest.") for text in texts)
