# shellcheck shell=bash
# What this machine is: Debian, Raspberry Pi model, kernel, microphone board. Only looks.

# The overlay and the ALSA card of each board on the pins; USB arrays need neither. The AC108 boards
# need a driver that the kernel does not have.
declare -A board_overlay=(
    [respeaker_2mic]=wm8960-soundcard [respeaker_2mic_v2]=respeaker-2mic-v2
    [respeaker_4mic]=seeed-4mic-voicecard [respeaker_6mic]=seeed-8mic-voicecard
    [respeaker_4mic_linear]=seeed-8mic-voicecard
)
declare -A board_card=(
    [respeaker_2mic]=wm8960soundcard [respeaker_2mic_v2]=seeed2micvoicec
    [respeaker_4mic]=seeed4micvoicec [respeaker_6mic]=seeed8micvoicec
    [respeaker_4mic_linear]=seeed8micvoicec
)
declare -A board_usb=(
    [2886:0018]=respeaker_usb_v2 [2886:0019]=respeaker_lite [2886:001a]=respeaker_xvf3800
)

check_machine() {
    type apt-get dpkg > /dev/null 2>&1 ||
        die "this system has no apt" "use Debian 12 or 13, Raspberry Pi OS (64-bit) or Ubuntu 24.04"
    case $(dpkg --print-architecture) in
        amd64 | arm64) ;;
        armhf | armel)
            die "this is a 32-bit ARM system, and the wake-word engine exists for 64 bits only" \
                "install the 64-bit Raspberry Pi OS (any Pi 3, 4, 5 or Zero 2 W runs it)" ;;
        *) die "$(dpkg --print-architecture) is not supported" "use a 64-bit x86 or ARM machine" ;;
    esac
}

# Sets model ("" on another computer), kernel, pins (the lock for this Pi's pins, "" without pins),
# board, card (its ALSA id, if it is on the pins) and system.
detect() {
    model=$(tr -d '\0' 2> /dev/null < "$target/proc/device-tree/model" || true)
    [[ $model == *"Raspberry Pi"* ]] || model=""
    kernel=$(uname -r)
    pins=""
    # RPi.GPIO cannot watch a pin on kernels since 6.6, nor work on a Pi 5.
    if [[ $model == *"Raspberry Pi 5"* ]] || { [[ -n $model ]] && kernel_since 6.6; }; then
        pins=requirements-pi
    elif [[ -n $model ]]; then
        pins=requirements-pi-old
    fi
    # shellcheck source=/dev/null
    system=$(. "$target/etc/os-release" 2> /dev/null && echo "${PRETTY_NAME:-Linux}" || echo Linux)
    board=${wanted_board:-$(usb_board || hat_board || echo default)}
    card=${board_card[$board]:-}
}

# kernel_since VERSION: is this kernel that one or newer?
kernel_since() { [[ $(printf '%s\n' "$1" "${kernel%%[-+]*}" | sort -V | head -n 1) == "$1" ]]; }

usb_board() {
    local device id
    for device in "$target"/sys/bus/usb/devices/*/; do
        id=$(cat "$device/idVendor" 2> /dev/null):$(cat "$device/idProduct" 2> /dev/null)
        if [[ -n ${board_usb[$id]:-} ]]; then
            echo "${board_usb[$id]}"
            return
        fi
    done
    return 1
}

# A HAT is known by the addresses its codecs answer at on I2C bus 1.
hat_board() {
    local answers
    [[ -n $model && -z $target ]] || return 1
    if [[ ! -e /dev/i2c-1 ]] && ((EUID == 0 && !dry)); then
        { dtparam i2c_arm=on && modprobe i2c-dev && udevadm settle; } >> "$log" 2>&1 || true
    fi
    answers=$(/usr/bin/python3 - << 'END' 2> /dev/null
import fcntl, os
bus = os.open("/dev/i2c-1", os.O_RDWR)
for address in (0x18, 0x1A, 0x35, 0x3B):
    try:
        fcntl.ioctl(bus, 0x0706, address)  # I2C_SLAVE_FORCE: a driver may hold the codec
        os.read(bus, 1)
    except OSError:
        continue
    print(f"{address:x}", end=" ")
END
    ) || return 1
    case " $answers" in
        *" 35 "*) echo respeaker_6mic ;;
        *" 3b "*) echo respeaker_4mic ;;
        *" 18 "*) echo respeaker_2mic_v2 ;;
        *" 1a "*) echo respeaker_2mic ;;
        *) return 1 ;;
    esac
}

# A board that cannot work here is refused before anything is changed.
check_board() {
    case $board in
        respeaker_4mic | respeaker_4mic_linear | respeaker_6mic)
            if [[ $model == *"Raspberry Pi 5"* ]]; then
                die "the $board cannot record on a Pi 5: its chip needs four channels on one I2S pin" \
                    "use a 2-Mic HAT or a USB array, or a Pi 4"
            fi ;;
    esac
}
