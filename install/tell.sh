# shellcheck shell=bash
# What install.sh says: one line a step on the screen, everything in the log, and for every
# failure one sentence with its remedy.

started=0   # has anything been printed yet
skipped=()  # what could not be done here, and why
said=0      # was a failure explained
undo=""     # what must be done when install.sh ends now
lit=0       # does a running speaker show that it is updated

announce() {
    ((started)) && return
    started=1
    : 2> /dev/null > "$log" || die "cannot write $log" "run it in a folder that belongs to you"
    if ((dry)); then echo "$title"; else echo "$title (details: ${log##"$PWD"/})"; fi
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

# Says in one line what is so, without doing anything.
note() {
    announce
    echo "--- $1" >> "$log"
    printf '  %s\n' "$1"
}

skip() {
    echo "--- skipped: $1" >> "$log"
    skipped+=("$1")
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
    said=1
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
                "try again later; $log names it" ;;
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
            die "$what could not be installed" "the last lines of $log say why" ;;
    esac
}

interrupted() {
    trap '' INT TERM HUP
    said=1
    printf '\ninstall.sh: stopped; run the same command again and it goes on from here.\n' >&2
    exit 130
}

# Is the last thing done, however install.sh ends.
ended() {
    local status=$?
    trap '' INT TERM HUP
    if [[ -n $undo ]]; then $undo || true; fi
    if ((lit)); then light_updating off; fi
    if ((status && !said)); then
        printf 'install.sh: something failed that it did not foresee; %s, then run the same command again.\n' \
            "the last lines of $log or above say what" >&2
    fi
}
