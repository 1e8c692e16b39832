"""Which card is opened: by its name, its ALSA id or its USB id, wherever its number went."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant import cli
from assistant import sound_card as cards
from assistant.audio.device import DeviceLost
from assistant.audio.pyaudio_ import Card as Listed
from assistant.audio.pyaudio_ import Port, stable_name
from assistant.audio.reopen import Missing
from assistant.board import board_names, load_board
from assistant.errors import BadInput
from assistant.settings import Settings, with_overrides
from tests.hardware.machines import HDMI, USB_V2, XVF3800, machine

USB_SIX = replace(USB_V2, id="Array_1")


def port_with(*names: str) -> Port:
    """Return a PortAudio that lists these cards, each with two inputs and outputs."""
    port = Port.__new__(Port)
    port.cards = tuple(Listed(name, 2, 2, 48_000) for name in names)
    return port


@pytest.mark.parametrize(
    ("name", "stable"),
    [
        ("ReSpeaker 4 Mic Array (UAC1.0): USB Audio (hw:1,0)",
         "respeaker 4 mic array (uac1.0): usb audio"),
        ("bcm2835 Headphones: - (hw:0,0)", "bcm2835 headphones: -"),
        ("Odd (plughw:3)", "odd"),
        ("default", "default"),
        (" Seeed2MicVoicec ", "seeed2micvoicec"),
    ],
)  # fmt: skip
def test_a_name_without_its_number(name, stable):
    assert stable_name(name) == stable


def test_a_card_is_found_when_its_number_is_another():
    asked = "USB PnP Sound Device: Audio (hw:1,0)"
    port = port_with("bcm2835 Headphones: - (hw:1,0)", "USB PnP Sound Device: Audio (hw:2,0)")
    assert port.find(asked, 1, 1) == (1, 1)
    assert port.find("pnp sound", 1, 1) == (1, 1)


@pytest.mark.parametrize("asked", ["2886:0018", "ArrayUAC10", "arrayuac10", USB_V2.name])
def test_a_card_may_be_named_by_any_stable_id(tmp_path, asked):
    system = machine(tmp_path, cards=(HDMI, USB_V2))
    assert cards.card_name(asked, load_board("default"), system) == USB_V2.name


def test_a_board_brings_its_card_unless_another_is_asked_for(tmp_path):
    system = machine(tmp_path, cards=(HDMI, USB_V2))
    board = load_board("respeaker_usb_v2", system)
    assert cards.card_name("default", board, system) == USB_V2.name
    assert cards.card_name("gramophone", board, system) == "gramophone"


# --- finding it again ------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch) -> list:
    """Return what was opened: (name of the card, microphones)."""
    seen = []

    def open_device(settings, board, system):
        seen.append((cards.card_name(settings.audio.device, board, system), len(board.mics)))
        return seen[-1]

    monkeypatch.setattr(cards, "open_device", open_device)
    return seen


def finder(tmp_path, *before, settings: Settings | None = None) -> cards.Finder:
    settings = settings or Settings()
    system = machine(tmp_path / "before", cards=before)
    board = cards.find_board(settings.audio.board, system)[0]
    return cards.Finder(settings, board, system)


def plug(find: cards.Finder, tmp_path, *now) -> None:
    find._system = machine(tmp_path / f"with {len(now)}", cards=now)


def test_the_array_is_found_again_under_another_number(tmp_path, opened):
    find = finder(tmp_path, USB_V2, HDMI)
    plug(find, tmp_path, HDMI, USB_SIX)
    find()
    assert opened == [(USB_V2.name, 4)]


def test_nothing_else_is_opened_in_place_of_an_array_that_is_out(tmp_path, opened):
    find = finder(tmp_path, HDMI, USB_V2)
    plug(find, tmp_path, HDMI)
    with pytest.raises(BadInput, match="is not there; plug it in"):
        find()
    assert opened == []


def test_a_board_that_was_named_is_waited_for_from_the_start(tmp_path):
    system = machine(tmp_path, cards=(HDMI,))
    for name in board_names():
        board = load_board(name, system)
        if board.own_card:
            with pytest.raises(BadInput, match="is not there"):
                cards.open_device(Settings(), board, system)
        else:
            assert name in ("default", "virtual")


def test_a_named_card_is_looked_for_by_its_name(tmp_path, opened):
    settings = with_overrides(Settings(), {"audio.device": "2886:0018", "audio.board": "default"})
    find = finder(tmp_path, HDMI, USB_V2, settings=settings)
    plug(find, tmp_path, USB_V2)
    find()
    assert opened == [(USB_V2.name, 1)]


def test_another_array_in_its_place_needs_another_speaker(tmp_path, opened):
    find = finder(tmp_path, HDMI, USB_V2)
    plug(find, tmp_path, XVF3800)
    with pytest.raises(cards.OtherBoard, match="another board was plugged in: .*XVF3800"):
        find()


def test_an_array_that_was_late_at_the_start_needs_another_speaker(tmp_path, opened):
    find = finder(tmp_path, HDMI)
    plug(find, tmp_path, HDMI, USB_V2)
    with pytest.raises(cards.OtherBoard, match="USB Mic Array"):
        find()


def test_an_array_with_other_firmware_needs_another_speaker(tmp_path, opened):
    find = finder(tmp_path, USB_V2)
    plug(find, tmp_path, HDMI, replace(USB_V2, inputs=1))
    with pytest.raises(cards.OtherBoard, match="1 microphones now"):
        find()


# --- at the start ----------------------------------------------------------------------------


@pytest.mark.parametrize("error", [BadInput("audio.device", "no card", ""), DeviceLost("busy")])
def test_a_service_waits_for_a_card_that_is_late(monkeypatch, error):
    def refuse(settings, board):
        raise error

    monkeypatch.setattr(cards, "open_device", refuse)
    board = load_board("respeaker_6mic")
    device = cards.open_or_wait(Settings(), board, patient=True)
    assert isinstance(device, Missing) and device.layout == board.layout
    with pytest.raises(type(error)):
        cards.open_or_wait(Settings(), board, patient=False)


def test_the_setting_says_what_it_takes(capsys):
    assert cli.main(["config", "--describe"]) == 0
    assert "USB id" in capsys.readouterr().out
