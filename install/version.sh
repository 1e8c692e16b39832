# shellcheck shell=bash
# The program: one folder per version in /opt/assistant/versions, and links that name the ones in
# use. A version without the file `complete` was interrupted and counts for nothing.
#
#   current   what the service and the command line run
#   good      the last one that came up: where a failed upgrade goes back to
#   previous  the good one before that

opt=/opt/assistant

# What decides a version: the sources, the locks and the Python that runs them.
fingerprint() {
    (
        cd "$root" || exit
        find assistant skills hardware systemd install install.sh setup.cfg pyproject.toml \
            requirements*.lock -type f ! -path '*/__pycache__/*' ! -path '*.egg-info/*' -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum
        "$python" -V
        echo "$pins"
    ) | sha256sum | cut -d' ' -f1
}

link_of() { basename "$(readlink "$target$opt/$1" 2> /dev/null || true)"; }

# Prints the number of the complete version with that fingerprint.
version_with() {
    local file
    for file in "$target$opt"/versions/*/complete; do
        if [[ -f $file && $(< "$file") == "$1" ]]; then
            basename "$(dirname "$file")"
            return
        fi
    done
    return 1
}

next_version() {
    local folder highest=0
    for folder in "$target$opt"/versions/*/; do
        folder=$(basename "$folder")
        if [[ $folder =~ ^[0-9]+$ ]] && ((folder > highest)); then highest=$folder; fi
    done
    echo $((highest + 1))
}

# tidy_versions broken|all: removes versions that were interrupted, or also those no link names.
tidy_versions() {
    local folder number
    ((dry)) && return
    for folder in "$target$opt"/versions/*/; do
        number=$(basename "$folder")
        if [[ ! -f $folder/complete ]] || { [[ $1 == all ]] &&
            [[ $number != "$(link_of current)" && $number != "$(link_of good)" &&
                $number != "$(link_of previous)" ]]; }; then
            # The mark goes first: half a version must never look like a whole one.
            rm -f "$folder/complete"
            rm -rf "$folder"
        fi
    done
}

# Sets `version` to the number of a complete version made of this folder's sources.
make_version() {
    local wanted folder lock
    find_python
    if ((dry)) && ! usable_python "$python"; then
        would "install the speaker in $opt/versions/$(next_version)"
        version=$(next_version)
        return
    fi
    wanted=$(fingerprint)
    tidy_versions broken
    if version=$(version_with "$wanted"); then return; fi
    version=$(next_version)
    folder=$opt/versions/$version
    venv=$target$folder/venv
    if ((dry)); then
        would "install the speaker with its Python packages in $folder"
        return
    fi
    if [[ -n $offline && ! -d $offline/wheels ]]; then
        die "$offline holds no folder wheels, and the Python packages would come from the network" \
            "fill it on another machine: pip download -d DIR/wheels --require-hashes -r requirements.lock"
    fi
    check_disk "$target$opt"
    mkdir -p "$target$folder"
    make_venv
    step "Python packages"
    for lock in requirements-build requirements $pins; do install_locked "$root/$lock.lock"; done
    step_done
    step "the speaker itself"
    install_sources "$target$folder"
    try_version || die "the new version does not answer a question" \
        "the last lines of $log say why; ${had_version:+version }${had_version:-nothing} is in use"
    # All of it is on the disk before the mark that says so.
    sync -f "$target$folder"
    printf '%s\n' "$wanted" > "$target$folder/complete$new"
    swap_in "$folder/complete"
    step_done
}

# Builds outside the sources: they may belong to somebody else, or be read-only.
install_sources() {
    local build=$1/build
    mkdir -p "$build" "$1/installer"
    cp -R "$root"/{assistant,skills,hardware,systemd,install,install.sh,setup.cfg,pyproject.toml} \
        "$root"/{LICENSE,README.md} "$root"/requirements*.lock "$build" 2>> "$log" ||
        explain "the speaker itself"
    pip install --no-deps --no-build-isolation --no-index "$build" | follow ||
        explain "the speaker itself"
    cp -R "$build"/{install,systemd,install.sh} "$1/installer"
    origin > "$1/installer/origin"
    rm -rf "$build"
}

# Where these sources came from, for update-check; nothing when they are not a git clone.
origin() {
    local git=(git -c "safe.directory=$root" -C "$root") url commit
    url=$("${git[@]}" remote get-url origin 2> /dev/null) || return 0
    commit=$("${git[@]}" rev-parse HEAD 2> /dev/null) || return 0
    echo "$url $commit"
}

# Asks the new version something, with a store of its own: the real one may only be read by the
# version that is in use.
try_version() {
    local scratch=$target$opt/versions/$version/trial status=0
    mkdir -p "$scratch"
    # In the foreground: Ctrl-C and whatever else ends install.sh reach it, too.
    HOME=$scratch timeout --foreground 600 "$venv/bin/assistant" ask --config "$(trial_settings "$scratch")" \
        --set "store.path=$scratch/trial.db" "what time is it" 2>&1 < /dev/null | follow || status=1
    rm -rf "$scratch"
    return "$status"
}

# The owner's settings when there are any: a version that refuses them must not come into use.
trial_settings() {
    if [[ -f $target/etc/assistant/assistant.toml ]]; then
        echo "$target/etc/assistant/assistant.toml"
    else
        : > "$1/empty.toml"
        echo "$1/empty.toml"
    fi
}

set_up_commands() {
    put_link /usr/local/bin/assistant "$opt/current/venv/bin/assistant"
}
