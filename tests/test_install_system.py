"""What install.sh changes in a system, tried on systems made of a few files (--root)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.installing import CONFIG, ROOT, contents, install, make_pi, steps, tree


@pytest.fixture
def pi(tmp_path) -> Path:
    return make_pi(tmp_path)


def test_a_dry_run_names_every_change_and_makes_none(pi):
    before = tree(pi)
    shown = install("install", "--dry-run", "--root", pi, "--board", "respeaker_2mic")
    assert shown.returncode == 0, shown.stderr
    assert tree(pi) == before
    for path in (
        "/opt/assistant/versions/1",
        "/etc/assistant/assistant.toml",
        "/etc/udev/rules.d/60-assistant.rules",
        "/etc/polkit-1/rules.d/60-assistant.rules",
        "/boot/firmware/config.txt",
        "/boot/firmware/config.txt.before-assistant",
        "/etc/systemd/system/assistant.service",
        "/usr/local/bin/assistant",
    ):
        assert f" {path}" in shown.stdout, path
    assert shown.stdout.endswith("Nothing was changed.\n")
    assert shown.stdout.count("\n") < 40  # one screen
    assert "Raspberry Pi 4" in shown.stdout and "bookworm" in shown.stdout
    assert "/dev/null" not in shown.stdout


def test_config_txt_gets_only_what_is_missing_and_keeps_a_backup(pi):
    config = pi / "boot/firmware/config.txt"
    assert steps(pi, "set_up_boot", wanted_board="respeaker_2mic").returncode == 0
    text = config.read_text()
    assert text.startswith(CONFIG)
    added = text.removeprefix(CONFIG).splitlines()
    # spi is on for the Pi 4's section only, i2c for all.
    assert added[1:-1] == [
        "[all]", "dtparam=i2s=on", "dtparam=spi=on", "dtoverlay=wm8960-soundcard"
    ]  # fmt: skip
    assert (pi / "boot/firmware/config.txt.before-assistant").read_text() == CONFIG
    before = tree(pi)
    assert steps(pi, "set_up_boot", wanted_board="respeaker_2mic").returncode == 0
    assert tree(pi) == before
    assert steps(pi, "set_up_boot", wanted_board="default").returncode == 0
    assert config.read_text() == CONFIG
    assert (pi / "boot/firmware/config.txt.before-assistant").read_text() == CONFIG


def test_config_txt_without_a_need_is_not_touched(pi):
    before = tree(pi)
    assert steps(pi, "set_up_boot", wanted_board="respeaker_usb_v2").returncode == 0
    assert tree(pi) == before


def test_the_word_clock_of_a_zero_2_w_is_an_output(pi):
    (pi / "proc/device-tree/model").write_text("Raspberry Pi Zero 2 W Rev 1.0")
    assert steps(pi, "set_up_boot", wanted_board="respeaker_2mic").returncode == 0
    assert "gpio=19=a0\n" in (pi / "boot/firmware/config.txt").read_text()


def test_a_missing_overlay_is_said(pi):
    (pi / "boot/firmware/overlays/wm8960-soundcard.dtbo").unlink()
    ran = steps(pi, "set_up_boot", 'printf "%s\\n" "${skipped[@]}"', wanted_board="respeaker_2mic")
    assert "no overlay wm8960-soundcard" in ran.stdout
    assert "dtoverlay" not in (pi / "boot/firmware/config.txt").read_text()


def test_another_sound_card_on_the_pins_is_said_and_not_joined(pi):
    config = pi / "boot/firmware/config.txt"
    config.write_text(CONFIG + "dtoverlay=seeed-2mic-voicecard\n")
    ran = steps(pi, "set_up_boot", SKIPPED, wanted_board="respeaker_2mic")
    assert "dtoverlay=seeed-2mic-voicecard" in ran.stdout and "remove that line" in ran.stdout
    assert "wm8960" not in config.read_text()
    assert "dtparam=spi=on\n# assistant: end" in config.read_text()  # its lights work all the same


SKIPPED = 'printf "%s\\n" "${skipped[@]:-nothing}"'


@pytest.mark.parametrize(
    ("kernel", "told"), [("5.15.84", False), ("6.6.31+rpt", True), ("6.12.34+rpt", False)]
)
def test_a_kernel_whose_wm8960_is_silent_is_told(pi, kernel, told):
    fake = f'uname() {{ echo "{kernel}"; }}; detect'
    ran = steps(pi, fake, "set_up_boot", SKIPPED, wanted_board="respeaker_2mic")
    assert ("No MCLK configured" in ran.stdout and "full-upgrade" in ran.stdout) == told


def test_a_default_card_that_only_a_desktop_session_has_is_told(pi):
    assert steps(pi, "check_default_card", SKIPPED).stdout == "nothing\n"
    default = pi / "etc/alsa/conf.d/99-pipewire-default.conf"
    default.parent.mkdir(parents=True)
    default.write_text("pcm.!default { type pipewire }\n")
    assert "audio.device" in steps(pi, "check_default_card", SKIPPED).stdout
    hat = steps(pi, "check_default_card", SKIPPED, wanted_board="respeaker_2mic")
    assert hat.stdout == "nothing\n"  # it is opened by its own name


# Stands for the device-tree compiler.
DTC = """install_packages() { :; }; dtc() { cp "${@: -1}" "${@: -2:1}"; }"""


def test_an_overlay_that_is_compiled_here_is_made_once_and_removed_again(pi):
    before = contents(pi)
    overlay = pi / "boot/firmware/overlays/respeaker-2mic-v2.dtbo"
    shown = install("install", "--dry-run", "--root", pi, "--board", "respeaker_2mic_v2")
    assert "would compile the overlay respeaker-2mic-v2" in shown.stdout
    again = 'first=$reboot_needed reboot_needed=0; set_up_boot; echo "$first, then $reboot_needed"'
    ran = steps(pi, DTC, "set_up_boot", again, wanted_board="respeaker_2mic_v2")
    assert ran.stdout == "1, then 0\n"
    assert "dtoverlay=respeaker-2mic-v2\n" in (pi / "boot/firmware/config.txt").read_text()
    assert overlay.exists()
    # Another board does not need it, nor lose its own overlay by it.
    assert steps(pi, DTC, "set_up_boot", wanted_board="respeaker_2mic").returncode == 0
    assert "dtoverlay=wm8960-soundcard\n" in (pi / "boot/firmware/config.txt").read_text()
    assert install("uninstall", "--purge", "--root", pi).returncode == 0
    after = contents(pi)
    assert {name: after.get(name) for name in before} == before
    assert not overlay.exists()


def test_an_overlay_of_the_system_stays(pi):
    overlay = pi / "boot/firmware/overlays/respeaker-2mic-v2.dtbo"
    overlay.write_text("the system's")
    assert steps(pi, DTC, "set_up_boot", wanted_board="respeaker_2mic_v2").returncode == 0
    assert install("uninstall", "--purge", "--root", pi).returncode == 0
    assert overlay.read_text() == "the system's"


def test_offline_takes_nothing_from_the_network_by_accident(pi, tmp_path):
    ran = steps(pi, "make_version", offline=str(tmp_path))
    assert ran.returncode == 1 and "holds no folder wheels" in ran.stderr
    assert ran.stderr.count("\n") == 1 and not (pi / "opt/assistant/versions/1").exists()


@pytest.mark.parametrize(
    ("model", "kernel", "pins"),
    [
        ("Raspberry Pi 5 Model B", "6.1.0-rpi", "requirements-pi"),
        ("Raspberry Pi 4 Model B", "6.12.34+rpt-rpi-v8", "requirements-pi"),
        ("Raspberry Pi 4 Model B", "6.6.0", "requirements-pi"),
        ("Raspberry Pi 4 Model B", "6.1.21-v8+", "requirements-pi-old"),
        ("Raspberry Pi Zero 2 W", "5.15.84", "requirements-pi-old"),
        ("Some other board", "6.12.0", ""),
    ],
)
def test_the_pins_library_fits_the_model_and_the_kernel(pi, model, kernel, pins):
    (pi / "proc/device-tree/model").write_text(model)
    fake = f'uname() {{ echo "{kernel}"; }}; detect; echo "pins=$pins."'
    assert f"pins={pins}." in steps(pi, fake).stdout
    assert not pins or (ROOT / f"{pins}.lock").is_file()


def test_a_usb_array_is_found_and_needs_nothing_from_the_firmware(pi):
    device = pi / "sys/bus/usb/devices/1-1.2"
    device.mkdir(parents=True)
    (device / "idVendor").write_text("2886\n")
    (device / "idProduct").write_text("0018\n")
    before = tree(pi)
    ran = steps(pi, "set_up_boot", "set_up_levels", 'echo "$board.$card."')
    assert ran.stdout == "respeaker_usb_v2..\n"  # its card is found by its id at every start
    assert tree(pi) == before


def test_a_board_that_cannot_work_is_refused_before_any_change(pi):
    (pi / "proc/device-tree/model").write_text("Raspberry Pi 5 Model B Rev 1.0")
    before = tree(pi)
    refused = install("install", "--dry-run", "--root", pi, "--board", "respeaker_4mic")
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1
    assert "cannot record on a Pi 5" in refused.stderr and "USB array" in refused.stderr
    assert tree(pi) == before


SYSTEM = ("set_up_folders", "set_up_udev", "set_up_power", "set_up_boot", "set_up_levels",
          "set_up_commands")  # fmt: skip


def installed(pi: Path) -> None:
    """All of an installation but the virtual environment, into ``pi``."""
    version = 'mkdir -p "$target$opt/versions/1"; touch -r / "$target$opt/versions/1/complete"'
    ran = steps(pi, version, *SYSTEM, "come_up", wanted_board="respeaker_2mic")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (pi / "etc/assistant/assistant.toml").write_text("")
    (pi / "var/lib/assistant/assistant.db").write_text("")


def test_a_second_installation_changes_nothing(pi):
    installed(pi)
    before = tree(pi)
    installed(pi)
    after = tree(pi)
    touched = {"etc/assistant/assistant.toml", "var/lib/assistant/assistant.db"}  # by the test
    assert {k: v for k, v in after.items() if k not in touched} == {
        k: v for k, v in before.items() if k not in touched
    }


def test_uninstall_leaves_the_settings_and_what_was_remembered(pi):
    installed(pi)
    removed = install("uninstall", "--root", pi)
    assert removed.returncode == 0, removed.stderr
    left = [name for name in tree(pi) if "assistant" in name]
    assert sorted(left) == [
        "etc/assistant", "etc/assistant/assistant.toml", "etc/assistant/skills",
        "var/lib/assistant", "var/lib/assistant/assistant.db", "var/lib/assistant/models",
    ]  # fmt: skip
    assert "Kept: settings (/etc/assistant)" in removed.stdout


def test_purge_leaves_nothing(pi):
    before = contents(pi)
    installed(pi)
    shown = install("uninstall", "--purge", "--dry-run", "--root", pi)
    assert "would remove /opt/assistant" in shown.stdout
    assert (pi / "opt/assistant/current").is_symlink()
    assert install("uninstall", "--purge", "--root", pi).returncode == 0
    after = contents(pi)
    assert {name: after[name] for name in before} == before
    # Folders that every Debian has stay.
    assert [name for name in after if name not in before and (pi / name).is_file()] == []
    assert not [name for name in after if "assistant" in name]
    again = install("uninstall", "--purge", "--root", pi)
    assert again.returncode == 0 and "nothing was installed" in again.stdout


def test_what_was_half_written_is_written_again(pi):
    new = pi / "etc/udev/rules.d/60-assistant.rules.assistant-new"
    new.parent.mkdir(parents=True)
    new.write_text("half of i")
    installed(pi)
    assert not new.exists()
    rules = new.with_name("60-assistant.rules").read_text()
    assert rules.startswith("#") and rules.endswith("\n")


def test_an_interrupted_version_counts_for_nothing(pi):
    versions = pi / "opt/assistant/versions"
    for number in ("1", "2", "3"):
        (versions / number).mkdir(parents=True)
    (versions / "1" / "complete").write_text("abc\n")
    ran = steps(pi, "tidy_versions broken", "next_version", "version_with abc")
    assert ran.stdout.split() == ["2", "1"]
    assert sorted(path.name for path in versions.iterdir()) == ["1"]


def test_a_newer_version_is_looked_for_where_this_one_came_from(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    origin, copy = tmp_path / "origin", tmp_path / "installer"
    copy.mkdir()
    shutil.copytree(ROOT / "install", copy / "install")
    shutil.copy(ROOT / "install.sh", copy)

    def git(*arguments: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", *who, "-C", origin, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def check() -> subprocess.CompletedProcess:
        return subprocess.run([copy / "install.sh", "update-check"], capture_output=True, text=True)

    assert check().returncode == 1
    assert "does not say where it came from" in check().stderr
    origin.mkdir()
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "one")
    (copy / "origin").write_text(f"{origin} {git('rev-parse', 'HEAD')}\n")
    assert "up to date" in check().stdout
    git("commit", "-q", "--allow-empty", "-m", "two")
    assert "There is a newer speaker" in check().stdout
    shutil.rmtree(origin)
    assert check().returncode == 1 and "cannot be asked" in check().stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("install", "--dryrun"), '"--dryrun"'),
        (("install", "--root"), "--root needs a value"),
        (("install", "--purge"), "install has no --purge"),
        (("uninstall", "--root", "/nowhere/at/all"), "--root is no folder"),
        (("install", "--dry-run", "--board", "respeaker"), 'no board "respeaker"'),
    ],
)
def test_wrong_options_are_one_sentence(arguments, says):
    refused = install(*arguments)
    assert refused.returncode in (1, 2) and says in refused.stderr
    assert refused.stderr.count("\n") == 1 and refused.stdout == ""
