#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Usage: check_layers.sh [TREE]. A file of src/ includes its own folder and those above it in this
# order; a library's header is included by its own layer alone.
set -u
cd "${1:-${TOP_SRCDIR:-$(dirname "$0")/..}}" || exit 1
layers="base domain store compile gpu worker tuner ui cli"
faults=0

fault() {
    echo "$*"
    faults=$((faults + 1))
}

# The place of a layer in the order, from 1; nothing for a name that is no layer.
rank() {
    local number=0 layer
    for layer in $layers; do
        number=$((number + 1))
        [ "$layer" = "$1" ] && echo $number
    done
}

# Which part of src/ may include <HEADER>; nothing for a header that anybody may include.
owner_of() {
    case $1 in
    *cJSON.h) echo src/base/json.c ;;
    sqlite3*.h) echo src/store/ ;;
    cuda*.h | nvml.h | nvrtc.h) echo src/gpu/ ;;
    *curses*.h | term.h | panel.h | menu.h | form.h) echo src/ui/ ;;
    esac
}

while IFS=: read -r file line text; do
    own=${file#src/}
    own=${own%%/*}
    header=$(sed 's/^[^<"]*[<"]\([^>"]*\)[>"].*/\1/' <<<"$text")
    case $text in
    *\"*)
        other=${header%%/*}
        if [ "$other" = "$header" ] || [ -z "$(rank "$other")" ]; then
            fault "$file:$line: \"$header\" is not named by its layer's folder"
        elif [ "$(rank "$other")" -gt "$(rank "$own")" ]; then
            fault "$file:$line: layer $own may not include $header"
        fi
        ;;
    *)
        owner=$(owner_of "$header")
        [ -z "$owner" ] || [ "${file#"$owner"}" != "$file" ] ||
            fault "$file:$line: only $owner includes <$header>"
        ;;
    esac
done < <(grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include' src)

# The domain is pure but for a base/ reader that it may name a file to.
io='fopen|open|getenv|printf|fprintf|puts|popen|system'
while read -r hit; do
    fault "$hit (src/domain does no input or output)"
done < <(grep -rnE --include='*.[ch]' "\b($io) ?\(" src/domain)

echo "$faults faults"
[ $faults = 0 ]
