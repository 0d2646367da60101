#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Usage: check_style.sh [TREE]. Lines of at most 100 columns, files of src/ of at most 600 lines,
# the licence in the first line, functions of at most 100 lines (median 20, nine of ten under 50).
set -u
cd "${1:-${TOP_SRCDIR:-$(dirname "$0")/..}}" || exit 1
faults=0

fault() {
    echo "$*"
    faults=$((faults + 1))
}

mapfile -t files < <(find src kernels tests bootstrap .ci \( -name '*.[ch]' -o -name '*.cu' \
    -o -name '*.cuh' -o -name '*.sh' -o -name '*.py' -o -name bootstrap -o -path .ci/run \) \
    -not -path 'tests/data/*' -not -path 'tests/results/*' -not -name embedded.c 2>/dev/null | sort)

for file in "${files[@]}"; do
    head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' || fault "$file:1: no SPDX line"
    case $file in
    src/*)
        lines=$(wc -l <"$file")
        [ "$lines" -le 600 ] || fault "$file: $lines lines"
        ;;
    esac
done

while read -r hit; do
    fault "$hit: over 100 columns"
done < <(LC_ALL=C.UTF-8 grep -HnoE '^.{101}' "${files[@]}" | cut -d: -f1,2)

# Under a Turkish locale these do not take 'I' for 'i': text_lower and text_same do.
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '^src/.*\.[ch]$')
while read -r hit; do
    fault "$hit: letter case by the locale"
done < <(grep -HnE '\b(to(lower|upper)|str(n?casecmp|casestr|coll))\(' "${sources[@]}" |
    cut -d: -f1,2)

# The lines between a function's braces, which alone stand in the first column: "LENGTH FILE:LINE".
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '^src/.*\.c$')
lengths=$(awk '
    /^\{$/ { start = FNR }
    /^}$/ && start { print FNR - start - 1, FILENAME ":" start; start = 0 }' \
    "${sources[@]}" | sort -n)
while read -r length place; do
    [ "${length:-0}" -le 100 ] || fault "$place: a function of $length lines"
done <<<"$lengths"
summary=$(awk '{ all[NR] = $1 }
    END { print NR, all[int((NR + 1) / 2)], all[int(NR * 0.9)] }' <<<"$lengths")
read -r count median ninth <<<"$summary"
echo "$count functions: median $median lines, nine of ten within $ninth"
[ "${median:-0}" -le 20 ] || fault "the median function has over 20 lines"
[ "${ninth:-0}" -lt 50 ] || fault "over a tenth of the functions have 50 lines or more"

echo "$faults faults"
[ $faults = 0 ]
