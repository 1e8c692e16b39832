"""When the echo path is solved for anew, and from which sound."""

from __future__ import annotations

import numpy as np

from assistant.audio.format import HOP
from assistant.audio.kalman import KalmanFilter
from assistant.audio.path_change import FALL_HOPS
from assistant.audio.path_learner import PathLearner
from assistant.audio.path_solver import HELD_OUT, Solution
from assistant.audio.path_sound import Recording
from assistant.audio.reference import ReferenceHistory

WINDOW = 128  # hops (2 s) the solver looks at, at most
_AT = (*range(16, 160, 6), 176, 192, 224, 256)  # hops of playback since a change
_TRIES = 5  # requests that a mere suspicion gets, unless one of them helps
_SOON = _AT[0] - HELD_OUT // HOP - 1  # hops of the schedule that ``again`` skips
_NOTICED = 8  # hops a change of the path is older than its discovery
_AGAIN = 128  # hops of playback until a running schedule may start over
_ONCE = 64  # ... or until the echo may fall out of it
_LOUDER = 9.0  # times the power the path was learnt at: a loudspeaker bends that differently
_LOUD_HOPS, _LEVEL = 4, 0.06  # hops that are older than their discovery; weight of a new hop
_FADE = 64  # hops in which a path becomes settled
_PATIENCE = 60, 4000  # hops between two searches for a change, at least: doubled when in vain


class PathSchedule:
    """Keeps the microphones' last hops and has the path solved for at times; audio thread only.

    Those times are hops of playback after a start or a change of the path: short ones first, as
    half a second of sound is enough for half of the echo, then longer ones. ``taps`` is the
    path's length. ``solved`` counts the solutions.
    """

    def __init__(self, mics: int, taps: int, background: bool) -> None:
        self._taps = taps
        self._heard = np.zeros((mics, 2 * WINDOW * HOP), np.float32)
        self._learner = PathLearner(mics, background)
        self.solved = 0
        self.reset()

    def reset(self) -> None:
        """Begin anew: nothing is known of the path."""
        self._end = 0
        self._level = self._loudest = 0.0  # power of what is played, and of what was learnt from
        self._rested, self._patience = 0, _PATIENCE[0]
        self.restart()

    def restart(self, age: int = 0) -> None:
        """The path has changed ``age`` hops ago; what is being solved for is out of date."""
        self._since, self._vain = age, None
        self._whole = self._older = 0
        self._before: np.ndarray | None = None  # the path without what the held-out sound taught
        self._learner.forget()

    def again(self) -> None:
        """The path is the same, but its reference is truer from now on: solve anew, soon.

        What was heard before counts too: ``step`` has it compared with the truer reference.
        """
        self._resume(_SOON)

    def _resume(self, since: int) -> None:
        """Begin ``since`` hops ago, with what was heard before that."""
        whole = min(self._whole, WINDOW)
        self.restart(since)
        self._whole, self._older = whole, max(0, whole - since)

    def changed(self) -> None:
        """The path has certainly changed lately. Has no effect just after a start."""
        if self._since > _AGAIN and self._rested >= self._patience:
            self._begin(_NOTICED)

    def fallen(self) -> None:
        """The path has changed a moment ago, whatever is being solved for."""
        if self._since > _ONCE:
            self.restart(FALL_HOPS)

    def suspected(self, age: int) -> None:
        """The path may have changed ``age`` hops ago: try a few times."""
        if self._since > _AT[-1] and self._rested >= self._patience:
            self._begin(age)
            self._vain = _TRIES

    def _begin(self, age: int) -> None:
        self._rested = 0
        self._patience = min(_PATIENCE[1], 2 * self._patience)
        self.restart(age)

    @property
    def unsettled(self) -> float:
        """How new the path is: 1 from a start or a change on, 0 after the last solution."""
        return min(1.0, max(0.0, (_AT[-1] + 1 - self._since) / _FADE))

    def hear(self, mics: np.ndarray, played: float) -> None:
        """Keep a hop of the microphones, float32 (mics, HOP), for the solver.

        ``played`` is the mean square of what is played meanwhile. When that is louder than ever,
        the path is solved for again: it is the same, but the loudspeaker distorts as it never did.
        Tries for a mere suspicion teach nothing, so what gets loud meanwhile counts, too.
        """
        self._level += _LEVEL * (played - self._level)
        if self._since <= _AT[-1] and self._vain is None:
            self._loudest = max(self._loudest, self._level)
        elif self._level > _LOUDER * self._loudest:
            self._resume(_LOUD_HOPS)
        size = WINDOW * HOP
        if self._end == self._heard.shape[1]:
            self._heard[:, :size] = self._heard[:, size:]
            self._end = size
        self._heard[:, self._end : self._end + HOP] = mics
        self._end += HOP
        self._whole += 1
        self._rested += 1

    def pause(self) -> None:
        """Nothing was played for long: what the solver looks at must be in one piece."""
        self._whole = self._older = 0
        if self._since < _AT[-1]:
            self._since = 0

    def step(
        self, sounds: bool, reference: ReferenceHistory, path: KalmanFilter, rate: float = 0.0
    ) -> Solution | None:
        """Count one hop, which ``sounds`` or not; return a solution when there is a new one.

        ``rate`` is by how much the reference's delay ought to grow, samples per sample.
        """
        learner, solution = self._learner, None
        if learner.busy:
            solution = learner.poll()
            if solution is not None:
                self.solved += 1
                self._patience, self._vain = _PATIENCE[0], None
                self._before = None
        if self._since <= _AT[-1]:
            self._since += sounds
            if self._since + HELD_OUT // HOP in _AT and sounds:
                self._before = path.taps()
            if sounds and self._since in _AT and not learner.busy:
                self._ask(reference, path, rate)
            if self._since == _AT[-1]:
                self._since += 1
        return solution

    def _ask(self, reference: ReferenceHistory, path: KalmanFilter, rate: float) -> None:
        if self._vain == 0:
            self._since = _AT[-1] + 1
            return
        if self._vain is not None:
            self._vain -= 1
        size = min((self._since + self._older) * HOP, WINDOW * HOP, self._end)
        waves = reference.recent(size + self._taps - 1)
        self._learner.submit(
            Recording(
                reference=waves[0],
                bends=waves[1:],
                creep=reference.creep((size + self._taps) // HOP, rate),
                mics=self._heard[:, self._end - size : self._end].copy(),
                weights=reference.weights.copy(),
                path=path.taps() if self._before is None else self._before,
            )
        )
        self._before = None

    @property
    def seconds(self) -> float:
        """What solving on the caller's thread has taken so far."""
        return self._learner.seconds

    def close(self) -> None:
        """Let the solver's thread end."""
        self._learner.close()
