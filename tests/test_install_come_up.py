"""A new version comes into use, or the old one is as it was, whatever fails or cuts it off."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.installing import ROOT, make_pi, steps

# The system of a speaker whose version 1 is in use, while version 2 is about to come up. What is
# not a file is played: the service, which changes the store when it starts, and SQLite's backup.
PLAYED = """
service() {
    echo "service $1" >> "$target/calls"
    if [[ $1 == restart ]]; then
        echo "changed by $(link_of current)" > "$target/store"
        [[ ! -e $target/broken-$(link_of current) ]]
    fi
}
start_timer() { :; }
journalctl() { :; }
store_file() { echo "$target/store"; }
install() { command cp "${@: -2}"; }
systemd_runs() { true; }
systemctl() { echo "systemctl $1" >> "$target/calls"; }
units=(assistant.service) wanted_by=(multi-user.target.wants/assistant.service)
version=2
"""
# Cuts the power before the nth change of a file.
CUT = """
left=%d
cut() { if ((--left == 0)); then kill -9 $$; fi; }
install() { cut; command cp "${@: -2}"; }
sync() { cut; }
for command in mv rm ln mkdir; do
    eval "$command() { cut; command $command \\"\\$@\\"; }"
done
"""
BEGIN = "trap ended EXIT; trap interrupted INT TERM HUP"


@pytest.fixture
def upgrading(tmp_path) -> Path:
    system = make_pi(tmp_path)
    opt = system / "opt/assistant"
    for number in ("1", "2"):
        binary = opt / "versions" / number / "venv/bin/assistant"
        binary.parent.mkdir(parents=True)
        binary.write_text('#!/bin/sh\nfor to; do :; done\ncp "${0%/opt/*}/store" "$to"\n')
        binary.chmod(0o755)
        units = opt / "versions" / number / "installer/systemd"
        units.mkdir(parents=True)
        for unit in (ROOT / "systemd").iterdir():
            (units / unit.name).write_text(f"unit of version {number}\n")
        (opt / "versions" / number / "complete").write_text("abc\n")
    for link in ("good", "current"):
        (opt / link).symlink_to("versions/1")
    (system / "store").write_text("of version 1\n")
    shutil.copytree(opt / "versions/1/installer/systemd", system / "etc/systemd/system")
    return system


def in_use(system: Path) -> dict[str, str]:
    """Return what a restart of the machine would start, and with which store."""
    opt = system / "opt/assistant"
    return {
        "current": (opt / "current").readlink().name,
        "good": (opt / "good").readlink().name,
        "store": (system / "store").read_text().strip(),
        "unit": (system / "etc/systemd/system/assistant.service").read_text().strip()[-1],
    }


def upgrade(system: Path, *more: str):
    sources = 'root="$target$opt/versions/2/installer"'
    return steps(system, PLAYED, BEGIN, sources, *more, 'start_version "$(link_of good)"')


AS_IT_WAS = {"current": "1", "good": "1", "unit": "1"}


def left_over(system: Path) -> list[str]:
    opt = system / "opt/assistant"
    return [path.name for path in opt.iterdir() if path.name in ("trying", "before-upgrade.db")]


def test_a_version_that_comes_up_is_the_good_one(upgrading):
    assert upgrade(upgrading).returncode == 0
    assert in_use(upgrading) == {
        "current": "2", "good": "2", "store": "changed by 2", "unit": "2"
    }  # fmt: skip
    assert (upgrading / "opt/assistant/previous").readlink().name == "1"
    assert not left_over(upgrading)


def test_a_version_that_does_not_come_up_leaves_everything_as_it_was(upgrading):
    (upgrading / "broken-2").touch()
    failed = upgrade(upgrading)
    assert failed.returncode == 1 and "version 1 is in use again" in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert in_use(upgrading) == {**AS_IT_WAS, "store": "changed by 1"}
    calls = (upgrading / "calls").read_text().split("\n")[:-1]
    assert calls == [
        "service stop", "systemctl daemon-reload", "service restart",
        "service stop", "systemctl daemon-reload", "service restart",
    ]  # fmt: skip
    assert not (upgrading / "opt/assistant/versions/2/complete").exists()
    assert not left_over(upgrading)


@pytest.mark.parametrize("signal", ["INT", "TERM", "HUP"])
@pytest.mark.parametrize("during", ["stop", "restart"])
def test_ctrl_c_while_it_starts_brings_the_old_version_back(upgrading, signal, during):
    ending = f"""
    eval "played_$(declare -f service)"
    service() {{
        played_service "$@" || return
        if [[ $1 == {during} && ! -e $target/ended ]]; then
            touch "$target/ended"
            kill -{signal} $$
        fi
    }}
    """
    ended = upgrade(upgrading, ending)
    assert ended.returncode == 130 and "version 1 is in use again" in ended.stderr
    assert in_use(upgrading) == {**AS_IT_WAS, "store": "changed by 1"}
    assert (upgrading / "calls").read_text().endswith("service restart\n")
    assert not left_over(upgrading)
    assert (upgrading / "opt/assistant/versions/2/complete").exists()  # it may be tried again


def test_a_store_that_cannot_be_copied_does_not_leave_the_speaker_stopped(upgrading):
    (upgrading / "opt/assistant/versions/1/venv/bin/assistant").write_text("#!/bin/sh\nexit 1\n")
    failed = upgrade(upgrading)
    assert failed.returncode == 1 and "store could not be copied" in failed.stderr
    assert (upgrading / "calls").read_text().endswith("service restart\n")
    assert in_use(upgrading)["current"] == "1" and not left_over(upgrading)


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["", "broken-2"], ids=["works", "does not come up"])
def test_after_a_power_cut_at_any_change_a_good_version_starts(tmp_path, upgrading, broken):
    if broken:
        (upgrading / broken).touch()
    kept = tmp_path / "kept"
    upgrading.rename(kept)
    cuts = 0
    for nth in range(1, 100):
        shutil.copytree(kept, upgrading, symlinks=True)
        ran = upgrade(upgrading, CUT % nth)
        if ran.returncode != -9:
            break
        cuts += 1
        settles(upgrading, again=1 + nth % 5)
        shutil.rmtree(upgrading)
    assert cuts > 8 and ran.returncode == bool(broken)


def settles(system: Path, again: int) -> None:
    """The machine starts, loses power once more, starts again: what would run must be good."""
    steps(system, PLAYED, CUT % again, "settle")
    settled = steps(system, PLAYED, "settle")
    assert settled.returncode == 0, settled.stderr
    now = in_use(system)
    assert now["current"] == now["good"], now
    if now["good"] == "1":
        assert now["store"] in ("of version 1", "changed by 1"), now
    assert not left_over(system)


def test_a_copy_of_the_store_from_an_upgrade_that_was_ended_is_not_used_later(upgrading):
    opt = upgrading / "opt/assistant"
    (opt / "before-upgrade.db").write_text("weeks old\n")
    (upgrading / "broken-2").touch()
    assert (
        upgrade(
            upgrading, "service() { [[ $1 != restart || $(link_of current) == 1 ]]; }"
        ).returncode
        == 1
    )
    assert in_use(upgrading)["store"] == "of version 1"


def test_a_first_installation_waits_for_the_restart_its_board_needs(tmp_path):
    system = make_pi(tmp_path)
    ran = steps(system, PLAYED, "reboot_needed=1", "come_up", "finish")
    assert ran.returncode == 0, ran.stderr
    assert "after a restart" in ran.stdout and "sudo reboot" in ran.stdout
    assert (system / "opt/assistant/current").readlink().name == "2"
    assert not (system / "opt/assistant/good").exists()


def test_what_nobody_foresaw_is_still_one_sentence_with_a_remedy(tmp_path):
    ran = steps(make_pi(tmp_path), BEGIN, "false")
    assert ran.returncode == 1 and ran.stderr.count("\n") == 1
    assert "run the same command again" in ran.stderr


def test_an_uninstall_that_is_cut_off_leaves_no_half_version_that_looks_whole(upgrading):
    half = """rm() {
        command rm "$@" 2> /dev/null || true
        [[ $1 != -rf ]] || kill -9 $$
    }
    drop() { if [[ $1 == "$opt" ]]; then rm -rf "$target$opt/versions/1/venv"; fi; }
    """
    assert steps(upgrading, half, "uninstall_system").returncode == -9
    versions = upgrading / "opt/assistant/versions"
    assert not (versions / "1/venv").exists()
    assert not list(versions.glob("*/complete"))


def test_a_lock_that_a_killed_useradd_left_is_no_hindrance(tmp_path):
    for name, pid in (("passwd", "1"), ("group", "999999999"), ("shadow", str(os.getpid()))):
        (tmp_path / f"{name}.lock").write_text(f"{pid}\0")
    assert steps(make_pi(tmp_path), f'free_locks "{tmp_path}"').returncode == 0
    assert not list(tmp_path.glob("*.lock"))


def test_a_useradd_at_work_is_waited_for(tmp_path):
    shutil.copy("/bin/cat", tmp_path / "useradd")
    lock = tmp_path / "passwd.lock"
    with subprocess.Popen([tmp_path / "useradd"], stdin=subprocess.PIPE) as other:
        lock.write_text(str(other.pid))
        ran = steps(make_pi(tmp_path), "lock_wait_s=0.3", f'free_locks "{tmp_path}"')
        assert ran.returncode == 1 and f"held by process {other.pid}" in ran.stderr
        assert lock.exists()
        other.stdin.close()
    assert steps(make_pi(tmp_path), f'free_locks "{tmp_path}"').returncode == 0


def test_what_asks_the_new_version_ends_with_install_sh(tmp_path):
    # In a process group of its own it would outlive a kill, and hold the lock of the next run.
    system = make_pi(tmp_path)
    asked = system / "opt/assistant/versions/1/venv/bin/assistant"
    asked.parent.mkdir(parents=True)
    asked.write_text(
        "#!/bin/bash\n"
        "read -r _ _ _ timeout group _ < /proc/$$/stat\n"
        "read -r _ _ _ installer _ < /proc/$timeout/stat\n"
        "read -r _ _ _ _ group_of_installer _ < /proc/$installer/stat\n"
        "echo $group $group_of_installer\n"
    )
    asked.chmod(0o755)
    ran = steps(system, 'venv="$target$opt/versions/1/venv"', "try_version", 'tail -n 1 "$log"')
    groups = ran.stdout.split()
    assert len(groups) == 2 and len(set(groups)) == 1, ran.stdout + ran.stderr


@pytest.mark.parametrize("ending", ["true", "die 'no more' 'try again'", "kill -INT $$"])
def test_the_light_of_an_update_goes_out_however_it_ends(upgrading, ending):
    binary = upgrading / "opt/assistant/versions/1/venv/bin/assistant"
    binary.write_text('#!/bin/sh\necho "$@" >> "${0%/opt/*}/shown"\n')
    steps(upgrading, PLAYED, BEGIN, "light_updating on", ending)
    assert (upgrading / "shown").read_text() == "lights --updating on\nlights --updating off\n"


def test_a_speaker_that_cannot_show_it_is_updated_all_the_same(upgrading):
    binary = upgrading / "opt/assistant/versions/1/venv/bin/assistant"
    binary.write_text('#!/bin/sh\necho "$@" >> "${0%/opt/*}/shown"\nexit 2\n')
    assert steps(upgrading, PLAYED, BEGIN, "light_updating on").returncode == 0
    assert (upgrading / "shown").read_text() == "lights --updating on\n"
