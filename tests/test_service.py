"""A driver may raise, hang or come back: it is reported, tried again, and waited for by nobody."""

from __future__ import annotations

import threading

import pytest

from assistant.service import HANG_S, HUNG, LONGEST_S, Service

PATIENCE_S = 20.0  # of the test; nothing takes nearly so long


class World:
    """A clock that only moves when told, a place for reports, and a hand on every pause."""

    def __init__(self) -> None:
        self.now = 100.0
        self.told: list[str] = []
        self.pauses: list[float] = []
        self.heard = threading.Condition()

    def tell(self, text: str) -> None:
        with self.heard:
            self.told.append(text)
            self.heard.notify_all()

    def wait(self, stop: threading.Event, seconds: float) -> None:
        with self.heard:
            self.pauses.append(seconds)
            self.heard.notify_all()
        stop.wait(0.0)

    def until(self, happened) -> None:
        with self.heard:
            assert self.heard.wait_for(happened, PATIENCE_S), self.told


class Driver:
    """Counts its steps; ``trouble`` is what they raise, ``gate`` what they wait for."""

    made = 0

    def __init__(self) -> None:
        Driver.made += 1
        self.closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def world():
    Driver.made = 0
    before = set(threading.enumerate())
    made = World()
    yield made
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
    assert set(threading.enumerate()) <= before, "a thread was left behind"


def service(world: World, step, open_driver=Driver) -> Service:
    return Service(
        "lights", open_driver, step, report=world.tell, clock=lambda: world.now, wait=world.wait
    )


def test_a_driver_that_works_is_stepped_and_closed(world):
    drivers, enough = [], threading.Event()

    def step(driver, now_s):
        drivers.append(driver)
        if len(drivers) > 20:
            enough.set()

    running = service(world, step)
    running.start()
    assert enough.wait(PATIENCE_S)
    running.look()
    running.stop(PATIENCE_S)
    assert Driver.made == 1 and drivers[0].closed and world.told == []
    assert set(world.pauses) == {1 / 30}


def test_a_driver_that_throws_is_reported_once_and_opened_again(world):
    troubles = [OSError("unplugged")] * 5
    drivers = []

    def step(driver, now_s):
        drivers.append(driver)
        if troubles:
            raise troubles.pop()

    running = service(world, step)
    running.start()
    world.until(lambda: len(world.told) == 2)
    running.stop(PATIENCE_S)
    assert world.told == ["lights: unplugged", "lights: working again"]
    assert Driver.made == 6 and all(driver.closed for driver in drivers)


def test_a_driver_that_cannot_be_opened_is_tried_less_and_less_often(world):
    def never():
        raise OSError("SPI is off")

    running = service(world, lambda driver, now_s: None, never)
    running.start()
    world.until(lambda: len(world.pauses) >= 10)
    running.stop(PATIENCE_S)
    assert world.told == ["lights: SPI is off"]
    assert world.pauses[:4] == [1.0, 2.0, 4.0, 8.0] and max(world.pauses) == LONGEST_S / 2


@pytest.mark.parametrize("error", [ValueError("a bug"), MemoryError(), AssertionError()])
def test_a_bug_in_a_driver_is_no_worse(world, error):
    def step(driver, now_s):
        raise error

    running = service(world, step)
    running.start()
    world.until(lambda: world.told)
    running.stop(PATIENCE_S)
    assert world.told[0] in (f"lights: {error}", f"lights: {type(error).__name__}")


def test_a_driver_that_hangs_is_replaced(world):
    release, entered = threading.Event(), threading.Semaphore(0)
    good = threading.Event()

    def step(driver, now_s):
        if Driver.made == 1:
            entered.release()
            release.wait(PATIENCE_S)
        else:
            good.set()

    running = service(world, step)
    running.start()
    assert entered.acquire(timeout=PATIENCE_S)
    running.look()
    assert world.told == [], "too early to say"
    world.now += HANG_S
    running.look()
    assert good.wait(PATIENCE_S)
    world.until(lambda: len(world.told) == 2)
    assert world.told == ["lights: the driver does not answer", "lights: working again"]
    release.set()
    running.stop(PATIENCE_S)


def test_drivers_that_keep_hanging_do_not_pile_up(world):
    release, entered = threading.Event(), threading.Semaphore(0)

    def step(driver, now_s):
        entered.release()
        release.wait(PATIENCE_S)

    running = service(world, step)
    running.start()
    for _ in range(HUNG):
        assert entered.acquire(timeout=PATIENCE_S)
        world.now += HANG_S
        running.look()
    for _ in range(50):
        world.now += HANG_S
        running.look()
    assert Driver.made == HUNG and world.told == ["lights: the driver does not answer"]
    release.set()
    running.stop(PATIENCE_S)


def test_stopping_does_not_wait_for_a_driver_that_hangs(world):
    release, entered = threading.Event(), threading.Event()

    def step(driver, now_s):
        entered.set()
        release.wait(PATIENCE_S)

    running = service(world, step)
    running.start()
    assert entered.wait(PATIENCE_S)
    running.stop(0.0)
    release.set()
