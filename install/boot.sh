# shellcheck shell=bash
# What a microphone board needs: the Pi's firmware (config.txt), ALSA's levels, device rights.

begin="# assistant: begin (written by install.sh, removed by install.sh uninstall)"
end="# assistant: end"
made_overlay=$opt/overlay # names the overlay that was compiled here

boot_folder() {
    local folder
    for folder in /boot/firmware /boot; do
        if [[ -f $target$folder/config.txt ]]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

made() { cat "$target$made_overlay" 2> /dev/null || true; }

boot_config() { echo "$target$(boot_folder)/config.txt"; }

# Prints a config.txt without our lines.
without_ours() {
    awk -v begin="$begin" -v end="$end" '
        $0 == begin { ours = 1 } !ours { print } $0 == end { ours = 0 }' "$1"
}

# in_force LINE FILE: is LINE there for every model, not only under [pi4] and the like?
in_force() {
    without_ours "$2" | awk -v want="$1" '
        BEGIN { all = 1 }
        { sub(/[ \t\r]+$/, "") }
        /^\[/ { all = ($0 == "[all]") }
        all && ($0 == want || index($0, want ",") == 1) { found = 1 }
        END { exit !found }'
}

# Sets boot_lines: what config.txt must say for this board.
find_boot_lines() {
    local overlay=${board_overlay[$board]:-} other
    boot_lines=()
    [[ -n $overlay ]] || return 0
    boot_lines=(dtparam=i2c_arm=on dtparam=i2s=on dtparam=spi=on)
    if other=$(other_overlay "$overlay"); then
        skip "the sound card of the $board: config.txt has dtoverlay=$other, which wants the same pins; remove that line and run install.sh again"
        return
    fi
    # raspberrypi/linux#6387: its overlay named no clock until September 2024.
    if [[ $overlay == wm8960-soundcard ]] && kernel_since 6.0 && ! kernel_since 6.6.51; then
        skip "a look at dmesg: if it says \"No MCLK configured\", the sound card of the $board stays silent with kernel $kernel; sudo apt full-upgrade and a restart help"
    fi
    # There the firmware can leave the word clock of the sound an input: silence.
    if [[ $model == *"Zero 2"* ]]; then boot_lines+=(gpio=19=a0); fi
    if overlay_file "$overlay"; then
        boot_lines+=("dtoverlay=$overlay")
    else
        skip "the sound card of the $board: this system has no overlay $overlay (docs/hardware.md)"
    fi
}

# other_overlay OURS: prints the overlay of another sound card on the pins, such as the vendor's
# seeed-voicecard, which its kernel updates break. Two of them at a time are no sound at all.
other_overlay() {
    local name
    while read -r name; do
        case $name in
            "$1") ;;
            seeed-* | wm8960-soundcard | respeaker-* | googlevoicehat-* | hifiberry-* | iqaudio-* | \
                i2s-mmap | justboom-* | allo-* | audioinjector-* | voicehat-*)
                echo "$name"
                return ;;
        esac
    done < <(without_ours "$(boot_config)" | sed -n 's/^dtoverlay=\([^,[:space:]]*\).*/\1/p')
    return 1
}

# Is the overlay there, or can it be compiled from hardware/overlays?
overlay_file() {
    local folder
    folder=$(boot_folder)/overlays
    [[ ! -f $target$folder/$1.dtbo || $(made) == "$folder/$1.dtbo" ]] || return 0
    [[ -f $root/hardware/overlays/$1-overlay.dts ]] || return 1
    if ((dry)); then
        [[ -f $target$folder/$1.dtbo ]] || would "compile the overlay $1 into $folder"
        return
    fi
    install_packages device-tree-compiler
    # Named as ours before it is there: what the system itself brings is never removed.
    put "$made_overlay" 644 <<< "$folder/$1.dtbo"
    dtc -@ -q -I dts -O dtb -o "$target$folder/$1.dtbo$new" \
        "$root/hardware/overlays/$1-overlay.dts" 2>> "$log" || explain "the overlay $1"
    if cmp -s "$target$folder/$1.dtbo$new" "$target$folder/$1.dtbo"; then
        rm "$target$folder/$1.dtbo$new"
    else
        reboot_needed=1
        swap_in "$folder/$1.dtbo"
    fi
}

set_up_boot() {
    local folder file line lines=() text
    [[ -n $model ]] || return 0
    folder=$(boot_folder) || { skip "config.txt: this Pi has none in /boot/firmware or /boot"; return; }
    file=$target$folder/config.txt
    find_boot_lines
    for line in "${boot_lines[@]}"; do
        in_force "$line" "$file" || lines+=("$line")
    done
    text=$(without_ours "$file")$'\n'
    if ((${#lines[@]})); then
        text+=$(printf '%s\n' "$begin" "[all]" "${lines[@]}" "$end")$'\n'
        # The first backup is the one from before us: it is never replaced.
        [[ -e $file.before-assistant ]] || put "$folder/config.txt.before-assistant" 644 < "$file"
    elif ! grep -qxF "$begin" "$file"; then
        return
    fi
    changed=0
    put "$folder/config.txt" 644 < <(printf '%s' "$text")
    if ((changed)); then reboot_needed=1; fi
}

# Takes our lines out of config.txt again; the rest of it is as its owner left it.
remove_boot() {
    local folder
    folder=$(boot_folder) || return 0
    if grep -qxF "$begin" "$target$folder/config.txt"; then
        put "$folder/config.txt" 644 < <(without_ours "$target$folder/config.txt")
        dropped+=("our lines in $folder/config.txt")
    fi
    drop "$folder/config.txt.before-assistant"
    if [[ -n $(made) ]]; then drop "$(made)"; fi
}

# Opens the paths of the board's mixer and sets its levels; ALSA brings them back at every start.
set_up_levels() {
    local levels=$root/hardware/alsa/$board.amixer
    [[ -n $card && -f $levels ]] || return 0
    if ((dry)); then would "set the levels of the sound card $card"; return; fi
    if [[ -z $target && -d /proc/asound/$card ]]; then
        install_packages alsa-utils
        amixer -q -c "$card" -s < "$levels" >> "$log" 2>&1 || true # not every kernel has them all
        alsactl store "$card" >> "$log" 2>&1 && return
    fi
    skip "the levels of the sound card: it is not there yet; after a restart run install.sh again"
}

# What a desktop makes the default card is there for its user's session and not for a service.
check_default_card() {
    [[ $board == default ]] || return 0
    if compgen -G "$target/etc/alsa/conf.d/*-default.conf" > /dev/null; then
        skip "the default sound card: a sound server of the desktop has it; if the speaker hears nothing, name a card in audio.device ($settings_file; assistant doctor lists them)"
    fi
}

# Lets a very long press of the button switch the computer off.
set_up_power() {
    put /etc/polkit-1/rules.d/60-assistant.rules 644 << 'END'
// Lets the speaker's button switch the computer off, written by its install.sh.
polkit.addRule(function (action, subject) {
    if (subject.user == "assistant" && action.id.indexOf("org.freedesktop.login1.power-off") == 0) {
        return polkit.Result.YES;
    }
});
END
}

set_up_udev() {
    put /etc/udev/rules.d/60-assistant.rules 644 << 'END'
# Lets the speaker reach lights and buttons without root, written by its install.sh.
SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=="2886", ATTR{idProduct}=="0018|0019|001a", GROUP="plugdev", MODE="0660"
SUBSYSTEM=="spidev", GROUP="spi", MODE="0660"
SUBSYSTEM=="i2c-dev", GROUP="i2c", MODE="0660"
SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"
END
    if ((!dry)) && systemd_runs; then
        { udevadm control --reload && udevadm trigger --subsystem-match=usb --subsystem-match=spidev \
            --subsystem-match=i2c-dev --subsystem-match=gpio; } >> "$log" 2>&1 || true
    fi
}
