"""A lost card is opened again beside the audio thread, whatever its driver does."""

from __future__ import annotations

import threading
import time

import pytest

from assistant.audio.device import DeviceHealth, DeviceLost, Layout
from assistant.audio.format import HOP, SAMPLE_RATE
from assistant.audio.reopen import HANG_S, LONGEST_S, Missing, Reopener
from assistant.errors import AssistantError, BadInput
from assistant.messages import Cause

PATIENCE_S = 20.0  # of the test
GONE = BadInput("audio.device", "no sound card", "plug it in")
BUSY = DeviceLost("used by another program")


class Card:
    """A card that only knows whether it was closed; ``gate`` is what closing waits for."""

    layout = Layout((0,))

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.closed, self._gate = threading.Event(), gate

    def exchange(self, out):
        raise DeviceLost("gone")

    def health(self) -> DeviceHealth:
        return DeviceHealth()

    def close(self) -> None:
        if self._gate is not None:
            self._gate.wait(PATIENCE_S)
        self.closed.set()


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
    assert set(threading.enumerate()) <= before


def opener(*outcomes):
    """Return what raises or returns each of ``outcomes`` in turn."""
    left = list(outcomes)

    def open_card():
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return open_card


def waited(reopener: Reopener) -> tuple[Card, int]:
    """Return the card that came and how many hops it took."""
    hops, until = 0, time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        hops += 1
        card = reopener.wait()
        if card is not None:
            return card, hops
    raise AssertionError("it did not come back")


@pytest.mark.parametrize(
    ("errors", "cause"),
    [
        ((), Cause.SILENT),
        ((BUSY,), Cause.BUSY),
        ((GONE,), Cause.UNPLUGGED),
        ((GONE, BUSY), Cause.UNPLUGGED),
        ((BUSY, GONE), Cause.UNPLUGGED),
        ((OSError("no such device"),), Cause.SILENT),
        ((ValueError("a bug in a driver"),), Cause.SILENT),
    ],
)
def test_the_card_is_closed_and_opened_until_it_is_there(errors, cause):
    old, new = Card(), Card()
    reopener = Reopener(opener(*errors, new))
    reopener.begin(old)
    card, _ = waited(reopener)
    assert card is new and old.closed.is_set() and not new.closed.is_set()
    assert reopener.cause is cause
    reopener.close()
    assert not new.closed.is_set(), "it belongs to the audio loop now"


def test_waiting_takes_the_time_of_the_hops():
    gate = threading.Event()
    reopener = Reopener(opener(Card()))
    began = time.monotonic()
    reopener.begin(Card(gate))
    for _ in range(30):
        assert reopener.wait() is None
    assert time.monotonic() - began >= 29 * HOP / SAMPLE_RATE
    gate.set()
    waited(reopener)
    reopener.close()


def test_it_never_pauses_longer_than_it_says():
    assert LONGEST_S < 3.0
    pauses = []

    class Stop(threading.Event):
        def wait(self, timeout=None):
            pauses.append(timeout)
            return False

    reopener = Reopener(opener(*[GONE] * 8, Card()))
    reopener._stop = Stop()
    reopener.begin(Card())
    waited(reopener)
    assert pauses == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    reopener.close()


def test_a_driver_that_never_returns_ends_the_waiting():
    gate, now = threading.Event(), [100.0]
    reopener = Reopener(opener(Card()), clock=lambda: now[0])
    reopener.begin(Card(gate))
    assert reopener.wait() is None
    now[0] += HANG_S + 1
    with pytest.raises(DeviceLost, match="does not return"):
        while reopener.wait() is None:
            pass
    gate.set()
    reopener.close()


def test_another_board_ends_the_waiting():
    class Other(AssistantError):
        pass

    reopener = Reopener(opener(GONE, Other("another board was plugged in")), restart=Other)
    reopener.begin(Card())
    with pytest.raises(DeviceLost, match="another board"):
        waited(reopener)
    reopener.close()


def test_a_card_that_nobody_took_is_released():
    new = Card()
    reopener = Reopener(opener(new))
    reopener.begin(Card())
    reopener._thread.join(PATIENCE_S)
    reopener.close()
    assert new.closed.is_set()


def test_closing_ends_a_search_at_once():
    reopener = Reopener(opener(*[GONE] * 100))
    reopener.begin(Card())
    reopener.close()
    assert not reopener._thread.is_alive()


def test_it_waits_again_and_again():
    cards = [Card() for _ in range(20)]
    reopener = Reopener(opener(*cards[1:]))
    for before, after in zip(cards[:-1], cards[1:], strict=True):
        reopener.begin(before)
        assert waited(reopener)[0] is after
    assert all(card.closed.is_set() for card in cards[:-1])
    reopener.close()


def test_what_stands_in_for_a_missing_card_is_lost_at_once():
    missing = Missing(Layout((1, 2), 0), "no sound card")
    with pytest.raises(DeviceLost, match="no sound card"):
        missing.exchange(None)
    assert missing.layout.mics == (1, 2) and missing.health() == DeviceHealth()
    missing.close()
