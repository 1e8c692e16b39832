#!/usr/bin/env bash
# Installs the speaker into a fresh Debian of its own and uses it there:
#
#   tests/arm64/run.sh [SUITE [ARCHITECTURE]]     trixie or bookworm; arm64 or amd64
#
# Needs root, the network, and on x86-64 about an hour for arm64 (it runs in an emulator). The fresh
# systems are kept in $ASSISTANT_ROOTS (default: assistant-roots beside other temporary files), so
# that the next run does not fetch them again; $ASSISTANT_WHEELS may name a folder with the locked
# packages, which an emulated pip is slow to fetch. Nothing outside that folder is changed but Debian's
# debootstrap and qemu-user-static, when they are missing.
set -euo pipefail

suite=${1:-trixie}
arch=${2:-arm64}
# shellcheck source=tests/arm64/roots.sh
source "$(dirname "$0")/roots.sh"

# Both sets of pins are for a Pi only, and there is none here: what is locked is installed all the
# same, the second beside the first because they share a module's name.
install_pins() {
    local pip="/opt/assistant/current/venv/bin/python -m pip install --no-deps --require-hashes"
    inside apt-get install -y -qq --no-install-recommends swig > "$roots/$suite-$arch.swig.log" 2>&1
    inside env PYPI=1 bash -c "$pip --no-build-isolation -q -r /src/requirements-pi.lock"
    inside bash -c "$pip --no-build-isolation -q -t /tmp/old -r /src/requirements-pi-old.lock"
    inside /opt/assistant/current/venv/bin/python -c 'import lgpio, spidev, usb
print("lgpio", lgpio.get_module_version() if hasattr(lgpio, "get_module_version") else "loads")'
    inside ls /tmp/old
}

# What --dry-run and uninstall must leave as it was; logs and caches of apt and pip apart.
snapshot() {
    (cd "$system" && find . -path ./proc -prune -o -path ./sys -prune -o -path ./machine -prune -o -path ./src -prune -o \
        -printf '%p %y %m %U %s %l\n' | sort)
}

run() {
    prepare_emulator
    make_system
    snapshot > "$roots/$suite-$arch.before"
    say "install.sh install --dry-run"
    inside /src/install.sh install --dry-run
    snapshot | diff "$roots/$suite-$arch.before" - && echo "the file system is as it was"
    say "install.sh install"
    inside /src/install.sh install
    say "install.sh install, again"
    inside /src/install.sh install
    say "the locked packages for the pins"
    install_pins
    say "pip check of what is locked"
    inside /opt/assistant/current/venv/bin/python -m pip list 2> /dev/null
    say "assistant doctor"
    inside assistant doctor
    say 'assistant ask "what time is it"'
    inside assistant ask "what time is it"
    say "ten seconds in a room"
    inside assistant simulate /src/tests/arm64/ten_seconds.toml --out /tmp/ten --fixed-costs \
        --set speech.recogniser=vosk-household
    say "install.sh uninstall --purge"
    inside /src/install.sh uninstall --purge
    inside bash -c 'ls -d /opt/assistant /etc/assistant /var/lib/assistant 2>&1; getent passwd assistant' || true
    say "done"
}

make_base
run
