#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The command line's outer shell: version, help, and the exit code of a misuse.
set -u
fail() { echo "FAIL: $*"; exit 1; }

"$MOEBENCH" --version | grep -Eq '^moebench [0-9]+\.[0-9]+\.[0-9]+$' || fail "--version"

overview=$("$MOEBENCH" help) || fail "help"
[ "$overview" = "$("$MOEBENCH" --help)" ] || fail "--help differs from help"

# Every command that the overview names explains itself, the same by both ways.
names=$(printf '%s\n' "$overview" | sed -n 's/^  \([a-z]*\) .*/\1/p')
[ -n "$names" ] || fail "the overview names no command"
for name in $names; do
    text=$("$MOEBENCH" help "$name") || fail "help $name"
    case $text in "usage: moebench $name"*) ;; *) fail "help $name: $text" ;; esac
    [ "$text" = "$("$MOEBENCH" "$name" --help)" ] || fail "$name --help"
    columns=$(printf '%s\n' "$text" |
        awk '/^  --/ && match($0, /[^ ]  +[^ ]/) { print RSTART + RLENGTH }' | sort -u | wc -l)
    [ "$columns" -le 1 ] || fail "help $name: the options' texts stand in $columns columns"
    "$MOEBENCH" "$name" --no-such-option >/dev/null 2>err.$$ && fail "$name took a bad option"
    [ $? = 0 ] || grep -q '^moebench: ' err.$$ || fail "$name: a bad option went unexplained"
done
rm -f err.$$

"$MOEBENCH" no-such-command >/dev/null 2>&1
[ $? = 2 ] || fail "an unknown command must exit with 2"
"$MOEBENCH" "$TOP_SRCDIR/tests/data/cases/A11-key-names/dense-not-moe.config.json" 2>&1 |
    grep -q 'a dense model' || fail "a file that is no model of ours must say why"
"$MOEBENCH" help no-such-command >/dev/null 2>&1
[ $? = 2 ] || fail "help of an unknown command must exit with 2"
if [ -c /dev/full ]; then
    "$MOEBENCH" help >/dev/full 2>&1 && fail "a full disk passed for success"
    MOEBENCH_DB=none.db "$MOEBENCH" ab glm-4.7-fp8 --tp 4 --backend replay --m 64 --a default \
        --b BM16,BN32,BK256,G1,w4,s5 >/dev/full 2>&1
    [ $? = 1 ] || fail "a full disk passed for a verdict"
fi
exit 0
