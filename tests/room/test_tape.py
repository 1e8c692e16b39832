"""A scene's recording comes back from the disk as it was, and takes no memory meanwhile."""

import numpy as np

from assistant.room.tape import Tape


def test_what_was_taped_comes_back():
    tape = Tape()
    hops = np.random.default_rng(1).integers(-9, 9, (5, 2, 8)).astype(np.int16)
    for hop in hops:
        tape.append(hop)
    assert len(tape) == 5
    assert all(np.array_equal(a, b) for a, b in zip(tape, hops, strict=True))
    tape.append(hops[0])  # reading does not end the taping
    assert tape.sound().shape == (2, 48) and np.array_equal(tape.sound()[:, 40:], hops[0])
    tape.clear()
    assert len(tape) == 0 and tape.sound().shape == (2, 0)
    tape.append(hops[1])
    assert np.array_equal(tape.sound(), hops[1])


def test_an_empty_tape_is_silent():
    assert Tape().sound().shape == (0,) and list(Tape()) == []
