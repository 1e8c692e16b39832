#!/usr/bin/env bash
# Sets up the speaker on Debian, Raspberry Pi OS or Ubuntu, and does one job with it.
# `./install.sh --help` explains the jobs; the work is done by the files in install/.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
venv=$root/.venv
log=$root/install.log
needed_mb=900
dry=0
title="Setting up the speaker in $root"

# shellcheck source=install/tell.sh
source "$root/install/tell.sh"
# shellcheck source=install/machine.sh
source "$root/install/machine.sh"
# shellcheck source=install/packages.sh
source "$root/install/packages.sh"
# shellcheck source=install/here.sh
source "$root/install/here.sh"
# shellcheck source=install/files.sh
source "$root/install/files.sh"
# shellcheck source=install/version.sh
source "$root/install/version.sh"
# shellcheck source=install/boot.sh
source "$root/install/boot.sh"
# shellcheck source=install/service.sh
source "$root/install/service.sh"
# shellcheck source=install/come_up.sh
source "$root/install/come_up.sh"
# shellcheck source=install/jobs.sh
source "$root/install/jobs.sh"

usage() {
    cat << END
A smart speaker you can interrupt.

Try it in this folder:
  ./install.sh demo [--out DIR] [--play]   hear a household evening in a simulated room
  ./install.sh test [PYTEST ARGUMENTS]     run every test; -m "not slow" leaves out the long ones
  ./install.sh setup                       only set up

Live with it (these ask for sudo):
  ./install.sh install [--dry-run] [--board NAME] [--offline DIR] [--no-models]
      make this machine a speaker: program, settings, service, microphone board
  ./install.sh upgrade                     the same with this folder's newer version; when that
                                           does not come up, the old one is used again
  ./install.sh uninstall [--purge] [--dry-run]
      remove it; --purge also removes its settings and what it remembers

--dry-run prints every change and makes none. --offline takes Python packages from DIR/wheels and
speech models from DIR. --root DIR installs into the system in DIR instead of this one.

The first three set up what they need: Debian packages through apt (only missing ones; sudo is asked
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

# The jobs that change the system run as root, unless another system's folder is given.
become_root() {
    if ((EUID == 0)) || [[ " $* " == *" --root "* || " $* " == *" --dry-run "* ]]; then return; fi
    if command -v sudo > /dev/null && { [[ -t 0 ]] || sudo -n true 2> /dev/null; }; then
        exec sudo -- "$root/install.sh" "$@"
    fi
    die "$1 changes the system and needs root" "run it with sudo"
}

main() {
    local job=${1:---help}
    # Settings meant for other Python environments would send packages elsewhere.
    unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV
    export PIP_USER=0 PIP_ROOT_USER_ACTION=ignore
    trap ended EXIT
    trap interrupted INT TERM HUP
    case $job in install | upgrade | uninstall) become_root "$@" ;; esac
    shift || true
    case $job in
        -h | --help | help) usage ;;
        setup)
            set_up_here run
            echo "The speaker is set up: try .venv/bin/assistant --help" ;;
        demo)
            set_up_here run
            exec "$venv/bin/python" -P -m assistant demo "$@" ;;
        test)
            set_up_here test
            cd "$root"
            exec "$venv/bin/python" -m pytest -n auto --dist worksteal "$@" ;;
        install | upgrade)
            options_of "$job" "$@"
            install_system ;;
        uninstall)
            options_of "$job" "$@"
            uninstall_system ;;
        update-check) check_update ;;
        settle) settle ;;
        *)
            printf 'install.sh: there is no job "%s"; the jobs are %s.\n' "$job" \
                "demo, test, setup, install, upgrade and uninstall" >&2
            said=1
            exit 2 ;;
    esac
}

main "$@"
