#!/usr/bin/env bash
# Fetches the locked packages for 64-bit ARM on any machine, for $ASSISTANT_WHEELS of run.sh:
#
#   tests/arm64/wheels.sh PYTHON FOLDER     311 for bookworm, 313 for trixie
#
# Checks, too, that every locked package has a wheel there but for those that are compiled.
set -euo pipefail

version=$1
folder=$2
cd "$(dirname "$0")/../.."
sources=" pyaudio srt spidev rpi-lgpio rpi-gpio "
[[ $version == 311 || $version == 312 ]] || sources+="lgpio "
locks=(requirements-build.lock requirements.lock requirements-pi.lock requirements-pi-old.lock)
platforms=(any manylinux2014_aarch64)
for glibc in 17 24 26 27 28 31 34; do platforms+=("manylinux_2_${glibc}_aarch64"); done
some=$(mktemp)
trap 'rm -f "$some"' EXIT

# select 0|1: prints the blocks of the packages that have wheels, or of those that are compiled.
select_packages() {
    awk -v sources="$sources" -v compiled="$1" '
        /^[a-z]/ {
            split($1, name, "=="); ours = index(sources, " " name[1] " ") > 0
            on = (ours == compiled) && !/python_full_version/ && !seen[name[1]]++
        }
        on { print }' "${locks[@]}"
}

fetch() { python3 -m pip download -q --no-deps --require-hashes -d "$folder" -r "$some" "$@"; }

select_packages 0 > "$some"
fetch --only-binary :all: "${platforms[@]/#/--platform=}" --python-version "$version" \
    --implementation cp --abi "cp$version" --abi abi3 --abi none
select_packages 1 > "$some"
fetch --no-binary :all:
