#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Usage: check_format.sh [--fix]. Every C file is as clang-format 14 writes it, which alone counts.
set -u
cd "${TOP_SRCDIR:-$(dirname "$0")/..}" || exit 1
format=
for name in clang-format-14 clang-format; do
    "$name" --version 2>/dev/null | grep -q 'version 14\.' && format=$name && break
done
[ -n "$format" ] || { echo "clang-format 14 is not installed"; exit 77; }

mapfile -t files < <(find src tests -name '*.[ch]' -not -path 'tests/data/*' | sort)
if [ "${1:-}" = --fix ]; then
    # Twice: the second pass settles what the first has moved.
    "$format" -i "${files[@]}" && exec "$format" -i "${files[@]}"
fi
"$format" --dry-run --Werror "${files[@]}" || { echo "tests/check_format.sh --fix"; exit 1; }
