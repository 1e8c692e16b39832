# shellcheck shell=bash
# The jobs that change the system: install, upgrade, uninstall, and the look for a newer version.

new=.assistant-new   # what a file is called until it is whole
target=""            # --root DIR: the system in DIR instead of this one
wanted_board=""
offline=""
no_models=0
purge=0
reboot_needed=0
changed=0
dropped=()
title="Installing the speaker"

options_of() {
    local job=$1
    shift
    while (($#)); do
        case $1 in
            --dry-run) dry=1 ;;
            --purge) [[ $job == uninstall ]] || wrong "$job has no --purge"; purge=1 ;;
            --no-models) no_models=1 ;;
            --root | --board | --offline)
                (($# > 1)) || wrong "$1 needs a value"
                case $1 in
                    --root) target=$2 ;;
                    --board) wanted_board=$2 ;;
                    --offline) offline=$2 ;;
                esac
                shift ;;
            *) wrong "$job has no \"$1\"" ;;
        esac
        shift
    done
    if [[ -n $target ]]; then
        target=$(cd "$target" 2> /dev/null && pwd -P) || die "--root is no folder" "make it first"
        if [[ $target == / ]]; then target=""; fi
    fi
    if [[ -n $wanted_board && ! -f $root/hardware/$wanted_board.py ]]; then
        die "there is no board \"$wanted_board\"" "the boards are the files in hardware/"
    fi
    if [[ -n $offline ]]; then
        offline=$(cd "$offline" 2> /dev/null && pwd -P) || die "--offline is no folder" "check its name"
        if [[ -d $offline/wheels ]]; then export PIP_NO_INDEX=1 PIP_FIND_LINKS=$offline/wheels; fi
    fi
}

wrong() {
    said=1
    printf 'install.sh: %s; see ./install.sh --help.\n' "$1" >&2
    exit 2
}

# Systems are changed by root, one install.sh at a time.
begin_system() {
    umask 022
    log=$target/var/log/assistant-install.log
    if ((dry)); then
        log=/dev/null
    else
        mkdir -p "$target$opt/versions" "$(dirname "$log")"
        exec 8< "$target$opt"
        flock -w 10 8 || die "another install.sh is at work" "wait until it has finished"
    fi
}

install_system() {
    title="Installing the speaker on this machine"
    [[ -d $root/assistant ]] ||
        die "$root holds no sources" "run install.sh in a clone; this copy can only uninstall"
    check_machine
    begin_system
    detect
    check_board
    had_version=$(link_of current)
    note "${model:-$(uname -m)}, $system, kernel $kernel, board $board"
    if [[ -z $target ]]; then
        install_packages "${run_packages[@]}"
        if [[ -n $pins ]]; then install_packages "${pi_packages[@]}"; fi
    else
        skip "Debian packages: they are this machine's"
    fi
    if [[ -n $had_version ]]; then light_updating on; fi
    make_version
    set_up_user
    set_up_folders
    set_up_settings
    set_up_udev
    set_up_power
    set_up_boot
    set_up_levels
    check_default_card
    fetch_models
    set_up_commands
    come_up
    say_hello
    finish
}

finish() {
    local what
    for what in "${skipped[@]}"; do printf '  skipped: %s\n' "$what"; done
    if ((dry)); then
        echo "Nothing was changed."
        return
    fi
    if ((reboot_needed)); then
        echo "Restart this Pi for its microphone board (sudo reboot) and run the same command again:"
        echo "it sets the board's levels, starts the speaker and lets it say hello."
    fi
    printf 'Ready after %d s: version %s in %s; settings in %s.\n' \
        "$SECONDS" "$version" "$opt" "$settings_file"
}

uninstall_system() {
    local unit folder kept=("the Debian packages" "the groups gpio, spi and i2c")
    if [[ -f $target/var/lib/alsa/asound.state ]]; then kept+=("the levels of the sound cards"); fi
    begin_uninstall
    if ((!dry)) && systemd_runs; then
        systemctl stop assistant.service assistant-backup.timer assistant-update-check.timer \
            2> /dev/null || true
    fi
    for unit in "${wanted_by[@]}" timers.target.wants/assistant-update-check.timer "${units[@]}"; do
        drop "/etc/systemd/system/$unit"
    done
    drop /usr/local/bin/assistant
    drop /etc/udev/rules.d/60-assistant.rules
    drop /etc/polkit-1/rules.d/60-assistant.rules
    remove_boot
    # Half of a version must not look like a whole one when this is cut off.
    if ((!dry)); then rm -f "$target$opt"/versions/*/complete; fi
    drop "$opt"
    drop /var/log/assistant-install.log
    if ((purge)); then
        drop /etc/assistant
        drop "$state"
        remove_user
    else
        kept=("settings (/etc/assistant)" "what it remembers ($state)" "its user" "${kept[@]}")
    fi
    drop_if_empty /etc/systemd/system/multi-user.target.wants
    drop_if_empty /etc/systemd/system/timers.target.wants
    for folder in /etc/polkit-1/rules.d /etc/polkit-1 /etc/udev/rules.d /etc/udev; do
        drop_if_empty "$folder"
    done
    if ((!dry)) && systemd_runs; then systemctl daemon-reload; fi
    ((dry)) || printf 'Removed: %s\n' "$(join "${dropped[@]:-nothing was installed}")"
    printf 'Kept: %s\n' "$(join "${kept[@]}")"
}

begin_uninstall() {
    title="Removing the speaker"
    log=/dev/null
    if ((dry)) || [[ ! -d $target$opt ]]; then return; fi
    exec 8< "$target$opt"
    flock -w 10 8 || die "another install.sh is at work" "wait until it has finished"
}

remove_user() {
    if [[ -n $target ]] || ! getent passwd assistant > /dev/null; then return; fi
    change "remove the user assistant" userdel assistant
    if getent group assistant > /dev/null; then
        change "remove the group assistant" groupdel assistant
    fi
    dropped+=("the user assistant")
}

join() {
    local text
    text=$(printf '%s, ' "$@")
    echo "${text%, }"
}

# Compares the commit in use with the newest one where it came from; changes nothing.
check_update() {
    local url commit newest
    read -r url commit < "$root/origin" 2> /dev/null ||
        die "this version does not say where it came from" "install from a git clone to get updates"
    newest=$(GIT_TERMINAL_PROMPT=0 timeout 60 git ls-remote "$url" HEAD 2> /dev/null | cut -f1) || true
    if [[ -z $newest ]]; then
        die "$url cannot be asked for a newer version" "check the network, and that git is installed"
    elif [[ $newest == "$commit" ]]; then
        echo "The speaker is up to date."
    else
        echo "There is a newer speaker: git pull in your clone, then sudo ./install.sh upgrade."
    fi
}
