#!/usr/bin/env bash
# Runs the service under a systemd of its own, in a container made of a fresh Debian:
#
#   tests/arm64/service.sh [SUITE [ARCHITECTURE]]     trixie amd64
#
# It is installed there and started; its audio thread is made to hang, and systemd restarts it; an
# upgrade that does not come up, is ended or is cut off by a loss of power is taken back, with the
# store as it was; it is removed. Needs what run.sh needs, and systemd-container.
set -euo pipefail

suite=${1:-trixie}
arch=${2:-amd64}
# shellcheck source=tests/arm64/roots.sh
source "$(dirname "$0")/roots.sh"
system=$roots/service-$suite-$arch
cache=$roots/service.cache

# In this mount namespace the container gets the one hierarchy of control groups it wants.
prepare_groups() {
    mount --make-rprivate /
    umount -R /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    trap 'shut_down KILL' EXIT
}

boot() {
    systemd-nspawn -q --register=no --keep-unit --capability=all --console=passive \
        --machine=assistant-test -D "$system" --boot < /dev/null >> "$roots/service.boot.log" 2>&1 &
    container=$!
    until leader=$(pgrep -P "$container"); do sleep 0.2; done
    until within systemctl is-system-running > /dev/null 2>&1; do sleep 0.5; done
}

# shut_down SIGNAL: RTMIN+4 asks systemd to power off, KILL is a power cut.
shut_down() {
    kill "-$1" "$leader" 2> /dev/null || true
    wait "$container" 2> /dev/null || true
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

# How the kernel ranks the threads of the service: FF is real time.
priorities() {
    within ps -L -o cls,rtprio,ni,comm -p "$(main_pid)" | sort | uniq -c
    within grep 'realtime priority' "/proc/$(main_pid)/limits"
    within assistant status | tail -n 1
}

main_pid() { within systemctl show -p MainPID --value assistant; }

refuse_priority() {
    within mkdir -p /run/systemd/system/assistant.service.d
    within bash -c 'printf "[Service]\nLimitRTPRIO=0\n" > /run/systemd/system/assistant.service.d/no.conf'
    within systemctl daemon-reload
    within systemctl restart assistant
    priorities
    journal 30 | grep 'usual priority'
    within rm -r /run/systemd/system/assistant.service.d
    within systemctl daemon-reload
    within systemctl restart assistant
}

# Who is in the group may command the speaker, and nobody else.
who_may() {
    within useradd -G assistant member
    within useradd stranger
    within stat -c '%A %U %G %n' /run/assistant /run/assistant/control
    within setpriv --reuid member --init-groups --inh-caps=-all assistant say "A member may."
    until journal 60 | grep 'A member may'; do sleep 0.5; done
    within setpriv --reuid stranger --init-groups --inh-caps=-all assistant status ||
        echo "a stranger: exit status $?"
    [[ -z $(within nsenter -t "$(main_pid)" -n ss -Hltun) ]]
    echo "it listens on no port"
}

# broken_version NAME CODE: a newer version of the sources that runs CODE instead of the speaker.
broken_version() {
    rm -rf "${system:?}/$1"
    cp -a "$system/src" "$system/$1"
    cat >> "$system/$1/assistant/app.py" << END


def run(settings: Settings) -> int:
    store = Store(settings.store.path)
    with store.write() as db:
        db.execute("CREATE TABLE of_the_future (x)")
    $2
END
}

as_it_was() {
    within systemctl is-active assistant
    within readlink /opt/assistant/current
    within assistant ask "what's on my shopping list"
    within python3 -c 'import sqlite3
tables = sqlite3.connect("/var/lib/assistant/assistant.db").execute("SELECT name FROM sqlite_master")
print("the new version has changed the store:", "of_the_future" in {name for name, in tables})'
    within ls /opt/assistant /opt/assistant/versions
}

break_upgrade() {
    broken_version broken 'raise AssistantError("this version cannot run")'
    within assistant ask "add milk to the shopping list"
    within /broken/install.sh upgrade --no-models || echo "exit status $?"
    as_it_was
}

# Starts an upgrade to a version that is never ready, and returns while systemd waits for it.
hang_upgrade() {
    broken_version hanging 'import threading; threading.Event().wait()'
    nsenter -t "$leader" -m -u -i -n -p -C -r -w env -i --default-signal=INT HOME=/root \
        LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        PIP_CERT=/machine/ca.crt PIP_CACHE_DIR=/machine/cache \
        setsid -w /hanging/install.sh upgrade --no-models &
    upgrade=$!
    until [[ -e $system/opt/assistant/trying ]] &&
        [[ $(within systemctl show -p ActiveState --value assistant) == activating ]]; do
        sleep 0.5
    done
}

end_upgrade() {
    local installer
    hang_upgrade
    installer=$(within pgrep -o -f '^bash /hanging/install.sh')
    within kill -INT -- "-$(within ps -o pgid= -p "$installer" | tr -d ' ')"
    wait "$upgrade" || echo "exit status $?"
    as_it_was
}

cut_power() {
    hang_upgrade
    within readlink /opt/assistant/current
    shut_down KILL
    wait "$upgrade" || true
    boot
    within systemctl show -p Result,ExecMainStatus assistant-settle
    within journalctl -b -u assistant-settle --no-pager -o cat
    as_it_was
}

make_base
make_system
command -v systemd-nspawn > /dev/null || apt-get install -y -qq systemd-container
inside apt-get update -qq
inside env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd \
    systemd-sysv dbus udev procps iproute2 > "$roots/service.apt.log" 2>&1
umount "$system/proc" "$system/sys"
# A sound card that hears and plays nothing.
echo 'pcm.!default { type null }' > "$system/etc/asound.conf"
rm -f "$roots/service.boot.log"
prepare_groups
boot
say "install.sh install"
within /src/install.sh install --no-models
within systemctl --no-pager -n 0 status assistant
journal 60 | grep Hello
say "the audio thread's priority"
# Bit 24 is CAP_SYS_RESOURCE: without it nobody here can raise a limit, not even systemd.
(($(sed -n 's/^CapBnd:\s*/0x/p' /proc/self/status) >> 24 & 1)) ||
    echo "this machine may not raise LimitRTPRIO: the usual priority is right here"
priorities
say "... and where it is refused"
refuse_priority
say "who may command it"
who_may
say "a stuck audio thread"
hang
say "an upgrade that does not come up"
break_upgrade
say "an upgrade that is ended by Ctrl-C while the new version starts"
end_upgrade
say "a power cut while the new version starts"
cut_power
say "backup, and the timers"
for ((i = 0; i < 9; i++)); do
    within systemctl reset-failed assistant-backup.service 2> /dev/null || true # nine at a time
    within systemctl start assistant-backup.service
    sleep 1 # a copy is named by its second
done
within ls -l /var/lib/assistant /var/lib/assistant/backups
within systemctl list-timers --all --no-pager 'assistant*'
within systemctl is-enabled assistant-update-check.timer || true
say "systemd-analyze verify and security"
within bash -c 'systemd-analyze verify /etc/systemd/system/assistant*' && echo "verify: no mistake"
for unit in assistant assistant-settle assistant-backup assistant-update-check; do
    within systemd-analyze security "$unit.service" --no-pager | tail -n 1
done
say "install.sh uninstall --purge"
within /src/install.sh uninstall --purge
within systemctl status assistant --no-pager 2>&1 | tail -n 1 || true
shut_down RTMIN+4
say "done"
