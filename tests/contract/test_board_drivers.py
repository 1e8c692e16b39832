"""Every driver on its simulated bus: the checks that `assistant doctor --hardware` runs, and more.

A new board with drivers adds its name to tests.hardware.benches.BOARDS.
"""

from __future__ import annotations

import errno
import itertools
import random

import pytest

from assistant.board_checks import checks, examine_board
from tests.hardware.benches import BOARDS, PI_HATS, Bench, put_on_bench

USB = ("respeaker_usb_v2", "respeaker_xvf3800")
LIT = (*PI_HATS, *USB)


@pytest.mark.parametrize("name", BOARDS)
def test_the_board_keeps_its_promises(name, monkeypatch):
    bench = put_on_bench(name, monkeypatch)
    promised = list(checks(bench.board))
    assert promised
    for check in promised:
        check.run()
    assert all(finding.colour == "green" for finding in examine_board(bench.board))
    assert bench.usb is None or bench.usb.handles == 0
    assert bench.header is None or bench.header.used == set()


@pytest.mark.parametrize("name", LIT)
def test_the_right_leds_get_the_right_light(name, monkeypatch):
    bench = put_on_bench(name, monkeypatch)
    lights = bench.board.open_lights()
    rng = random.Random(name)
    for _ in range(50):
        wanted = [tuple(rng.random() ** 4 for _ in range(3)) for _ in range(lights.count)]
        lights.show(wanted)
        worst = max(
            abs(a - b) for w, s in zip(wanted, bench.colours, strict=True)
            for a, b in zip(w, s, strict=True)
        )  # fmt: skip
        assert worst <= 0.5 / 255 + 1e-9
    lights.close()
    assert bench.colours == [(0, 0, 0)] * lights.count


@pytest.mark.parametrize("name", PI_HATS)
def test_dim_light_is_smooth(name, monkeypatch):
    """A fade over the darkest hundredth has many steps, not the two that 8 bits have."""
    bench = put_on_bench(name, monkeypatch)
    lights = bench.board.open_lights()
    seen = []
    for n in range(200):
        lights.show([(n / 20_000, 0, 0)] * lights.count)
        seen.append(bench.colours[0][0])
    assert seen == sorted(seen) and len(set(seen)) > 40
    lights.close()


def test_the_ring_boards_feed_their_leds(monkeypatch):
    bench = put_on_bench("respeaker_4mic", monkeypatch)
    lights = bench.board.open_lights()
    assert bench.header.outputs == {5: 1}
    lights.close()
    assert bench.header.outputs == {}


def test_no_spi_is_one_sentence(monkeypatch):
    import sys

    from tests.hardware import spi

    bench = put_on_bench("respeaker_4mic", monkeypatch)
    monkeypatch.setitem(sys.modules, "spidev", spi.module(bench.chain, present=False))
    with pytest.raises(OSError, match="dtparam=spi=on"):
        bench.board.open_lights()
    assert bench.header.used == set(), "the supply stayed on"


# --- USB: unplugged, busy, refusing ------------------------------------------------------------


def use_everything(bench: Bench) -> None:
    """Open, use and close every part of the board."""
    openers = (bench.board.open_lights, bench.board.open_mute, bench.board.open_bearing)
    lights, mute, bearing = (opener() if opener else None for opener in openers)
    try:
        for n in range(3):
            lights.show([(n / 3, 0.2, 0.1)] * lights.count)
            bearing.degrees()
            if mute is not None:
                mute.set(not mute.get())
    finally:
        for part in (lights, mute, bearing):
            if part is not None:
                part.close()


@pytest.mark.parametrize(("name", "busy"), [("respeaker_usb_v2", None), ("respeaker_xvf3800", 0),
                                            ("respeaker_xvf3800", 3)])  # fmt: skip
def test_unplugged_at_every_control_transfer(name, busy, monkeypatch):
    options = {} if busy is None else {"busy": busy}
    bench = put_on_bench(name, monkeypatch, **options)
    use_everything(bench)
    transfers = bench.usb.transfers
    assert transfers > 8
    for at in range(1, transfers + 1):
        bench.usb.plug_in()
        bench.usb.transfers, bench.usb.unplug_at = 0, at
        try:
            use_everything(bench)
        except OSError as error:
            assert error.errno == errno.ENODEV
        else:
            assert at > transfers - 2, "only a closing transfer may fail unnoticed"
        assert bench.usb.transfers <= at, "it talks on to a device that is gone"
        bench.usb.plug_in()
        lights = bench.board.open_lights()
        lights.show([(1.0, 0.0, 1.0)] * 12)
        assert bench.colours == [(1.0, 0.0, 1.0)] * 12
        lights.close()


@pytest.mark.parametrize("name", USB)
def test_not_plugged_in_is_one_sentence(name, monkeypatch):
    bench = put_on_bench(name, monkeypatch)
    bench.usb.unplug()
    with pytest.raises(OSError, match="not plugged in"):
        bench.board.open_lights()


@pytest.mark.parametrize("busy", [0, 1, 7, 99])
def test_a_busy_xvf3800_is_asked_again(busy, monkeypatch):
    bench = put_on_bench("respeaker_xvf3800", monkeypatch, busy=busy)
    bearing = bench.board.open_bearing()
    assert bearing.degrees() == 200.0
    assert bench.usb.transfers == busy + 1 and bench.naps == [0.01] * busy


def test_an_xvf3800_that_stays_busy_is_given_up(monkeypatch):
    bench = put_on_bench("respeaker_xvf3800", monkeypatch)
    bench.device.stuck = True
    mute = bench.board.open_mute()
    with pytest.raises(TimeoutError, match="busy"):
        mute.get()
    assert bench.usb.transfers == 100 and sum(bench.naps) < 1.0


def test_old_xvf3800_firmware_shows_one_colour(monkeypatch):
    bench = put_on_bench("respeaker_xvf3800", monkeypatch, version=(2, 0, 5))
    lights = bench.board.open_lights()
    lights.show([(0.0, 0.1, 0.2)] * 11 + [(0.2, 0.4, 0.6)])
    assert bench.colours == [(51 / 255, 102 / 255, 153 / 255)] * 12
    lights.close()
    assert bench.colours == [(0, 0, 0)] * 12


@pytest.mark.parametrize("name", USB)
def test_nothing_is_sent_while_nothing_changes(name, monkeypatch):
    bench = put_on_bench(name, monkeypatch)
    lights = bench.board.open_lights()
    lights.show([(0.5, 0.5, 0.5)] * 12)
    before = bench.usb.transfers
    for _ in range(30):
        lights.show([(0.5, 0.5, 0.5)] * 12)
    assert bench.usb.transfers == before
    lights.close()


def test_the_centre_led_of_the_usb_array_does_not_listen_by_itself(monkeypatch):
    bench = put_on_bench("respeaker_usb_v2", monkeypatch)
    bench.board.open_lights().close()
    assert bench.device.centre == 0


@pytest.mark.parametrize(("angle", "degrees"), [(0, 0.0), (359, 359.0), (360, None), (65535, None)])
def test_the_bearing_is_an_angle_or_nothing(angle, degrees, monkeypatch):
    bench = put_on_bench("respeaker_xvf3800", monkeypatch)
    bench.device.angle = angle
    assert bench.board.open_bearing().degrees() == degrees


# --- GPIO --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["respeaker_2mic", "respeaker_2mic_v2"])
def test_every_edge_of_the_button_arrives(name, monkeypatch):
    bench = put_on_bench(name, monkeypatch)
    seen = []
    button = bench.board.open_button(lambda t_s, down: seen.append((t_s, down)))
    assert button.edges and not button.down()
    for level in (0, 1, 0, 1):
        bench.header.drive(17, level)
        assert button.down() is (level == 0)
    assert [down for _, down in seen] == [True, False, True, False]
    assert all(a <= b for (a, _), (b, _) in itertools.pairwise(seen))
    button.close()
    bench.header.drive(17, 0)
    assert len(seen) == 4


def test_a_button_without_edges_is_looked_at(monkeypatch):
    bench = put_on_bench("respeaker_2mic", monkeypatch, edges=False)
    button = bench.board.open_button(lambda t_s, down: pytest.fail("no edge can come"))
    assert not button.edges
    bench.header.drive(17, 0)
    assert button.down()
    button.close()


def test_rpi_gpio_on_a_pi_5_is_one_sentence(monkeypatch):
    bench = put_on_bench("respeaker_2mic", monkeypatch, rp1=True)
    with pytest.raises(OSError, match="SOC peripheral base"):
        bench.board.open_button(lambda t_s, down: None)


def test_both_gpio_packages_are_refused(tmp_path, monkeypatch):
    from assistant.errors import EngineMissing

    bench = put_on_bench("respeaker_2mic", monkeypatch)
    for name, version in (("RPi.GPIO", "0.7.1"), ("rpi-lgpio", "0.6")):
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineMissing, match="both installed"):
        bench.board.open_button(lambda t_s, down: None)
