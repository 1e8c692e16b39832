#!/usr/bin/env bash
# Installs the speaker into a fresh Debian of its own and uses it there:
#
#   tests/arm64/run.sh [SUITE [ARCHITECTURE]]     trixie or bookworm; arm64 or amd64
#
# Needs root, the network, and on x86-64 about an hour for arm64 (it runs in an emulator). The fresh
# systems are kept in $ASSISTANT_ROOTS (default: assistant-roots beside other temporary files), so
# that the next run does not fetch them again; $ASSISTANT_WHEELS may name a folder with the locked
# packages (wheels.sh fills it), which an emulated pip is slow to fetch: then it is installed with
# --offline. $ASSISTANT_QEMU may name a newer qemu-aarch64, linked statically, than this system's: with
# Debian 12's Python 3.13 cannot load onnxruntime. Nothing outside that folder is changed but Debian's debootstrap and qemu-user-static,
# when they are missing.
set -euo pipefail

suite=${1:-trixie}
arch=${2:-arm64}
# shellcheck source=tests/arm64/roots.sh
source "$(dirname "$0")/roots.sh"
python=/opt/assistant/current/venv/bin/python
options=()
pip_options=()
if [[ -n ${ASSISTANT_WHEELS:-} ]]; then
    options=(--offline /machine)
    pip_options=(--no-index --find-links /machine/wheels)
fi

# Both sets of pins are for a Pi only, and there is none here: what is locked is installed all the
# same, each in a folder of its own because they share a module's name.
install_pins() {
    local lock
    inside apt-get install -y -qq --no-install-recommends swig > "$roots/$suite-$arch.swig.log" 2>&1
    for lock in requirements-pi requirements-pi-old; do
        inside env PYPI=1 PATH="/opt/assistant/current/venv/bin:/usr/bin:/bin" "$python" -m pip \
            install -q --no-deps --require-hashes --no-build-isolation "${pip_options[@]}" \
            -t "/tmp/$lock" -r "/src/$lock.lock"
        check_locked "$lock" "/tmp/$lock"
    done
    inside env -C /tmp PYTHONPATH=/tmp/requirements-pi "$python" -c 'import lgpio, spidev
print("lgpio", lgpio.get_module_version(), "and spidev load")'
}

# check_locked LOCK [FOLDER]: is every package of the lock there, in the locked version?
check_locked() {
    inside "$python" - "$@" << 'END'
import re, sys
from importlib.metadata import distributions
from pathlib import Path
from pip._vendor.packaging.requirements import Requirement

where = {"path": sys.argv[2:]} if sys.argv[2:] else {}
there = {re.sub(r"[_.]", "-", d.name.lower()): d.version for d in distributions(**where)}
lines = Path(f"/src/{sys.argv[1]}.lock").read_text().splitlines()
locked = [Requirement(line.rstrip(" \\")) for line in lines if re.match("[a-z]", line)]
wanted = {r.name: str(r.specifier)[2:] for r in locked if r.marker is None or r.marker.evaluate()}
wrong = {name: there.get(name) for name, version in wanted.items() if there.get(name) != version}
print(f"{sys.argv[1]}: {len(wanted) - len(wrong)} of {len(wanted)} locked packages are there", wrong or "")
sys.exit(bool(wrong))
END
}

# What --dry-run, a second installation and uninstall must leave as it was.
snapshot() {
    (cd "$system" && find . -path ./proc -prune -o -path ./sys -prune -o -path ./machine -prune -o \
        -path ./src -prune -o -path ./var/log/assistant-install.log -prune -o -type d \
        -printf '%p\td %m %U\n' -o -printf '%p\t%y %m %U %s %T@ %l\n' | sort)
}

# Prints the files there are now and were not before, but for what belongs to Debian's packages or
# was made by their scripts, the caches of apt and Python, and what the tools used here cached.
left_over() {
    local others='^\./(dev|root|tmp|etc/(alternatives|python3)|usr/local/lib/python3[^/]*'
    others+='|var/(cache|log|lib/(apt|dpkg|python|ucf|systemd|pam|alsa)))(/|$)'
    others+='|^\./usr/(bin|share/man/man1|lib)/(c[89]9|cc|cpp)(\.1\.gz)?$|__pycache__|\.pyc$'
    others+='|^\./etc/(hosts|networks|inputrc|ld\.so\.cache|(passwd|group|shadow|gshadow|subuid|subgid)-?)$'
    # Debian's lists name files by /lib and the like, which are links into /usr.
    { inside bash -c 'cat /var/lib/dpkg/info/*.list' && echo; } |
        sed -E 's#^/(bin|sbin|lib|lib64)(/|$)#/usr/\1\2#; s#^#.#' | sort -u > "$1.packaged"
    snapshot | cut -f1 | sort | comm -13 <(cut -f1 "$1" | sort) - | comm -13 "$1.packaged" - |
        grep -vE "$others" || true
}

run() {
    local before=$roots/$suite-$arch.before left
    prepare_emulator
    make_system
    snapshot > "$before"
    cp "$system/etc/passwd" "$system/etc/group" "$roots/"
    say "install.sh install --dry-run"
    inside /src/install.sh install --dry-run "${options[@]}"
    snapshot | diff "$before" -
    echo "the file system is as it was"
    say "install.sh install ${options[*]}"
    inside /src/install.sh install "${options[@]}"
    snapshot > "$before.second"
    say "install.sh install ${options[*]}, again"
    inside /src/install.sh install "${options[@]}"
    snapshot | diff "$before.second" -
    echo "nothing has changed but its log"
    say "the locked packages"
    check_locked requirements-build
    check_locked requirements
    install_pins
    say "assistant doctor"
    inside assistant doctor
    say 'assistant ask "what time is it"'
    inside assistant ask "what time is it"
    say "ten seconds in a room, on $(inside uname -m)"
    inside assistant simulate /src/tests/arm64/ten_seconds.toml --out /tmp/ten --fixed-costs \
        --set speech.recogniser=vosk-household
    say "install.sh uninstall --purge"
    inside /src/install.sh uninstall --purge
    left=$(left_over "$before")
    echo "left in the file system: ${left:-nothing}"
    diff "$roots/passwd" "$system/etc/passwd" && echo "left in /etc/passwd: nothing"
    diff "$roots/group" "$system/etc/group" || true
    [[ -z $left ]]
    say "done"
}

make_base
run
