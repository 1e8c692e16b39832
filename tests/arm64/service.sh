#!/usr/bin/env bash
# Runs the service under a systemd of its own, in a container made of a fresh Debian:
#
#   tests/arm64/service.sh [SUITE [ARCHITECTURE]]     trixie amd64
#
# It is installed there and started; its audio thread is made to hang, and systemd restarts it; an
# upgrade that does not come up is taken back, with the store as it was; it is removed. Needs what
# run.sh needs, and systemd-container.
set -euo pipefail

suite=${1:-trixie}
arch=${2:-amd64}
# shellcheck source=tests/arm64/roots.sh
source "$(dirname "$0")/roots.sh"
system=$roots/service-$suite-$arch
cache=$roots/service.cache

# In this mount namespace the container gets the one hierarchy of control groups it wants.
boot() {
    mount --make-rprivate /
    umount -R /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    systemd-nspawn -q --register=no --keep-unit --capability=all --console=passive \
        --machine=assistant-test -D "$system" --boot < /dev/null &
    container=$!
    trap 'kill "$container" 2> /dev/null; wait "$container" 2> /dev/null || true' EXIT
    until leader=$(pgrep -P "$container"); do sleep 0.2; done
    until within systemctl is-system-running > /dev/null 2>&1; do sleep 0.5; done
}

within() {
    nsenter -t "$leader" -m -u -i -n -p -C -r -w env -i HOME=/root LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        PIP_CERT=/machine/ca.crt PIP_CACHE_DIR=/machine/cache "$@"
}

journal() { within journalctl -u assistant --no-pager -o cat --since "-$1s"; }

hang() {
    # The shipped program, but that its sound card stops answering once a file is there.
    cat > "$system/srv/hanging.py" << 'END'
import sys, threading
from pathlib import Path
from assistant import cli
from assistant.audio.pyaudio_device import PyAudioDevice

exchange = PyAudioDevice.exchange
hang = Path("/run/assistant/hang")

def hanging(self, out):
    if hang.exists():
        hang.unlink()
        threading.Event().wait()
    return exchange(self, out)

PyAudioDevice.exchange = hanging
sys.exit(cli.main(["run"]))
END
    local unit=/etc/systemd/system/assistant.service.d
    mkdir -p "$system$unit"
    printf '[Service]\nExecStart=\nExecStart=%s /srv/hanging.py\n' \
        /opt/assistant/current/venv/bin/python > "$system$unit/hang.conf"
    within systemctl daemon-reload
    within systemctl restart assistant
    within touch /run/assistant/hang
    until [[ $(within systemctl show -p NRestarts --value assistant) == 1 ]]; do sleep 1; done
    until journal 60 | grep -q 'Sorry, I had'; do sleep 1; done
    journal 60 | grep -E 'Watchdog|in hanging|signal SIGABRT|restart job|Sorry'
    rm -r "${system:?}$unit"
    within systemctl daemon-reload
    within systemctl restart assistant
}

break_upgrade() {
    cp -a "$system/src" "$system/broken"
    cat >> "$system/broken/assistant/app.py" << 'END'


def run(settings: Settings) -> int:
    store = Store(settings.store.path)
    with store.write() as db:
        db.execute("CREATE TABLE of_the_future (x)")
    raise AssistantError("this version cannot run")
END
    within assistant ask "add milk to the shopping list"
    within /broken/install.sh upgrade || echo "exit status $?"
    within systemctl is-active assistant
    within readlink /opt/assistant/current
    within assistant ask "what's on my shopping list"
    within python3 -c 'import sqlite3
tables = sqlite3.connect("/var/lib/assistant/assistant.db").execute("SELECT name FROM sqlite_master")
print("of_the_future" in {name for name, in tables})'
}

make_base
make_system
command -v systemd-nspawn > /dev/null || apt-get install -y -qq systemd-container
inside apt-get update -qq
inside env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd \
    systemd-sysv dbus udev > "$roots/service.apt.log" 2>&1
umount "$system/proc" "$system/sys"
# A sound card that hears and plays nothing.
echo 'pcm.!default { type null }' > "$system/etc/asound.conf"
boot
say "install.sh install"
within /src/install.sh install
within systemctl --no-pager -n 0 status assistant
within assistant status
journal 60
say "a stuck audio thread"
hang
say "an upgrade that does not come up"
break_upgrade
say "backup, and the timers"
within systemctl start assistant-backup.service
within ls -l /var/lib/assistant /var/lib/assistant/backups
within systemctl list-timers --all --no-pager
say "systemd-analyze security"
for unit in assistant assistant-backup assistant-update-check; do
    within systemd-analyze security "$unit.service" --no-pager | tail -n 1
done
say "install.sh uninstall --purge"
within /src/install.sh uninstall --purge
within systemctl status assistant --no-pager 2>&1 | tail -n 1 || true
within poweroff
wait "$container" || true
