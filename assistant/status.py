"""What ``assistant run`` prints: a line for whatever a person would ask about."""

from __future__ import annotations

from collections.abc import Callable

from assistant import messages as m
from assistant.audio.format import seconds


def line(message: object) -> str | None:
    """Return the sentence for one event or command, or None when it is not worth one."""
    match message:
        case m.WakeHeard(word=word, score=score, interrupted=cut):
            return f"woken by {word} ({score:.2f})" + (", interrupting" if cut else "")
        case m.Heard(final=True, text=text):
            return f"heard: {text}" if text else "heard nothing it knows"
        case m.ReplyPlanned(texts=texts):
            return "says: " + " ".join(texts)
        case m.SpeechSuspected():
            return "ducked: somebody may be talking"
        case m.Resume():
            return "goes on"
        case m.SpeechStopped():
            return "stopped"
        case m.Pressed():
            return "button"
        case m.NothingHeard():
            return "nobody spoke"
        case m.SetMute(on=on):
            return "microphone muted" if on else "microphone on"
        case m.BoardTold(text=text):
            return f"board: {text}"
        case m.PowerHeld():
            return "button held: shutting down"
        case m.DeviceGone(reason=reason):
            return f"waits for its sound card: {reason}"
        case m.DeviceBack(away=away, cause=cause):
            return f"its sound card is back after {seconds(away):.1f} s ({cause.value})"
        case m.AudioFailed(reason=reason):
            return f"audio: {reason}"
    return None


class Status:
    """Prints ``line`` for every message, with the time since the start. Main thread only."""

    def __init__(self, write: Callable[[str], None] = print) -> None:
        self._write = write

    def observe(self, message: object, at: int) -> None:
        """Take one message of the main loop (an observer of ``MainLoop``)."""
        text = line(message)
        if text is not None:
            self._write(f"{seconds(at):8.2f} s  {text}")
