#!/usr/bin/env bash
# Ends install.sh at random instants and runs it again:
#
#   tests/arm64/interrupt.sh [TIMES [SEED [SUITE [ARCHITECTURE]]]]    30 1 trixie amd64
#
# TIMES runs are ended: in turn a fresh installation and an upgrade, by Ctrl-C and by killing
# everything at once. After that the version in use before an upgrade must still answer; after the
# second run the new one must, and the files must be those of an installation that was never ended.
# Needs what run.sh needs. So that many tries take minutes and not hours, Debian's own packages are
# installed before, and of the locked Python packages only those that answering a question takes.
set -euo pipefail

times=${1:-30}
seed=${2:-1}
suite=${3:-trixie}
arch=${4:-amd64}
# shellcheck source=tests/arm64/roots.sh
source "$(dirname "$0")/roots.sh"
system=$roots/interrupt-$suite-$arch
cache=$roots/interrupt.cache

# What runs in the background ignores Ctrl-C unless it is told not to.
installing() {
    inside env --default-signal=INT PIP_NO_COMPILE=1 setsid -w \
        /src/install.sh install --no-models
}

answers() { inside assistant ask "what time is it" > /dev/null 2>&1; }

# All that the speaker put into the system, but for the versions' numbers and bytes.
state() {
    (cd "$system" && find opt/assistant etc/assistant etc/systemd/system etc/udev usr/local/bin \
        var/lib/assistant -path 'opt/assistant/versions/*/*' -prune -o -printf '%p %y %m %l\n' |
        sed 's#versions/[0-9]*#versions/N#g' | grep -v 'assistant.db-\|/previous ' | sort -u)
}

# Leaves only the packages named in the lock: each is a line name==version and lines that go on.
fewer_packages() {
    local lock=$system/src/requirements.lock
    awk -v keep=" $* " '
        /^[a-z]/ { split($1, name, "=="); on = index(keep, " " name[1] " ") } on { print }' \
        "$source/requirements.lock" > "$lock"
    grep -c '^[a-z]' "$lock"
}

new_version() { echo "# $1" >> "$system/src/skills/clock.py"; }

# How long a run of each kind took the last time that it was not ended: instants are drawn from it.
declare -A took

# measured KIND: a whole run.
measured() {
    local began status=0
    began=$(date +%s%N)
    installing > "$roots/interrupt.out" 2>&1 || status=1
    learn "$1" $((($(date +%s%N) - began) / 1000000))
    return "$status"
}

learn() {
    if grep -q 'the speaker itself: done' "$roots/interrupt.out"; then took[$1]=$2; fi
}

fail() {
    echo "FAILED at $1"
    failures=$((failures + 1))
    tail -n 3 "$roots/interrupt.out"
    inside tail -n 15 /var/log/assistant-install.log || true
}

# End what runs inside after $1 ms, by $2.
end_after() {
    local pid
    installing > "$roots/interrupt.out" 2>&1 &
    pid=$!
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
    # The session that setsid made holds install.sh and all it started.
    for leader in $(pgrep -f '/src/install.sh install --no-models' || true); do
        [[ $(readlink "/proc/$leader/root" 2> /dev/null) == "$system" ]] || continue
        kill "-$2" -- "-$(ps -o pgid= -p "$leader" | tr -d ' ')" 2> /dev/null || true
    done
    wait "$pid" 2> /dev/null && ended="had finished" || ended="ended"
}

try_once() {
    local number=$1 signal=KILL kind="first installation" at ended
    ((number % 4 < 2)) && signal=INT
    if ((number % 2)); then
        kind=upgrade
        new_version "$number"
    else
        inside /src/install.sh uninstall --purge > /dev/null
    fi
    at=$((RANDOM * 32768 + RANDOM))
    at=$((at % ${took[$kind]}))
    end_after "$at" "$signal"
    if [[ $ended == ended ]]; then count=$((count + 1)); else learn "$kind" "$at"; fi
    printf '%2d  %-18s %-4s at %6d ms  %-12s %s\n' "$number" "$kind" "$signal" "$at" "$ended" \
        "$(sed -n '$s/^ *//p' "$roots/interrupt.out" | cut -c1-50)"
    if [[ $kind == upgrade ]] && ! answers; then fail "$number: the old version does not answer"; fi
    measured "$kind" || fail "$number: the second run failed"
    answers || fail "$number: the new version does not answer"
    state | diff "$roots/interrupt.wanted" - || fail "$number: the files differ"
}

make_base
make_system
inside apt-get update -qq
inside env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends espeak-ng \
    portaudio19-dev libusb-1.0-0 gcc libc6-dev python3 python3-venv python3-dev \
    > "$roots/interrupt.apt.log" 2>&1
echo "$(fewer_packages numpy hassil unicode-rbnf pyyaml rich pygments markdown-it-py mdurl srt pyusb) packages"
installing > "$roots/interrupt.out"
inside /src/install.sh uninstall --purge > /dev/null
measured "first installation"
answers
state > "$roots/interrupt.wanted"
new_version 0
measured upgrade
answers
echo "a first installation takes ${took[first installation]} ms, an upgrade ${took[upgrade]} ms; seed $seed"
RANDOM=$seed
failures=0
count=0 # of runs that were really ended: some have finished before their instant comes
for ((tries = 0; count < times; tries++)); do try_once "$tries"; done
echo "$tries runs, $count of them ended before they had finished, $failures failures"
exit $((failures > 0))
