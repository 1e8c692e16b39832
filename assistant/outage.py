"""What the speaker says when its sound card is back after a while."""

from __future__ import annotations

from assistant.audio.format import seconds
from assistant.messages import Cause

_WHAT = {
    Cause.SILENT: "My sound card did not answer",
    Cause.BUSY: "My sound card was used by another program",
    Cause.UNPLUGGED: "My sound card was unplugged",
}


def outage_text(cause: Cause, away: int, cut: bool) -> str:
    """Return the sentences for an outage of ``away`` samples; ``cut``: a reply waits since."""
    rest = " Say go on, and you hear the rest." if cut else ""
    return f"{_WHAT[cause]} for {_duration(seconds(away))}.{rest}"


def _duration(length_s: float) -> str:
    for size_s, unit in ((3600, "hour"), (60, "minute")):
        if length_s >= 1.5 * size_s:
            return f"{round(length_s / size_s)} {unit}s"
    return "a minute" if length_s >= 55 else f"{round(length_s)} seconds"
