# shellcheck shell=bash
# Fresh Debian systems in folders, for the scripts beside this one, which set suite and arch.
: "${suite:?}" "${arch:?}"

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
roots=${ASSISTANT_ROOTS:-${TMPDIR:-/tmp}/assistant-roots}
base=$roots/$suite-$arch.base
system=$roots/$suite-$arch
cache=$roots/$suite-$arch.cache # of pip, between two runs

# An emulator takes long to compile thousands of Python files that are never used here.
emulated=$([[ $arch == "$(dpkg --print-architecture)" ]] && echo 0 || echo 1)

if ((EUID != 0)); then
    echo "$(basename "$0"): making a system of its own needs root; run it with sudo." >&2
    exit 1
fi
# In a mount namespace of its own nothing stays mounted, whatever happens.
[[ ${IN_NAMESPACE:-} ]] || IN_NAMESPACE=1 exec unshare --mount bash "$0" "$@"

say() { printf '\n=== %s (%s on %s, after %d s)\n' "$1" "$suite" "$arch" "$SECONDS"; }

# QEMU 7.2, Debian 12's, crashes where onnxruntime's wheel for Python 3.13 is loaded; 10 does not.
prepare_emulator() {
    local folder=/proc/sys/fs/binfmt_misc entry header mask
    [[ $arch != "$(dpkg --print-architecture)" ]] || return 0
    [[ -e $folder/register ]] || mount -t binfmt_misc binfmt_misc "$folder"
    if [[ -z ${ASSISTANT_QEMU:-} ]]; then
        [[ -e $folder/qemu-aarch64 ]] || update-binfmts --enable qemu-aarch64
        return
    fi
    for entry in qemu-aarch64 assistant-aarch64; do
        [[ ! -e $folder/$entry ]] || echo -1 > "$folder/$entry"
    done
    # The start of an ELF file for 64-bit ARM, and which of its bits count.
    header='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    printf '%s' ":assistant-aarch64:M::$header:$mask:$ASSISTANT_QEMU:PF" \
        > "$folder/register"
}

make_base() {
    local missing=()
    command -v debootstrap > /dev/null || missing+=(debootstrap)
    if [[ $arch != "$(dpkg --print-architecture)" ]]; then
        [[ -e /usr/bin/qemu-aarch64-static ]] || missing+=(qemu-user-static)
        command -v update-binfmts > /dev/null || missing+=(binfmt-support)
    fi
    if ((${#missing[@]})); then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"
    fi
    prepare_emulator
    [[ -d $base ]] && return
    say "a fresh Debian"
    mkdir -p "$roots"
    rm -rf "$base.part"
    debootstrap --arch="$arch" --variant=minbase --include=ca-certificates "$suite" "$base.part" \
        "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" > "$roots/$suite-$arch.log"
    mv "$base.part" "$base"
}

make_system() {
    if [[ -d $system/machine/cache ]]; then
        rm -rf "$cache"
        mv "$system/machine/cache" "$cache"
    fi
    rm -rf "$system"
    cp -a --reflink=auto "$base" "$system"
    mkdir -p "$system/src" "$system/machine/cache"
    [[ ! -d $cache ]] || { rmdir "$system/machine/cache" && mv "$cache" "$system/machine/cache"; }
    git -C "$source" ls-files -z --cached --others --exclude-standard | (cd "$source" && xargs -0 cp --parents -t "$system/src")
    # How this machine reaches the network belongs to the run, not to the project.
    cp /etc/resolv.conf "$system/etc/resolv.conf"
    cp "${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}" "$system/machine/ca.crt"
    if [[ -n ${ASSISTANT_WHEELS:-} ]]; then cp -R "$ASSISTANT_WHEELS" "$system/machine/wheels"; fi
    grep -hs '^Acquire' /etc/apt/apt.conf.d/* > "$system/etc/apt/apt.conf.d/99machine" || true
    mount -t proc proc "$system/proc"
    mount -t sysfs -o ro sysfs "$system/sys"
}

inside() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        PIP_CERT=/machine/ca.crt PIP_CACHE_DIR=/machine/cache PIP_DEFAULT_TIMEOUT=180 \
        PIP_NO_COMPILE="$emulated" \
        chroot "$system" "$@"
}
