#!/usr/bin/env bash
# Sets up the speaker on Debian, Raspberry Pi OS or Ubuntu, and does one job with it.
# `./install.sh --help` explains the jobs.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
venv=$root/.venv
log=$root/install.log
needed_mb=900
needs_python="Python 3.11, 3.12 or 3.13"

# espeak-ng speaks without a model, PortAudio reaches the sound card, gcc compiles its binding;
# the tests also play through ALSA's plug-ins and compare the echo canceller with SpeexDSP's.
run_packages=(espeak-ng portaudio19-dev gcc libc6-dev)
test_packages=(libasound2-plugins libspeexdsp1)

usage() {
    cat << END
A smart speaker you can interrupt.

  ./install.sh demo [--out DIR] [--play]   hear a household evening in a simulated room
  ./install.sh test [PYTEST ARGUMENTS]     run every test; -m "not slow" leaves out the long ones
  ./install.sh setup                       only set up

Each job first sets up what it needs: Debian packages through apt (only missing ones; sudo is asked
for then), a virtual environment in .venv, and the locked Python packages, each checked against its
hash. That takes a few minutes and about ${needed_mb} MB once; the next run starts at once and needs no
network. Outside this folder only Debian packages are added. Details go to install.log.

Afterwards the speaker's own commands are in .venv/bin/assistant: try

  .venv/bin/assistant ask "add two litres of milk to the shopping list"
  .venv/bin/assistant --help

Needs a 64-bit x86 or ARM Linux with apt (a Raspberry Pi: the 64-bit Raspberry Pi OS) and
${needs_python}.
END
}

# --- telling ---------------------------------------------------------------------------------

started=0
announce() {
    ((started)) && return
    started=1
    : > "$log" || die "cannot write $log" "run it in a folder that belongs to you"
    echo "Setting up the speaker in $root (details: install.log)"
}

step() {
    announce
    echo "--- $1" >> "$log"
    current=$1
    step_began=$SECONDS
    if [[ -t 1 ]]; then printf '  %s ...' "$1"; else printf '  %s ...\n' "$1"; fi
}

step_done() {
    if [[ -t 1 ]]; then printf '\r\033[K'; fi
    printf '  %s: done in %d s\n' "$current" $((SECONDS - step_began))
}

# Copies a command's output to the log; on a terminal also shows which package it is at.
follow() {
    local line count=0
    while IFS= read -r line; do
        printf '%s\n' "$line" >> "$log"
        if [[ -t 1 && $line =~ ^(Collecting|Get:[0-9]+|Unpacking|'Building wheel for')\ (.*) ]]; then
            count=$((count + 1))
            printf '\r\033[K  %s ... %d %.40s' "$current" "$count" "${BASH_REMATCH[2]}"
        fi
    done
}

die() {
    if [[ -t 2 ]]; then printf '\n' >&2; fi
    printf 'install.sh: %s; %s.\n' "$1" "$2" >&2
    exit 1
}

# Turns the end of the log into one sentence with a remedy.
explain() {
    local what=$1 end
    end=$(tail -n 80 "$log")
    case $end in
        *"No space left on device"* | *"not enough free space"*)
            die "the disk is full" "free about $needed_mb MB and run the same command again" ;;
        *"DO NOT MATCH THE HASHES"*)
            die "a downloaded package is not the one that was locked, and was not installed" \
                "try again later; install.log names it" ;;
        *CERTIFICATE_VERIFY_FAILED*)
            die "$what could not be downloaded because a certificate was not trusted" \
                "set this machine's date, or PIP_CERT where the network has its own certificate" ;;
        *"Could not get lock"* | *"dpkg was interrupted"*)
            die "apt is busy or was interrupted" \
                "run sudo dpkg --configure -a, then the same command again" ;;
        *"Temporary failure"* | *"Could not resolve"* | *"NewConnectionError"* | *"timed out"* | \
            *"Failed to establish a new connection"* | *"No matching distribution"* | \
            *"Cannot connect"* | *"Could not connect"* | *"Failed to fetch"*)
            die "$what could not be downloaded" \
                "connect this machine to the network and run the same command again" ;;
        *"Unable to locate package"*)
            die "apt does not know $what" "check its sources in /etc/apt and run the same command again" ;;
        *)
            die "$what could not be installed" "the last lines of install.log say why" ;;
    esac
}

interrupted() {
    trap - INT TERM
    printf '\ninstall.sh: stopped; run the same command again and it goes on from here.\n' >&2
    exit 130
}

# --- the machine -----------------------------------------------------------------------------

check_machine() {
    type apt-get dpkg > /dev/null 2>&1 ||
        die "this system has no apt" "use Debian 12 or 13, Raspberry Pi OS (64-bit) or Ubuntu 24.04"
    case $(dpkg --print-architecture) in
        amd64 | arm64) ;;
        armhf | armel)
            die "this is a 32-bit ARM system, and the wake-word engine exists for 64 bits only" \
                "install the 64-bit Raspberry Pi OS (any Pi 3, 4, 5 or Zero 2 W runs it)" ;;
        *) die "$(dpkg --print-architecture) is not supported" "use a 64-bit x86 or ARM machine" ;;
    esac
}

check_disk() {
    local free
    free=$(df -Pk "$root" | awk 'NR == 2 { print int($4 / 1024) }')
    ((free >= needed_mb)) ||
        die "only $free MB are free in $root and about $needed_mb MB are needed" \
            "free some space and run the same command again"
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo > /dev/null && { [[ -t 0 ]] || sudo -n true 2> /dev/null; }; then
        sudo "$@"
    else
        return 126
    fi
}

missing_packages() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null) == installed ]] ||
            printf '%s\n' "$package"
    done
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get \
        -o DPkg::Lock::Timeout=120 "$@" < /dev/null 2>&1
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    step "Debian packages ${missing[*]}"
    if ((EUID != 0)) && ! as_root true; then
        die "Debian packages are missing and installing them needs root" \
            "run this first: sudo apt-get install ${missing[*]}"
    fi
    if ! apt_get install -y --no-install-recommends "${missing[@]}" | follow; then
        # A fresh machine has no package lists yet.
        apt_get update | follow || explain "the list of Debian packages"
        apt_get install -y --no-install-recommends "${missing[@]}" | follow ||
            explain "the Debian packages ${missing[*]}"
    fi
    step_done
}

# --- Python ----------------------------------------------------------------------------------

usable_python() {
    command -v "$1" > /dev/null && "$1" - << 'END' 2> /dev/null
import ensurepip, os, sys, sysconfig, venv
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13) and os.path.exists(header)))
END
}

# Sets `python`: the system's when it can be used, else any other on the path, else apt's.
find_python() {
    local candidate
    for candidate in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        if usable_python "$candidate"; then
            python=$candidate
            return
        fi
    done
    install_packages python3 python3-venv python3-dev
    python=/usr/bin/python3
    usable_python "$python" ||
        die "this system's Python is $("$python" -V 2>&1 | cut -d' ' -f2)" \
            "the speaker needs $needs_python; use Debian 12 or 13, or put one of them on the PATH"
}

# Builds find their tools (cython, cmake) on the path.
pip() {
    PATH=$venv/bin:$PATH "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@" < /dev/null 2>&1
}

make_venv() {
    if [[ -x $venv/bin/python ]] && "$venv/bin/python" -c 'import pip' 2> /dev/null; then return; fi
    step "virtual environment with $("$python" -V)"
    rm -rf "$venv"
    "$python" -m venv "$venv" 2>&1 | follow || explain "the virtual environment"
    step_done
}

# What is installed is named by everything that decides it; a folder that moved is another one.
fingerprint() {
    { cat "$root/setup.cfg" "$root/pyproject.toml" "$@" && echo "$root" && "$venv/bin/python" -V; } \
        2> /dev/null | sha256sum | cut -d' ' -f1
}

install_locked() {
    pip install --no-deps --require-hashes --no-build-isolation --progress-bar off -r "$1" |
        follow || explain "the Python packages"
}

set_up_run() {
    local stamp=$venv/installed-run locks=("$root/requirements-build.lock" "$root/requirements.lock")
    [[ -f $stamp && $(< "$stamp") == $(fingerprint "${locks[@]}") ]] && return
    check_disk
    find_python
    make_venv
    step "Python packages"
    install_locked "${locks[0]}"
    install_locked "${locks[1]}"
    step_done
    step "the speaker itself"
    pip install --no-deps --no-build-isolation --no-index -e "$root" | follow ||
        explain "the speaker itself"
    step_done
    fingerprint "${locks[@]}" > "$stamp"
}

set_up_test() {
    local stamp=$venv/installed-test locks=("$root/requirements-test.lock")
    [[ -f $stamp && $(< "$stamp") == $(fingerprint "${locks[@]}") ]] && return
    step "Python packages for the tests"
    install_locked "${locks[0]}"
    step_done
    fingerprint "${locks[@]}" > "$stamp"
}

set_up() {
    exec 9< "$root/install.sh"
    flock 9 # two at a time would write the same folder
    check_machine
    local packages=("${run_packages[@]}")
    if [[ $1 == test ]]; then packages+=("${test_packages[@]}"); fi
    install_packages "${packages[@]}"
    set_up_run
    if [[ $1 == test ]]; then set_up_test; fi
    exec 9<&-
    if ((started)); then printf 'Ready after %d s.\n' "$SECONDS"; fi
}

# --- jobs ------------------------------------------------------------------------------------

main() {
    local job=${1:---help}
    shift || true
    # Settings meant for other Python environments would send packages elsewhere.
    unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV
    export PIP_USER=0 PIP_ROOT_USER_ACTION=ignore
    trap interrupted INT TERM
    case $job in
        -h | --help | help) usage ;;
        setup)
            set_up run
            echo "The speaker is set up: try .venv/bin/assistant --help" ;;
        demo)
            set_up run
            exec "$venv/bin/python" -P -m assistant demo "$@" ;;
        test)
            set_up test
            cd "$root"
            exec "$venv/bin/python" -m pytest -n auto --dist worksteal "$@" ;;
        *)
            printf 'install.sh: there is no job "%s"; the jobs are demo, test and setup.\n' "$job" >&2
            exit 2 ;;
    esac
}

main "$@"
