#!/usr/bin/env bash
# Installs, uses, interrupts, upgrades and removes the speaker in systems of its own, all of it:
#
#   sudo tests/arm64/all.sh [FOLDER]     where the logs go; default: beside the fresh systems
#
# One after the other: Debian 13 natively, under systemd in a container, ended at 30 random
# instants, and Debian 13 and 12 for 64-bit ARM in an emulator. Some two hours. Ends with a table;
# its exit status is the number of parts that failed. run.sh says what it needs.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
export ASSISTANT_ROOTS=${ASSISTANT_ROOTS:-${TMPDIR:-/tmp}/assistant-roots}
folder=${1:-$ASSISTANT_ROOTS/logs}
mkdir -p "$folder"
results=()
failed=0

# part NAME COMMAND...
part() {
    local name=$1 began=$SECONDS result=ok
    shift
    "$@" > "$folder/$name.log" 2>&1 || { result=FAILED && failed=$((failed + 1)); }
    results+=("$(printf '%-6s %-14s %5d s  %s' "$result" "$name" $((SECONDS - began)) "$folder/$name.log")")
    echo "${results[-1]}"
}

native=$(dpkg --print-architecture)
part "trixie-$native" "$here/run.sh" trixie "$native"
part service "$here/service.sh" trixie "$native"
part interrupt "$here/interrupt.sh" 30 "${SEED:-1}" trixie "$native"
for system in trixie:313 bookworm:311; do
    suite=${system%:*}
    export ASSISTANT_WHEELS=$ASSISTANT_ROOTS/wheels-${system#*:}
    part "wheels-$suite" "$here/wheels.sh" "${system#*:}" "$ASSISTANT_WHEELS"
    part "$suite-arm64" "$here/run.sh" "$suite" arm64
done
printf '\n'
printf '%s\n' "${results[@]}"
exit "$failed"
