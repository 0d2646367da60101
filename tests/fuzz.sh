#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Usage: fuzz.sh SECONDS TARGET: runs a fuzz target on the first inputs of tests/data/fuzz/NAME, if
# there are any, and what earlier runs in this build folder have found. Fails with the finding.
set -eu
seconds=$1
target=$2
name=${target##*/fuzz_}
corpus=$(dirname "$target")/corpus/$name
mkdir -p "$corpus"
seeds=$(dirname "$0")/data/fuzz/$name
[ -d "$seeds" ] || seeds=
"./$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="$(dirname "$corpus")/$name-" "$corpus" $seeds \
    >"$corpus.log" 2>&1 || { tail -n 60 "$corpus.log"; echo "fuzz $name: a finding"; exit 1; }
count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$corpus.log")
echo "fuzz $name: $count inputs in $seconds s"
