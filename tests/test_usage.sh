#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Command lines that are wrong: each is refused with exit code 2 and one line that says what to do.
set -u
fail() { echo "FAIL: $*"; exit 1; }

# wrong WANTED ARGUMENT..: the line on stderr holds WANTED, and nothing else was done.
wrong() {
    wanted=$1
    shift
    got=$("$MOEBENCH" "$@" 2>&1 >/dev/null)
    code=$?
    [ "$code" = 2 ] || fail "$*: exit code $code"
    [ "$(printf '%s\n' "$got" | wc -l)" = 1 ] || fail "$*: more than a line: $got"
    case $got in *"$wanted"*) ;; *) fail "$*: \"$got\" lacks \"$wanted\"" ;; esac
}

layer="glm-4.7-fp8 --tp 4"
wrong "did you mean tune" tun
wrong "did you mean check" chekc x
wrong "see: moebench help" zzzzzzzz
wrong "or one of: deepseek" glm-4.7-fp9
wrong "screen or line" $layer --ui=foo
wrong "viridis" $layer --theme=foo
wrong "did you mean --tp?" tune $layer --tpp 4
wrong "did you mean --tp?" tune glm-4.7-fp8 -tp 4
wrong "did you mean --batch-sizes?" tune $layer --batch=1
wrong "did you mean --db?" list --dbb x
wrong "unknown option --zzzzzz; see: moebench help list" list --zzzzzz
wrong "--space and --bm" space $layer --space x.json --bm 16
wrong "empty value of --db" tune $layer --db ""
wrong "empty value of --out" export --out=
wrong "empty: PATH.." check ""
wrong "a value is missing after --out" export --out --allow-recorded
