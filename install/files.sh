# shellcheck shell=bash
# Every change to the system's files goes through here: shown instead of made with --dry-run, and
# made so that a power cut leaves the old state or the new one. Paths are as the installed system
# sees them; $target is put in front ("" but for --root DIR).

would() {
    announce
    printf '  would %s\n' "$1"
}

# put FILE MODE: makes FILE hold the standard input. Sets `changed` when that is a change.
put() {
    local file=$target$1 mode=$2 text
    text=$(cat && printf x)
    if [[ -f $file && $(cat "$file" && printf x) == "$text" ]]; then return; fi
    changed=1
    if ((dry)); then
        if [[ -f $file ]]; then would "change $1"; else would "write $1"; fi
        return
    fi
    mkdir -p "$(dirname "$file")"
    printf '%s' "${text%x}" > "$file$new"
    chmod "$mode" "$file$new"
    swap_in "$1"
}

# Puts FILE.assistant-new in FILE's place.
swap_in() {
    local file=$target$1
    sync "$file$new"
    mv -fT "$file$new" "$file"
    sync "$(dirname "$file")"
    echo "wrote $file" >> "$log"
}

# put_link LINK TEXT: makes LINK a symbolic link to TEXT.
put_link() {
    local link=$target$1
    if [[ $(readlink "$link" 2> /dev/null) == "$2" ]]; then return; fi
    changed=1
    if ((dry)); then would "link $1 to $2"; return; fi
    mkdir -p "$(dirname "$link")"
    ln -sfn "$2" "$link$new"
    mv -fT "$link$new" "$link"
    sync "$(dirname "$link")"
    echo "linked $link to $2" >> "$log"
}

put_folder() {
    if [[ -d $target$1 ]]; then return; fi
    if ((dry)); then would "make the folder $1"; return; fi
    mkdir -p "$target$1"
}

# drop PATH: removes a file, a link or a folder with all in it, and what was half written of it.
drop() {
    local path=$target$1
    if [[ ! -e $path && ! -L $path && ! -e $path$new && ! -L $path$new ]]; then return; fi
    if ((dry)); then would "remove $1"; return; fi
    rm -rf "$path" "$path$new"
    dropped+=("$1")
}

# drop_if_empty FOLDER: what we may have made in a place that is not ours.
drop_if_empty() {
    if ((!dry)) && [[ -d $target$1 ]]; then
        rmdir --ignore-fail-on-non-empty "$target$1"
    fi
}
