"""Boards are found, told apart and refused, on computers made of files and a simulated bus."""

from __future__ import annotations

import logging

import pytest

from assistant.app import introduce
from assistant.board import board_names, detect_boards, find_board, load_board
from assistant.board_checks import board_findings
from assistant.errors import BadInput
from tests.hardware import machines
from tests.hardware.i2c import Bus
from tests.hardware.machines import (
    HDMI,
    LITE,
    OVERLAYS,
    PI_5,
    SEEED_2,
    SEEED_4,
    SEEED_8,
    USB_V2,
    XVF3800,
    ZERO_2,
    Card,
    machine,
)  # fmt: skip

SHIPPED = (
    "default respeaker_2mic respeaker_2mic_v2 respeaker_4mic respeaker_4mic_linear respeaker_6mic "
    "respeaker_lite respeaker_usb_v2 respeaker_xvf3800 virtual"
).split()


def names(found) -> list[str]:
    return [f.board for f in found if f.ready]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_board_describes_itself(name):
    board = load_board(name)
    assert board.name == name and board.title
    assert board.channels > max(board.layout.mics)
    assert board.ring.count == 0 or board.open_lights is not None
    used = [*board.layout.mics, *([] if board.layout.loopback is None else [board.layout.loopback])]
    assert len(set(used)) == len(used)
    spread = {tuple(mic) for mic in board.mics}
    assert len(spread) == len(board.mics), "two microphones in one place"


def test_the_list_of_boards_is_complete():
    assert board_names() == sorted(SHIPPED)


@pytest.mark.parametrize(
    ("expected", "cards", "bus"),
    [
        ("respeaker_2mic", (HDMI, SEEED_2), Bus(claimed={0x1A})),
        ("respeaker_2mic", (Card("wm8960soundcard", "wm8960-soundcard"),), Bus(claimed={0x1A})),
        ("respeaker_2mic", (SEEED_2,), Bus(present=False)),
        ("respeaker_2mic_v2", (HDMI, SEEED_2), Bus(claimed={0x18})),
        ("respeaker_4mic", (SEEED_4,), Bus(claimed={0x3B})),
        ("respeaker_4mic", (SEEED_4, HDMI), Bus(answering={0x3B})),
        ("respeaker_6mic", (SEEED_8,), Bus(claimed={0x3B, 0x35, 0x1A})),
        ("respeaker_usb_v2", (HDMI, USB_V2), None),
        ("respeaker_xvf3800", (XVF3800,), None),
        ("respeaker_lite", (HDMI, LITE), None),
    ],
)  # fmt: skip
def test_a_board_that_works_is_taken(expected, cards, bus, tmp_path):
    system = machine(tmp_path, cards=cards, i2c=bus)
    board, found = find_board("auto", system)
    assert board.name == expected == found[0].board and found[0].ready
    ours = next(card for card in cards if card is not HDMI)
    assert board.card == ours.name, "the card is named by what stays the same over a reboot"
    assert bus is None or bus.opened == 0


def test_a_card_bound_in_sysfs_is_found_without_rights_on_the_bus(tmp_path):
    system = machine(tmp_path, cards=(SEEED_2,), files=("sys/bus/i2c/devices/1-0018/driver/x",))
    assert find_board("auto", system)[0].name == "respeaker_2mic_v2"


def test_nothing_is_the_default_sound_card(tmp_path):
    for model in (machines.PI_4, ""):
        board, found = find_board("auto", machine(tmp_path / str(bool(model)), model=model))
        assert board.name == "default" and found == []


def test_two_boards_the_ready_one_is_taken(tmp_path):
    system = machine(tmp_path, model=PI_5, cards=(SEEED_4, USB_V2), i2c=Bus(claimed={0x3B}))
    board, found = find_board("auto", system)
    assert board.name == "respeaker_usb_v2"
    assert [f.board for f in found if not f.ready] == ["respeaker_4mic"]


@pytest.mark.parametrize(
    ("cards", "chips", "name"),
    [((SEEED_4,), {0x3B}, "respeaker_4mic"), ((), {0x3B}, "respeaker_4mic"),
     ((SEEED_8,), {0x3B, 0x35}, "respeaker_6mic"), ((), {0x3B, 0x35}, "respeaker_4mic_linear")],
)  # fmt: skip
@pytest.mark.parametrize(
    "model", [PI_5, "Raspberry Pi 500 Rev 1.0", "Raspberry Pi Compute Module 5"]
)
def test_ac108_boards_are_refused_on_a_pi_5(cards, chips, name, model, tmp_path):
    system = machine(tmp_path, model=model, cards=cards, i2c=Bus(claimed=chips))
    board, found = find_board("auto", system)
    assert board.name == "default" and names(found) == []
    refused = next(f for f in found if f.board == name)
    assert "TDM" in refused.problem and "Pi 4" in refused.remedy
    with pytest.raises(BadInput, match="TDM"):
        load_board(name, system)


def test_the_2_mics_hat_works_on_a_pi_5(tmp_path):
    system = machine(tmp_path, model=PI_5, cards=(SEEED_2,), i2c=Bus(claimed={0x18}))
    board, _ = find_board("auto", system)
    assert board.name == "respeaker_2mic_v2" and board.limits == ()


def test_a_chip_without_a_card_gets_the_overlay_it_needs(tmp_path):
    bus = Bus(answering={0x1A})
    there = (f"{OVERLAYS}/wm8960-soundcard.dtbo",)
    (found,) = detect_boards(machine(tmp_path, i2c=bus, files=there))
    assert found.board == "respeaker_2mic" and not found.ready and not found.sure
    assert "add dtoverlay=wm8960-soundcard" in found.remedy


def test_the_missing_v2_overlay_is_named(tmp_path):
    (found,) = detect_boards(machine(tmp_path, i2c=Bus(answering={0x18})))
    assert found.board == "respeaker_2mic_v2" and not found.ready
    assert "respeaker-2mic-v2" in found.problem and "install.sh" in found.remedy


def test_a_driver_that_a_kernel_update_broke_is_named(tmp_path):
    config = "dtparam=spi=on\n# a note\ndtoverlay=seeed-2mic-voicecard\n"
    system = machine(tmp_path, i2c=Bus(answering={0x1A}), config=config)
    (found,) = detect_boards(system)
    assert "seeed-voicecard" in found.problem and "6.12" in found.problem
    assert "dtoverlay=wm8960-soundcard" in found.remedy


def test_an_overlay_that_is_loaded_in_vain_is_not_asked_for_again(tmp_path):
    config = "dtoverlay=wm8960-soundcard,alsaname=x\n"
    (found,) = detect_boards(machine(tmp_path, i2c=Bus(answering={0x1A}), config=config))
    assert "although wm8960-soundcard is loaded" in found.problem and "restart" in found.remedy


@pytest.mark.parametrize(
    ("usb", "name"),
    [("2886:0018", "respeaker_usb_v2"), ("2886:001a", "respeaker_xvf3800"),
     ("2886:0019", "respeaker_lite")],
)  # fmt: skip
def test_a_usb_board_that_is_no_sound_card_is_said(usb, name, tmp_path):
    (found,) = detect_boards(machine(tmp_path, cards=(HDMI,), usb=(usb,)))
    assert found.board == name and not found.ready and found.remedy


def test_the_one_channel_firmware_gives_the_cleaned_channel(tmp_path):
    one = Card(USB_V2.id, USB_V2.name, USB_V2.usb, 1)
    board, _ = find_board("auto", machine(tmp_path, cards=(one,)))
    assert board.layout.mics == (0,) and board.layout.loopback is None and board.channels == 1
    assert any("one-channel firmware" in limit for limit in board.limits)


def test_the_six_channel_firmware_gives_microphones_and_loopback(tmp_path):
    board, _ = find_board("auto", machine(tmp_path, cards=(USB_V2,)))
    assert board.layout.mics == (1, 2, 3, 4) and board.layout.loopback == 5
    assert board.reference == "loopback" and board.limits == ()


@pytest.mark.parametrize(("version", "raw"), [((2, 0, 8), False), ((2, 1, 0), True)])
def test_the_xvf3800_firmware_that_records_zeros_is_known(version, raw, tmp_path, monkeypatch):
    from tests.hardware.benches import put_on_bench

    put_on_bench("respeaker_xvf3800", monkeypatch, version=version)
    six = Card(XVF3800.id, XVF3800.name, XVF3800.usb, 6)
    board, _ = find_board("auto", machine(tmp_path, cards=(six,)))
    assert board.layout.mics == ((2, 3, 4, 5) if raw else (1,))
    assert any("2.0.8" in limit for limit in board.limits) is not raw


def test_a_48_khz_xvf3800_is_told_to_be_flashed(tmp_path):
    card = Card(XVF3800.id, XVF3800.name, XVF3800.usb, 2, "48000")
    board, _ = find_board("auto", machine(tmp_path, cards=(card,)))
    assert any("48 kHz" in limit for limit in board.limits)


@pytest.mark.parametrize(("config", "told"), [("", True), ("gpio = 19=a0", False)])
def test_the_silent_word_clock_of_a_zero_2_is_known(config, told, tmp_path):
    system = machine(
        tmp_path, model=ZERO_2, cards=(SEEED_2,), i2c=Bus(claimed={0x1A}), config=config
    )
    board, _ = find_board("auto", system)
    assert any("GPIO19" in limit for limit in board.limits) is told


def test_spi_that_is_off_is_told(tmp_path):
    system = machine(tmp_path, cards=(SEEED_2,), i2c=Bus(claimed={0x18}), files=())
    board, _ = find_board("auto", system)
    assert any("dtparam=spi=on" in limit for limit in board.limits)


def test_the_rates_that_do_not_work_are_never_asked_for():
    for name in ("respeaker_2mic", "respeaker_2mic_v2"):
        assert 44_100 not in load_board(name).rates and load_board(name).rates


@pytest.mark.parametrize(
    ("device", "told"),
    [("default", False), ("ReSpeaker 4 Mic", False), ("respeaker", False), ("vc4-hdmi-0", True)],
)
def test_sound_that_goes_around_the_board_is_told(device, told, tmp_path):
    board, found = find_board("auto", machine(tmp_path, cards=(HDMI, USB_V2)))
    assert any("its own jack" in line for line in introduce(board, found, device)) is told
    without_output = load_board("respeaker_4mic")
    assert "no output" in without_output.sound_warning(device)
    assert load_board("default").sound_warning(device) == ""


def test_a_setting_names_the_board(tmp_path):
    system = machine(tmp_path, cards=(SEEED_8,), i2c=Bus(claimed={0x35, 0x3B}))
    board, _ = find_board("respeaker_4mic_linear", system)
    assert board.layout.mics == (0, 1, 2, 3) and board.layout.loopback == 6 and board.channels == 8
    with pytest.raises(BadInput, match="respeaker_6mic"):
        find_board("respeaker_6mics", system)


def test_an_owners_broken_board_file_does_not_matter(tmp_path, monkeypatch, caplog):
    from assistant import board as boards

    folder = tmp_path / "hardware"
    folder.mkdir()
    (folder / "broken.py").write_text("def detect(system):\n    return 1 / 0\n")
    monkeypatch.setattr(boards, "OWNER", folder)
    with caplog.at_level(logging.CRITICAL):
        found = detect_boards(machine(tmp_path / "pi", cards=(USB_V2,)))
    assert names(found) == ["respeaker_usb_v2"]


def test_garbage_in_the_kernels_files_is_no_board(tmp_path):
    system = machine(tmp_path, cards=(Card("", "]["), Card("x" * 40, "\u00e9")), usb=("zzzz:0018",))
    assert detect_boards(system) == []
    assert machine(tmp_path / "b", kernel="").kernel == (0, 0)


def test_the_v2_overlay_is_ours_and_compiles(tmp_path):
    import shutil
    import subprocess
    from pathlib import Path

    from assistant.hardware.respeaker_2mic_v2 import OVERLAY

    source = Path(__file__).parents[2] / "hardware" / "overlays" / f"{OVERLAY}-overlay.dts"
    assert source.is_file()
    if shutil.which("dtc") is None:
        pytest.skip("dtc (device-tree-compiler) is not installed")
    done = subprocess.run(
        ["dtc", "-@", "-I", "dts", "-O", "dtb", "-o", tmp_path / "x.dtbo", source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and (tmp_path / "x.dtbo").stat().st_size > 500, done.stderr


def colours(name, system) -> list[tuple[str, str]]:
    return [(finding.name, finding.colour) for finding in board_findings(name, system)]


def test_the_doctor_says_which_board_and_what_is_wrong(tmp_path):
    fine = machine(tmp_path / "a", cards=(USB_V2,))
    assert colours("auto", fine) == [("board", "green")]
    assert "2886:0018" in board_findings("auto", fine)[0].text
    refused = machine(tmp_path / "b", model=PI_5, cards=(SEEED_4,))
    assert colours("auto", refused) == [("board", "green"), ("respeaker_4mic", "red")]
    assert colours("respeaker_4mic", refused) == [("board", "red")]
    beside = machine(tmp_path / "c", model=PI_5, cards=(SEEED_4, USB_V2))
    assert colours("auto", beside) == [("board", "green"), ("respeaker_4mic", "yellow")]
    guess = machine(tmp_path / "d", i2c=Bus(answering={0x18}))
    assert colours("auto", guess) == [("board", "green"), ("respeaker_2mic_v2", "yellow")]
    dark = machine(tmp_path / "e", cards=(SEEED_2,), i2c=Bus(claimed={0x18}), files=())
    assert colours("auto", dark) == [("board", "green"), ("board", "yellow")]
    assert colours("respeakr", fine) == [("board", "red")]
