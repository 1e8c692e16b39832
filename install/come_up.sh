# shellcheck shell=bash
# Brings a new version into use, and the last good one back when it does not come up, when
# install.sh is ended before it has, or when the power fails before it has.

trying=$opt/trying           # is there while the version in use has not come up yet
kept_store=$opt/before-upgrade.db

come_up() {
    local before
    before=$(link_of good)
    if ((dry)); then
        set_up_units "$root/systemd"
        [[ $(link_of current) == "$version" ]] || would "bring version $version into use"
        return
    fi
    if ! systemd_runs; then
        set_up_units "$root/systemd"
        put_link "$opt/current" "versions/$version"
        now_good
        skip "starting the service: systemd does not run here"
        return
    fi
    if [[ -z $before ]] && ((reboot_needed)); then
        set_up_units "$root/systemd"
        put_link "$opt/current" "versions/$version"
        skip "starting the speaker: its microphone board is there after a restart"
        return
    fi
    if [[ $(link_of current) == "$version" && $before == "$version" ]] && service is-active; then
        set_up_units "$root/systemd"
        start_timer
        return
    fi
    start_version "$before"
}

# start_version BEFORE: BEFORE is the version to go back to, "" when there is none.
start_version() {
    step "starting the speaker"
    if [[ $(link_of current) == "$1" ]]; then drop "$kept_store"; fi # of an upgrade that was ended
    if [[ -n $1 ]]; then
        undo=take_back
        put "$trying" 644 <<< "$version"
    fi
    service stop || true
    keep_store
    set_up_units "$root/systemd"
    put_link "$opt/current" "versions/$version"
    if service restart; then
        now_good
        start_timer
        step_done
        return
    fi
    journalctl -u assistant.service -n 40 --no-pager >> "$log" 2>&1 || true
    go_back "$1"
}

now_good() {
    local before
    before=$(link_of good)
    if [[ -n $before && $before != "$version" ]]; then put_link "$opt/previous" "versions/$before"; fi
    put_link "$opt/good" "versions/$version"
    undo=""
    drop "$kept_store"
    drop "$trying"
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
    [[ -n $(link_of good) && ! -f $target$kept_store ]] || return 0 # or interrupted then
    store=$(store_file) && [[ -f $store ]] || return 0
    "$target$opt/good/venv/bin/assistant" backup --config "$target$settings_file" \
        --to "$target$kept_store" >> "$log" 2>&1 ||
        die "the store could not be copied before the upgrade" "run assistant doctor"
}

# Puts the store back as it was before the upgrade.
restore_store() {
    local store
    [[ -f $target$kept_store ]] || return 0
    store=$(store_file)
    install -o assistant -g assistant -m 660 "$target$kept_store" "$store$new"
    rm -f "$store-wal" "$store-shm"
    swap_in "${store#"$target"}"
}

# Makes everything belong to the last good version again: the store first and the mark last, so
# that the same can be done once more when this is cut off, too.
back_to_good() {
    local good
    good=$(link_of good)
    if [[ $(link_of current) != "$good" ]]; then restore_store; fi
    set_up_units "$target$opt/versions/$good/installer/systemd"
    put_link "$opt/current" "versions/$good"
    drop "$kept_store"
    drop "$trying"
}

# Is what install.sh does when it is ended while a new version starts.
take_back() {
    undo=""
    service stop || true
    back_to_good
    if service restart; then
        echo "install.sh: version $(link_of good) is in use again." >&2
    else
        echo "install.sh: version $(link_of good) does not come up; run assistant doctor." >&2
    fi
}

go_back() {
    local before=$1
    undo=""
    service stop || true
    if [[ -z $before || $before == "$version" ]]; then
        drop "$trying"
        die "the speaker is installed but did not start" \
            "run assistant doctor, then sudo systemctl start assistant; $log holds its last words"
    fi
    back_to_good
    rm -f "$target$opt/versions/$version/complete"
    if service restart; then
        die "the new version did not come up, and version $before is in use again" \
            "the last lines of $log say why; settings and data are as they were"
    fi
    die "neither the new version nor version $before comes up" \
        "run assistant doctor; $log holds their last words"
}

# Is run at every start of the machine, before the speaker: after a power cut during an upgrade
# nobody knows whether the new version works.
settle() {
    local tried
    [[ -e $target$trying ]] || return 0
    tried=$(link_of current)
    log=/dev/null
    back_to_good
    if [[ $tried != "$(link_of good)" ]]; then
        echo "The upgrade to version $tried was cut off; version $(link_of good) is in use again."
    fi
}
