# shellcheck shell=bash
# The user the speaker runs as, its folders and settings, and the systemd units.

groups=(audio plugdev gpio spi i2c)
units=(assistant.service assistant-settle.service assistant-backup.service assistant-backup.timer
    assistant-update-check.service assistant-update-check.timer)
wanted_by=(multi-user.target.wants/assistant.service multi-user.target.wants/assistant-settle.service
    timers.target.wants/assistant-backup.timer)
settings_file=/etc/assistant/assistant.toml
state=/var/lib/assistant

# Does the systemd of the system that is changed run? Not in a chroot, nor with --root DIR.
systemd_runs() { [[ -z $target && -d /run/systemd/system ]]; }

service() { systemctl "$@" assistant.service >> "$log" 2>&1; }

# The user and the groups; the person who installs may talk to the speaker's socket.
set_up_user() {
    local group
    if [[ -n $target ]]; then
        skip "the user and its groups: the system in $target is not running"
        return
    fi
    if ((!dry)); then free_locks /etc; fi
    for group in "${groups[@]}"; do
        getent group "$group" > /dev/null || change "add the group $group" groupadd -r -f "$group"
    done
    getent passwd assistant > /dev/null ||
        change "add the user assistant" useradd --system --user-group --no-create-home \
            --home-dir "$state" --shell /usr/sbin/nologin assistant
    for group in "${groups[@]}"; do
        is_member assistant "$group" ||
            change "add assistant to the group $group" usermod -aG "$group" assistant
    done
    if [[ -n ${SUDO_USER:-} && $SUDO_USER != root ]] && ! is_member "$SUDO_USER" assistant; then
        change "add $SUDO_USER to the group assistant" usermod -aG assistant "$SUDO_USER"
    fi
}

# A useradd that was killed, by a power cut for instance, leaves locks with its process number in
# /etc. Its like take them for valid when another process has got that number.
free_locks() {
    local lock pid
    for lock in "$1"/{passwd,group,shadow,gshadow,subuid,subgid}.lock; do
        pid=$(tr -cd 0-9 2> /dev/null < "$lock") || continue
        if changes_users "$pid"; then
            timeout "${lock_wait_s:-60}" tail --pid="$pid" -f /dev/null ||
                die "${lock##*/} is held by process $pid" "wait until it has finished"
        else
            rm -f "$lock"
        fi
    done
}

changes_users() {
    [[ $(cat "/proc/$1/comm" 2> /dev/null) =~ ^((user|group)(add|del|mod)|passwd|chpasswd|gpasswd|chage|chsh|chfn|newusers|vipw)$ ]] &&
        ! grep -qs '^State:.*Z' "/proc/$1/status"
}

is_member() { [[ " $(id -nG "$1" 2> /dev/null) " == *" $2 "* ]]; }

# change WHAT COMMAND...: does it, or only says so with --dry-run.
change() {
    local what=$1
    shift
    if ((dry)); then would "$what"; return; fi
    "$@" >> "$log" 2>&1 || die "cannot $what" "the last lines of $log say why"
}

set_up_folders() {
    put_folder /etc/assistant
    put_folder /etc/assistant/skills
    put_folder "$state"
    put_folder "$state/models"
    if [[ -z $target ]] && ((!dry)); then
        # Members of the group may ask it things from the command line, too.
        chown assistant:assistant "$state" "$state/models"
        chmod 2770 "$state" "$state/models"
        # SQLite would make it for its owner alone.
        [[ -e $state/assistant.db ]] ||
            install -o assistant -g assistant -m 660 /dev/null "$state/assistant.db"
    fi
}

# Written once, by the version that will read it; never changed again.
set_up_settings() {
    local options=(--set "store.path=$state/assistant.db")
    [[ -f $target$settings_file ]] && return
    if ((dry)); then would "write $settings_file (every setting, with its meaning)"; return; fi
    if [[ -n $wanted_board ]]; then options+=(--set "audio.board=$board"); fi
    rm -f "$target$settings_file$new"
    ASSISTANT_CONFIG=/dev/null "$target$opt/versions/$version/venv/bin/assistant" config \
        --write "$target$settings_file$new" "${options[@]}" >> "$log" 2>&1 ||
        die "the settings could not be written" "the last lines of $log say why"
    chmod 644 "$target$settings_file$new"
    swap_in "$settings_file"
}

# Models are an improvement: without them the speaker uses the engines it carries.
fetch_models() {
    local assistant=$target$opt/versions/$version/venv/bin/assistant options=()
    if [[ -n $offline ]]; then options=(--from "$offline"); fi
    if ((no_models)); then return; fi
    if ((dry)); then would "fetch the speech models that are not there"; return; fi
    "$assistant" --help | grep -q '^  models ' || return 0
    step "speech models"
    if STATE_DIRECTORY=$target$state "$assistant" models fetch "${options[@]}" 2>&1 < /dev/null | follow; then
        step_done
    else
        skip "speech models: they could not be fetched; assistant models fetch tries again"
    fi
}

# set_up_units FOLDER: the units that belong to a version.
set_up_units() {
    local unit
    changed=0
    for unit in "${units[@]}"; do
        put "/etc/systemd/system/$unit" 644 < "$1/$unit"
    done
    for unit in "${wanted_by[@]}"; do
        put_link "/etc/systemd/system/$unit" "/etc/systemd/system/$(basename "$unit")"
    done
    if ((changed && !dry)) && systemd_runs; then systemctl daemon-reload; fi
}

# The first words, and the light that goes with them; a speaker that is at its own already (which
# engines it has, after a first start) needs no others.
say_hello() {
    local assistant=/usr/local/bin/assistant mode
    if ((dry || reboot_needed)) || ! systemd_runs; then return; fi
    mode=$("$assistant" status 2>> "$log" | head -n 1) || true
    if [[ -n $mode && $mode != idle* ]]; then return; fi
    "$assistant" say "Hello. I am ready." >> "$log" 2>&1 ||
        skip "hello: nothing could be said; assistant doctor says why"
}

# light_updating on|off: lets a speaker that runs show, in silence, that it is being updated.
light_updating() {
    if ((dry)) || ! systemd_runs || ! service is-active; then return 0; fi
    lit=0
    timeout 20 "$target$opt/current/venv/bin/assistant" lights --updating "$1" >> "$log" 2>&1 || return 0
    if [[ $1 == on ]]; then lit=1; fi
}
