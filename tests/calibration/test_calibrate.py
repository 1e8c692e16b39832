"""calibrate in rooms drawn by seed, and with everything that can be wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assistant import cli
from assistant.audio.device import Layout
from assistant.audio.format import SAMPLE_RATE
from assistant.board import load_board
from assistant.calibration.order import FITS, order_of
from assistant.calibration.sweep import Sweep, direct, offsets
from assistant.settings import load
from tests.calibration.rooms import Wrong, calibrated, draw, lossy, red

SCENE = """title = "A room to measure"
duration_s = 1.0
[device]
board = "respeaker_2mic"
latency_ms = 55.0
drift_ppm = 40.0
"""


# --- the sweep ---------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [0, 1, 17, 640, 8000])
def test_a_response_is_where_the_echo_is(delay):
    sweep = Sweep(1.0)
    heard = np.zeros((1, SAMPLE_RATE * 2))
    heard[0, delay : delay + len(sweep.sound)] = 0.3 * sweep.sound
    at = direct(sweep.responses(heard)[0], 9600)
    assert at == pytest.approx(delay, abs=0.6)


def test_nothing_heard_is_no_delay():
    noise = np.random.default_rng(0).standard_normal((1, SAMPLE_RATE * 2)) * 0.01
    assert direct(Sweep(1.0).responses(noise)[0], 9600) == -1.0
    assert direct(Sweep(1.0).responses(0 * noise)[0], 9600) == -1.0


def test_distortion_is_told_from_the_room():
    sweep = Sweep(2.0, -12.0)
    clean = np.pad(sweep.sound.astype(float), (500, 12_000))[None]
    for share in (0.0, 0.02, 0.1):
        level = np.abs(clean).max()
        bent = clean + 2 * share * clean**2 / level  # a second harmonic of ``share``
        response = sweep.responses(bent)[0]
        assert sweep.distortion(response, 500) == pytest.approx(share, abs=0.004 + 0.25 * share)


def test_parts_of_a_sample_are_told_apart():
    n, late = 2048, np.array([0.0, 0.5, -1.25, 3.0])
    f = np.fft.rfftfreq(n)
    band = np.exp(-((f - 0.2) ** 2) / 0.02)
    shifts = np.exp(-2j * np.pi * f * (300 + late[:, None]))
    responses = np.fft.irfft(band * shifts, n, axis=1)
    assert offsets(responses, 300) == pytest.approx(late, abs=0.13)


def test_swapped_microphones_show_in_the_times_of_arrival():
    for name in ("respeaker_4mic", "respeaker_6mic", "respeaker_4mic_linear"):
        mics = np.asarray(load_board(name).mics)
        late = np.linalg.norm(mics - [0.09, 0.05, -0.03], axis=1) / 343 * SAMPLE_RATE
        own = order_of(late, mics)
        assert own.misfit < 0.3 and own.better == ()
        last = len(mics) - 1
        swapped = order_of(late[[last, *range(1, last), 0]], mics)
        assert swapped.misfit > FITS and swapped.better


# --- in a room ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 25))
def test_the_truth_about_a_room_is_found(seed):
    truth = draw(seed)
    measured, table = calibrated(truth)
    assert measured.delay_ms == pytest.approx(truth.delay_ms, abs=1.0)
    assert measured.drift_ppm == pytest.approx(truth.drift_ppm, abs=4.0)
    assert measured.order.misfit < 0.5 and measured.erle_db > 3.0
    assert not red(table), table


def test_a_quick_look_at_one_room():
    truth = draw(40, "respeaker_4mic", latency_ms=55.0, drift_ppm=-40.0)
    measured, table = calibrated(truth)
    assert measured.delay_ms == pytest.approx(truth.delay_ms, abs=1.0)
    assert measured.drift_ppm == pytest.approx(-40.0, abs=4.0)
    assert table["clock drift"].colour == "yellow" and not red(table)


def test_clipping_is_found(monkeypatch):
    truth = draw(41, "respeaker_2mic", drift_ppm=0.0)

    def loud(rows):
        rows = rows.copy()
        rows[1] *= 60.0
        return rows

    measured, table = calibrated(truth, Wrong(truth.room, loud))
    assert measured.clipped[1] > 0.01 > measured.clipped[0]
    assert "clipping" in red(table) and table["clipping"].text.startswith("microphone 2 clips")


def test_swapped_microphones_are_found():
    truth = draw(42, "respeaker_6mic", speaker_offset_m=(0.1, 0.05, -0.04))
    device = Wrong(truth.room, lambda rows: rows[[3, 1, 2, 0, 4, 5, 6, 7]])
    measured, table = calibrated(truth, device)
    assert red(table) == {"order"} and "swapped" in table["order"].text
    assert measured.order.better


def test_a_loopback_on_another_channel_is_found():
    truth = draw(43, "respeaker_usb_v2")
    swapped = [0, 1, 5, 3, 4, 2]
    _, table = calibrated(truth, Wrong(truth.room, lambda rows: rows[swapped]))
    assert "loopback" in red(table)
    assert table["loopback"].remedy == "layout.loopback = 2 in the board file"


@pytest.mark.slow
def test_a_microphone_that_is_a_loopback_is_found():
    truth = draw(44, "respeaker_usb_v2")
    _, table = calibrated(truth, Wrong(truth.room, lambda rows: rows, Layout((1, 2, 3, 5))))
    assert "loopback" in red(table) and "channel 5 is no microphone" in table["loopback"].text


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0, 3])
def test_the_shift_of_a_rotating_board_is_found(shift):
    truth = draw(45, "respeaker_6mic")

    def turn(rows):
        rows = rows.copy()
        rows[7] = rows[6]
        return np.roll(rows, shift, axis=0)

    own = truth.board.layout
    layout = Layout(tuple((m + shift) % 8 for m in own.mics), (own.loopback + shift) % 8)
    measured, table = calibrated(truth, Wrong(truth.room, turn, layout))
    assert measured.rotation == shift and not red(table)
    assert ("shifted by 3" in table["loopback"].text) is (shift == 3)


@pytest.mark.slow
def test_a_dead_microphone_and_one_that_is_covered_are_found():
    truth = draw(46, "respeaker_4mic", drift_ppm=0.0)

    def cover(gain):
        def change(rows):
            rows = rows.copy()
            rows[2] *= gain
            return rows

        return change

    _, table = calibrated(truth, Wrong(truth.room, cover(0.0)))
    assert table["microphones"].text == "microphone 3 hears nothing at all"
    _, table = calibrated(draw(46, "respeaker_4mic", drift_ppm=0.0), None)
    assert table["microphones"].colour == "green"
    _, table = calibrated(truth, Wrong(truth.room, cover(0.1)))
    assert (
        table["microphones"].colour == "yellow" and "microphone 3 (1" in table["microphones"].remedy
    )


@pytest.mark.slow
def test_two_channels_with_one_microphone_are_found():
    truth = draw(49, "respeaker_2mic", drift_ppm=0.0)
    _, table = calibrated(truth, Wrong(truth.room, lambda rows: rows[[0, 0]]))
    assert table["microphones"].text == "microphones 1 and 2 carry the same sound"


def test_a_loudspeaker_that_is_not_heard_is_refused():
    truth = draw(47, "respeaker_2mic", drift_ppm=0.0)
    room = truth.room
    room.echo_hop[:] = 0
    device = Wrong(room, lambda rows: room._noise_hop().copy())
    measured, table = calibrated(truth, device)
    assert not measured.heard and "delay" in red(table)
    assert "do not hear the loudspeaker" in table["delay"].text


@pytest.mark.slow
def test_lost_samples_are_refused():
    truth = draw(48, "respeaker_2mic", drift_ppm=0.0)
    measured, table = calibrated(truth, Wrong(truth.room, lossy))
    assert measured.lost > 0 and "sound card" in red(table)


# --- the command -------------------------------------------------------------------------------


@pytest.fixture
def scene(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSISTANT_CONFIG", str(tmp_path / "elsewhere.toml"))
    (tmp_path / "elsewhere.toml").write_text("")
    path = tmp_path / "room.toml"
    path.write_text(SCENE)
    return path


def calibrate(scene, *more: str) -> int:
    picture = scene.with_name("picture.png")
    return cli.main(["calibrate", "--scene", str(scene), "--out", str(picture), *more])


def test_the_settings_are_written_and_the_owners_comments_stay(scene, tmp_path, capsys):
    own = tmp_path / "assistant.toml"
    text = f'# our kitchen\n[echo]\ntail_ms = 300  # big room\n[store]\npath = "{tmp_path}/a.db"\n'
    own.write_text(text)
    own.chmod(0o640)
    assert calibrate(scene, "--config", str(own)) == 0
    shown = capsys.readouterr().out
    assert "Wrote echo.delay_ms = 55." in shown and "before-calibrate" in shown
    written = own.read_text()
    assert load(own).echo.delay_ms == pytest.approx(55.3, abs=1.0)
    assert "# our kitchen" in written and "tail_ms = 300  # big room" in written
    assert own.with_name("assistant.toml.before-calibrate").read_text() == text
    assert own.stat().st_mode & 0o777 == 0o640
    picture = scene.with_name("picture.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 20_000


def test_nothing_is_written_where_nobody_asked(scene, tmp_path, capsys):
    assert calibrate(scene, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] and report["settings"] == {
        "echo.delay_ms": pytest.approx(report["measured"]["delay_ms"], abs=0.06)
    }
    assert {f["name"] for f in report["findings"]} >= {"delay", "clock drift", "echo", "clipping"}
    assert (tmp_path / "elsewhere.toml").read_text() == ""


def test_bad_results_are_not_written(scene, tmp_path, capsys):
    own = tmp_path / "assistant.toml"
    own.write_text("# mine\n")
    scene.write_text(SCENE.replace("drift_ppm = 40.0", "drift_ppm = 900.0"))
    assert calibrate(scene, "--config", str(own)) == 1
    assert "Nothing was written" in capsys.readouterr().out
    assert own.read_text() == "# mine\n"
    assert not own.with_name("assistant.toml.before-calibrate").exists()
