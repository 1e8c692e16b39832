#!/usr/bin/env bash
# Installs the speaker into a fresh Debian of its own and uses it there:
#
#   tests/arm64/run.sh [SUITE [ARCHITECTURE]]     trixie or bookworm; arm64 or amd64
#
# Needs root, the network, and on x86-64 about an hour for arm64 (it runs in an emulator). The fresh
# systems are kept in $ASSISTANT_ROOTS (default: assistant-roots beside other temporary files), so
# that the next run does not fetch them again. Nothing outside that folder is changed but Debian's
# debootstrap and qemu-user-static, when they are missing.
set -euo pipefail

suite=${1:-trixie}
arch=${2:-arm64}
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
roots=${ASSISTANT_ROOTS:-${TMPDIR:-/tmp}/assistant-roots}
base=$roots/$suite-$arch.base
system=$roots/$suite-$arch
cache=$roots/$suite-$arch.cache # of pip, between two runs

if ((EUID != 0)); then
    echo "run.sh: making a system of its own needs root; run it with sudo." >&2
    exit 1
fi
# In a mount namespace of its own nothing stays mounted, whatever happens.
[[ ${1:-} && ${IN_NAMESPACE:-} ]] || IN_NAMESPACE=1 exec unshare --mount "$0" "$suite" "$arch"

say() { printf '\n=== %s (%s on %s, after %d s)\n' "$1" "$suite" "$arch" "$SECONDS"; }

prepare_emulator() {
    [[ $arch != "$(dpkg --print-architecture)" ]] || return 0
    [[ -e /proc/sys/fs/binfmt_misc/register ]] ||
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    [[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]] || update-binfmts --enable qemu-aarch64
}

make_base() {
    local missing=()
    command -v debootstrap > /dev/null || missing+=(debootstrap)
    [[ $arch == "$(dpkg --print-architecture)" || -e /usr/bin/qemu-aarch64-static ]] ||
        missing+=(qemu-user-static binfmt-support)
    if ((${#missing[@]})); then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"
    fi
    prepare_emulator
    [[ -d $base ]] && return
    say "a fresh Debian"
    mkdir -p "$roots"
    rm -rf "$base.part"
    debootstrap --arch="$arch" --variant=minbase --include=ca-certificates "$suite" "$base.part" \
        "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" > "$roots/$suite-$arch.log"
    mv "$base.part" "$base"
}

make_system() {
    if [[ -d $system/machine/cache ]]; then
        rm -rf "$cache"
        mv "$system/machine/cache" "$cache"
    fi
    rm -rf "$system"
    cp -a --reflink=auto "$base" "$system"
    mkdir -p "$system/src" "$system/machine/cache"
    [[ ! -d $cache ]] || { rmdir "$system/machine/cache" && mv "$cache" "$system/machine/cache"; }
    git -C "$source" ls-files -z | (cd "$source" && xargs -0 cp --parents -t "$system/src")
    # How this machine reaches the network belongs to the run, not to the project.
    cp /etc/resolv.conf "$system/etc/resolv.conf"
    cp "${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}" "$system/machine/ca.crt"
    grep -hs '^Acquire' /etc/apt/apt.conf.d/* > "$system/etc/apt/apt.conf.d/99machine" || true
    mount -t proc proc "$system/proc"
}

inside() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        PIP_CERT=/machine/ca.crt PIP_CACHE_DIR=/machine/cache PIP_DEFAULT_TIMEOUT=180 \
        nice -n 10 chroot "$system" "$@"
}

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
    (cd "$system" && find . -path ./proc -prune -o -path ./machine -prune -o -path ./src -prune -o \
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
