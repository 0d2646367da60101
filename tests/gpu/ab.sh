#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Usage: tests/gpu/ab.sh [DB]. On a GPU, after tests/gpu/pack: GLM-4.7-FP8 TP4, SGLang 0.5.4.post2.
# 20 entries against themselves (at most one false verdict), then the public GB10 ladder as a file
# against moebench's choices and against the engine's default. DB: a database that holds a tune of
# the layer on this card; without it a quick one is made. Results go to $OUT (gpu-results/). Every
# part says how long it took; no part begins after $LIMIT seconds (220).
set -u
. "$(dirname "$0")/common.sh"
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-/tmp/moebench-gpu-cache}
layer+=("${card[@]}")
db=${1:-$out/ab.db}
ladder=$root/data/gb10/configs/triton_3_5_0
ladder+='/E=160,N=384,device_name=NVIDIA_GB10,dtype=fp8_w8a8.json'
failed=0
limit=${LIMIT:-220}
SECONDS=0

# NAME: says what the time was; false and a fault when there is none left for what comes next.
pass() {
    printf '%4d s  %s\n' "$SECONDS" "$1"
    [ "$SECONDS" -lt "$limit" ] && return
    echo "out of time: the rest is left out"
    exit 1
}

if [ ! -e "$db" ]; then
    "$moebench" tune "${layer[@]}" --quick --db "$db" >"$out/ab-tune.txt" 2>&1 ||
        { tail -5 "$out/ab-tune.txt"; exit 1; }
    pass 'a quick tune'
fi

false_verdicts=0 runs=0
: >"$out/ab-aa.jsonl"
for gemm in up down; do
    for m in 1 4 16 32 64 128 256 1024 2048 4096; do
        "$moebench" ab "${layer[@]}" --db "$db" --gemm "$gemm" --m "$m" --a choice --b choice \
            --seed "$m" --json >>"$out/ab-aa.jsonl" 2>"$out/ab-aa.err"
        code=$?
        case $code in
        0 | 10) false_verdicts=$((false_verdicts + 1)) ;;
        11 | 12) ;;
        *) echo "A/A $gemm M=$m: exit $code: $(tail -1 "$out/ab-aa.err")"; failed=1 ;;
        esac
        runs=$((runs + 1))
    done
    pass "A/A of $gemm"
done
printf '%-36s %d of %d false verdicts\n' 'A/A of moebench'"'"'s choices' "$false_verdicts" "$runs"
[ "$false_verdicts" -le 1 ] || failed=1

# NAME A B: a table of A (the file) against B; the verdict is about B.
compare() {
    "$moebench" ab "${layer[@]}" --db "$db" --file "$2" --against "$3" --json \
        >"$out/ab-$1.json" 2>"$out/ab-$1.err"
    code=$?
    case $code in
    0 | 10 | 11 | 12) ;;
    *) echo "$1: exit $code: $(tail -1 "$out/ab-$1.err")"; failed=1 ;;
    esac
    [ -s "$out/ab-$1.json" ] || return
    python3 - "$out/ab-$1.json" "$1" <<'PYTHON' | tee "$out/ab-$1.txt"
import json, math, sys
facts = json.load(open(sys.argv[1]))
rows = [one for one in facts["comparisons"] if not one["error"]]
print(f"\n{sys.argv[2]}: A {facts['a']}, B {facts['b']}, on {facts['device']}")
print(f"{'M':>6} {'A us':>9} {'B us':>9} {'B-A %':>8} {'blocks':>6}  verdict about B")
for one in facts["comparisons"]:
    if one["error"]:
        print(f"{one['m']:6}  {one['error']}")
        continue
    print(f"{one['m']:6} {one['a_us']:9.1f} {one['b_us']:9.1f} {one['effect_pct']:+8.2f}"
          f" {one['blocks']:6}  {one['verdict']}")
ratio = [math.log(one["b_us"] / one["a_us"]) for one in rows]
if ratio:
    print(f"geometric mean of B / A: {math.exp(sum(ratio) / len(ratio)):.3f}")
PYTHON
}

compare ladder-vs-choice "$ladder" choice
pass 'the ladder against the choices'
compare ladder-vs-default "$ladder" default
pass 'the ladder against the default'
exit "$failed"
