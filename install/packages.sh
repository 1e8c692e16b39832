# shellcheck shell=bash
# Debian packages, Python and the locked Python packages: what every job needs.

# espeak-ng speaks without a model, PortAudio reaches the sound card, libusb the USB microphone
# arrays; gcc and swig compile what has no wheel. The tests also play through ALSA's plug-ins and
# compare the echo canceller with SpeexDSP's.
run_packages=(espeak-ng portaudio19-dev libusb-1.0-0 gcc libc6-dev)
pi_packages=(swig)
test_packages=(libasound2-plugins libspeexdsp1)
needs_python="Python 3.11, 3.12 or 3.13"

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
    if ((dry)); then would "install the Debian packages ${missing[*]}"; return; fi
    step "Debian packages ${missing[*]}"
    if ((EUID != 0)) && ! as_root true; then
        die "Debian packages are missing and installing them needs root" \
            "run this first: sudo apt-get install ${missing[*]}"
    fi
    finish_dpkg
    if ! apt_get install -y --no-install-recommends "${missing[@]}" | follow; then
        # A fresh machine has no package lists yet.
        apt_get update | follow || explain "the list of Debian packages"
        apt_get install -y --no-install-recommends "${missing[@]}" | follow ||
            explain "the Debian packages ${missing[*]}"
    fi
    step_done
}

# A power cut in the middle of apt leaves packages unpacked but not configured.
finish_dpkg() {
    [[ -z $(dpkg --audit 2> /dev/null) && -z $(ls -A /var/lib/dpkg/updates 2> /dev/null) ]] ||
        as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a < /dev/null 2>&1 | follow ||
        explain "the Debian packages that were interrupted"
}

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
    python=/usr/bin/python3
    install_packages python3 python3-venv python3-dev
    ((dry)) || usable_python "$python" ||
        die "this system's Python is $("$python" -V 2>&1 | cut -d' ' -f2)" \
            "the speaker needs $needs_python; use Debian 12 or 13, or put one of them on the PATH"
}

# Builds find their tools (cython, cmake) on the path; lgpio's carries the C library along.
pip() {
    PYPI=1 PATH=$venv/bin:$PATH "$venv/bin/python" -m pip --disable-pip-version-check --no-input \
        "$@" < /dev/null 2>&1
}

make_venv() {
    if [[ -x $venv/bin/python ]] && "$venv/bin/python" -c 'import pip' 2> /dev/null; then return; fi
    step "virtual environment with $("$python" -V)"
    rm -rf "$venv"
    "$python" -m venv "$venv" 2>&1 | follow || explain "the virtual environment"
    step_done
}

install_locked() {
    pip install --no-deps --require-hashes --no-build-isolation --progress-bar off -r "$1" |
        follow || explain "the Python packages"
}

check_disk() {
    local folder=$1 free
    while [[ ! -d $folder ]]; do folder=$(dirname "$folder"); done
    free=$(df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1024) }')
    ((free >= needed_mb)) ||
        die "only $free MB are free in $folder and about $needed_mb MB are needed" \
            "free some space and run the same command again"
}
