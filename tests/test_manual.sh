#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The man page and the completion say all that the program's tables say, and are well formed.
set -u
fail() { echo "FAIL: $*"; exit 1; }
page=$TOP_SRCDIR/man/moebench.1

"$MOEBENCH" help --mdoc | diff "$page" - ||
    fail "man/moebench.1 is not this program's; renew it: $MOEBENCH help --mdoc >$page"
for name in $("$MOEBENCH" help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
    grep -q "^\.Ss $name" "$page" || fail "the man page lacks $name"
    for option in $("$MOEBENCH" help "$name" | sed -n 's/^  \(--[a-z-]*\) .*/\1/p'); do
        grep -q "^\.It Cm \"..$option\"" "$page" || fail "the man page lacks $name $option"
    done
done
grep -q '^\.It Ic "..Ctrl-L"' "$page" || fail "the man page lacks the keys"
if command -v mandoc >/dev/null; then
    lint=$(mandoc -T lint "$page")
    [ -z "$lint" ] || fail "mandoc: $lint"
fi

# shellcheck source=/dev/null
. "$TOP_BUILDDIR/completion/moebench"
COMP_WORDS=(moebench sha) COMP_CWORD=1
_moebench
[ "${COMPREPLY[0]}" = shape ] || fail "completion of a command: ${COMPREPLY[*]}"
COMP_WORDS=(moebench tune --allow-b) COMP_CWORD=2
_moebench
[ "${COMPREPLY[*]}" = --allow-busy ] || fail "completion of an option: ${COMPREPLY[*]}"
COMP_WORDS=(moebench glm-4.7-fp8 --them) COMP_CWORD=2
_moebench
[ "${COMPREPLY[*]}" = --theme ] || fail "completion of the workbench's option: ${COMPREPLY[*]}"
COMP_WORDS=(moebench help edi) COMP_CWORD=2
_moebench
[ "${COMPREPLY[0]}" = edit ] || fail "completion of a command to explain: ${COMPREPLY[*]}"
exit 0
