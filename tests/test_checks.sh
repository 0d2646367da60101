#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The checks of layers and style find what they are for.
set -u
tree=$PWD/test_checks.$$
trap 'rm -rf "$tree"' EXIT
spdx='/* SPDX-License-Identifier: MIT */'
fail() { echo "FAIL: $*"; exit 1; }

# expect CHECK TEXT: the check refuses the tree and its output has TEXT.
expect() {
    local out
    out=$(bash "$TOP_SRCDIR/tests/$1.sh" "$tree") && fail "$1 accepted: $2"
    grep -qF -- "$2" <<<"$out" || fail "$1 said '$out', not '$2'"
}

fresh() {
    rm -rf "$tree"
    mkdir -p "$tree"/src/{base,domain,store,ui} "$tree"/{kernels,tests}
    printf '%s\n' "$spdx" '#include "base/b.h"' '#include "domain/d.h"' '#include <stdio.h>' \
        'int f(void)' '{' '    return 0;' '}' >"$tree/src/domain/d.c"
}

fresh
bash "$TOP_SRCDIR/tests/check_layers.sh" "$tree" || fail "check_layers refused a clean tree"
bash "$TOP_SRCDIR/tests/check_style.sh" "$tree" || fail "check_style refused a clean tree"

echo '#include "ui/screen.h"' >>"$tree/src/domain/d.c"
expect check_layers 'src/domain/d.c:9: layer domain may not include ui/screen.h'
fresh
echo '  # include <sqlite3.h>' >"$tree/src/ui/u.c"
expect check_layers 'src/ui/u.c:1: only src/store/ includes <sqlite3.h>'
echo '#include <ncurses.h>' >"$tree/src/store/s.c"
expect check_layers 'src/store/s.c:1: only src/ui/ includes <ncurses.h>'
echo '#include <cjson/cJSON.h>' >"$tree/src/base/b.c"
expect check_layers 'src/base/b.c:1: only src/base/json.c includes <cjson/cJSON.h>'
echo '#include "d.h"' >>"$tree/src/domain/d.c"
expect check_layers '"d.h" is not named by its layer'
fresh
echo 'FILE *g(void) { return fopen("x", "r"); }' >>"$tree/src/domain/d.c"
expect check_layers 'src/domain does no input or output'

fresh
echo 'int x;' >"$tree/src/base/b.c"
expect check_style 'src/base/b.c:1: no SPDX line'
fresh
printf '/* %098d */\n' 0 >>"$tree/src/domain/d.c"
expect check_style 'src/domain/d.c:9: over 100 columns'
fresh
for _ in $(seq 600); do echo 'int x;'; done >>"$tree/src/domain/d.c"
expect check_style 'src/domain/d.c: 608 lines'
fresh
{ echo 'int g(void)'; echo '{'; for _ in $(seq 101); do echo '    f();'; done; echo '}'; } \
    >>"$tree/src/domain/d.c"
expect check_style 'a function of 101 lines'
fresh
echo 'char l(char c) { return tolower(c); }' >>"$tree/src/domain/d.c"
expect check_style 'src/domain/d.c:9: letter case by the locale'
exit 0
