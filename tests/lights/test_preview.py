"""`assistant lights`: every mood in a terminal, as a picture, and as a film."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assistant import cli
from assistant.lights.moods import MOODS
from assistant.lights.preview import drawing, moment, seen, spots
from tests.alsa import use_alsa


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    status = cli.main(["lights", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@pytest.mark.parametrize("count", [1, 3, 12])
def test_all_moods_once(count, capsys):
    status, out, _ = run(capsys, "--once", "--count", str(count))
    assert status == 0
    assert all(mood in out for mood in MOODS)
    assert out.count("\u25cf") == count * len(MOODS)


def test_without_a_terminal_nothing_moves(capsys):
    status, out, _ = run(capsys, "--mood", "thinking", "--count", "3")
    assert status == 0 and out.count("\u25cf") == 3


def test_the_terminal_gets_the_colours(monkeypatch):
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    console = Console(file=out, force_terminal=True, color_system="truecolor", width=80)
    colours = moment("muted", 1.0, 3)
    console.print(drawing(colours))
    red, green, blue = seen(colours[0])
    assert out.getvalue().count(f"38;2;{red};{green};{blue}m\u25cf") == 3 and red > 100 > green


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6, 12, 64])
def test_no_two_leds_share_a_place(count):
    assert len({(round(x, 3), round(y, 3)) for x, y in spots(count)}) == count
    assert drawing(moment("speaking", 1.0, count)).plain.count("\u25cf") == count


def test_a_picture_of_all_moods(tmp_path, capsys):
    from PIL import Image

    path = tmp_path / "moods.png"
    assert run(capsys, "--out", str(path))[0] == 0
    assert path.stat().st_size < 300_000
    pixels = np.asarray(Image.open(path)).astype(int)
    assert pixels.shape[0] > 500 and pixels.shape[1] > 800
    reds = (pixels[..., 0] > 120) & (pixels[..., 1] < 60) & (pixels[..., 2] < 60)
    assert reds.sum() > 50, "the muted ring"


def test_a_film_of_one_mood(tmp_path, capsys):
    from PIL import Image

    path = tmp_path / "thinking.gif"
    assert run(capsys, "--mood", "thinking", "--count", "3", "--out", str(path))[0] == 0
    film = Image.open(path)
    assert film.n_frames > 20 and path.stat().st_size < 300_000


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--mood", "thinkin"), "thinking"),
        (("--count", "0"), "1 to 64"),
        (("--out", "moods.jpg"), ".png or .gif"),
        (("--out", "nowhere/at/all.png"), "cannot be written"),
    ],
)
def test_wrong_input_is_one_sentence(arguments, told, capsys):
    status, out, err = run(capsys, *arguments)
    assert status == 2 and out == "" and told in err and err.count("\n") == 1


def test_doctor_tries_the_board(capsys, tmp_path, monkeypatch):
    pytest.importorskip("pyaudio", reason="needs PyAudio (portaudio19-dev)")
    use_alsa(tmp_path, monkeypatch)
    assert cli.main(["doctor", "--hardware", "--json", "--set", "audio.board=virtual"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"]
    assert {finding["name"] for finding in report["findings"]} == {"board", "lights", "sound card"}


def test_doctor_says_what_is_wrong_with_a_board(capsys, monkeypatch):
    from tests.hardware.benches import put_on_bench

    bench = put_on_bench("respeaker_usb_v2", monkeypatch)
    bench.usb.unplug()
    assert (
        cli.main(["doctor", "--hardware", "--json", "--set", "audio.board=respeaker_usb_v2"]) == 1
    )
    report = json.loads(capsys.readouterr().out)
    red = [finding for finding in report["findings"] if finding["colour"] == "red"]
    lights = [finding for finding in red if finding["name"] != "sound card"]
    assert lights and all("not plugged in" in finding["text"] for finding in lights)
    assert len(red) <= len(lights) + 1, "a card that is not there is said once"


def test_doctor_without_drivers_names_the_remedy(capsys, monkeypatch):
    """On a computer without the Pi's packages: one sentence each, no traceback."""
    import sys

    for module in ("spidev", "RPi", "RPi.GPIO"):
        monkeypatch.setitem(sys.modules, module, None)
    assert cli.main(["doctor", "--hardware", "--json", "--set", "audio.board=respeaker_2mic"]) == 1
    report = json.loads(capsys.readouterr().out)
    red = [finding["text"] for finding in report["findings"] if finding["colour"] == "red"]
    assert any("spidev" in text for text in red) and any("rpi-lgpio" in text for text in red)
    assert all("install.sh" in text for text in red)
