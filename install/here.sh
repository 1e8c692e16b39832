# shellcheck shell=bash
# The jobs that stay in this folder: demo, test and setup, with a virtual environment in .venv.

# What is installed is named by everything that decides it; a folder that moved is another one.
fingerprint_here() {
    { cat "$root/setup.cfg" "$root/pyproject.toml" "$@" && echo "$root" && "$venv/bin/python" -V; } \
        2> /dev/null | sha256sum | cut -d' ' -f1
}

set_up_run() {
    local stamp=$venv/installed-run locks=("$root/requirements-build.lock" "$root/requirements.lock")
    [[ -f $stamp && $(< "$stamp") == $(fingerprint_here "${locks[@]}") ]] && return
    check_disk "$root"
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
    fingerprint_here "${locks[@]}" > "$stamp"
}

set_up_test() {
    local stamp=$venv/installed-test locks=("$root/requirements-test.lock")
    [[ -f $stamp && $(< "$stamp") == $(fingerprint_here "${locks[@]}") ]] && return
    step "Python packages for the tests"
    install_locked "${locks[0]}"
    step_done
    fingerprint_here "${locks[@]}" > "$stamp"
}

set_up_here() {
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
