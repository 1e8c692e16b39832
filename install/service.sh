# shellcheck shell=bash
# The user the speaker runs as, its folders and settings, and the systemd units.

groups=(audio plugdev gpio spi i2c)
units=(assistant.service assistant-backup.service assistant-backup.timer
    assistant-update-check.service assistant-update-check.timer)
wanted_by=(multi-user.target.wants/assistant.service timers.target.wants/assistant-backup.timer)
settings_file=/etc/assistant/assistant.toml
state=/var/lib/assistant

systemd_runs() { [[ -d /run/systemd/system ]]; }

service() { systemctl "$@" assistant.service >> "$log" 2>&1; }

# The user and the groups; the person who installs may talk to the speaker's socket.
set_up_user() {
    local group
    if [[ -n $target ]]; then
        skip "the user and its groups: the system in $target is not running"
        return
    fi
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

set_up_units() {
    local unit
    changed=0
    for unit in "${units[@]}"; do
        put "/etc/systemd/system/$unit" 644 < "$root/systemd/$unit"
    done
    for unit in "${wanted_by[@]}"; do
        put_link "/etc/systemd/system/$unit" "/etc/systemd/system/$(basename "$unit")"
    done
    if ((changed && !dry)) && [[ -z $target ]] && systemd_runs; then systemctl daemon-reload; fi
}

# Brings the new version into use, and the last good one back when it does not come up.
come_up() {
    local before
    before=$(link_of good)
    if ((dry)); then
        [[ $(link_of current) == "$version" ]] || would "bring version $version into use"
        return
    fi
    if [[ -n $target ]] || ! systemd_runs; then
        put_link "$opt/current" "versions/$version"
        now_good
        skip "starting the service: systemd does not run here"
        return
    fi
    if [[ $(link_of current) == "$version" && $before == "$version" ]] && service is-active; then
        start_timer
        return
    fi
    step "starting the speaker"
    service stop || true
    keep_store
    put_link "$opt/current" "versions/$version"
    if service restart; then
        now_good
        start_timer
        step_done
        return
    fi
    journalctl -u assistant.service -n 40 --no-pager >> "$log" 2>&1 || true
    go_back "$before"
}

now_good() {
    local before
    before=$(link_of good)
    if [[ -n $before && $before != "$version" ]]; then put_link "$opt/previous" "versions/$before"; fi
    put_link "$opt/good" "versions/$version"
    drop "$opt/before-upgrade.db"
    tidy_versions all
}

start_timer() { systemctl start assistant-backup.timer >> "$log" 2>&1 || true; }

# Prints where the owner's settings put the store, as the version that is good reads them.
store_file() {
    HOME=$state "$target$opt/good/venv/bin/python" -P -c 'import sys
from pathlib import Path
from assistant.settings import load
print(Path(load(Path(sys.argv[1])).store.path).expanduser())' "$target$settings_file" 2>> "$log"
}

# A newer version may change the store in ways an older one cannot read.
keep_store() {
    local store
    [[ -n $(link_of good) && ! -f $target$opt/before-upgrade.db ]] || return 0 # or interrupted then
    store=$(store_file) && [[ -f $store ]] || return 0
    "$target$opt/good/venv/bin/assistant" backup --config "$target$settings_file" \
        --to "$target$opt/before-upgrade.db" >> "$log" 2>&1 ||
        die "the store could not be copied before the upgrade" "run assistant doctor"
}

# Puts the store back as it was before the upgrade.
restore_store() {
    local store
    [[ -f $target$opt/before-upgrade.db ]] || return 0
    store=$(store_file)
    install -o assistant -g assistant -m 660 "$target$opt/before-upgrade.db" "$store$new"
    rm -f "$store-wal" "$store-shm"
    swap_in "${store#"$target"}"
    drop "$opt/before-upgrade.db"
}

go_back() {
    local before=$1
    if [[ -z $before || $before == "$version" ]]; then
        service stop || true
        die "the speaker is installed but did not start" \
            "run assistant doctor, then sudo systemctl start assistant; $log holds its last words"
    fi
    service stop || true
    put_link "$opt/current" "versions/$before"
    restore_store
    rm -f "$target$opt/versions/$version/complete"
    if service restart; then
        die "the new version did not come up, and version $before is in use again" \
            "the last lines of $log say why; settings and data are as they were"
    fi
    die "neither the new version nor version $before comes up" \
        "run assistant doctor; $log holds their last words"
}

# The first words, and the light that goes with them.
say_hello() {
    if ((dry)) || [[ -n $target ]] || ! systemd_runs; then return; fi
    /usr/local/bin/assistant say "Hello. I am ready." >> "$log" 2>&1 ||
        skip "hello: nothing could be said; assistant doctor says why"
}
