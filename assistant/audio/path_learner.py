"""Has the echo path solved for beside the audio thread."""

from __future__ import annotations

from assistant.audio.aside import Aside
from assistant.audio.path_solver import Solution, solve
from assistant.audio.path_sound import Recording

DUE = 3  # hops (48 ms) for each microphone after a request in which the result comes


class PathLearner(Aside[Recording, Solution]):
    """Solves one recording at a time, with ``background`` on a thread of its own."""

    def __init__(self, mics: int, background: bool = False) -> None:
        super().__init__(self._solve, DUE * mics, "echo-path", background)

    @staticmethod
    def _solve(recording: Recording) -> Solution | None:
        return solve(recording)
