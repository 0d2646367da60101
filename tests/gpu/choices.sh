#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Usage: tests/gpu/choices.sh DB TUNE OTHER. On a GPU, after tests/gpu/tunes.sh full seed: what two
# independent tunes of GLM-4.7-FP8 TP4 chose (ids TUNE and OTHER in the database DB), entry by entry
# against each other, and the pairs of TUNE against the default: interleaved, in one sitting. Bars:
# 95 % of the entries within 0.5 % of each other, no pair SLOWER than the default. Results go to
# $OUT (gpu-results/).
set -u
. "$(dirname "$0")/common.sh"
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-/tmp/moebench-gpu-cache}
layer+=("${card[@]}" --db "$1")
SECONDS=0
files=()
for tune in "$2" "$3"; do
    name=tune-$tune
    "$moebench" export "$tune" --db "$1" --out "$out/$name" >"$out/choices-$name.txt" 2>&1 ||
        { cat "$out/choices-$name.txt"; exit 1; }
    files+=("$(find "$out/$name/configs" -name 'E=*fp8_w8a8.json')")
done

# NAME GEMM AGAINST: TUNE's file against another, into choices-NAME.json.
compare() {
    "$moebench" ab "${layer[@]}" --gemm "$2" --file "${files[0]}" --against "$3" --json \
        >"$out/choices-$1.json" 2>"$out/choices-$1.err"
    printf '%4d s  %s: exit %d\n' "$SECONDS" "$1" $?
}

compare up up "${files[1]}"
compare down down "${files[1]}"
compare default pair default
(cd "$out" && tar -czf choices.tar.gz tune-* choices-*)
python3 - "$out" <<'PYTHON' | tee "$out/choices.txt"
import json
import math
import sys

out = sys.argv[1]


def comparisons(name):
    rows = json.load(open(f"{out}/choices-{name}.json"))["comparisons"]
    for row in rows:
        if row["error"]:
            print(f"{name} M={row['m']}: {row['error']}")
    return [row for row in rows if not row["error"]]


print(f"{'':8} {'M':>5} {'A us':>9} {'B us':>9} {'B-A %':>7} {'95 %':>16} blocks  verdict about B")
close = total = 0
rows = {name: comparisons(name) for name in ("up", "down", "default")}
for name, some in rows.items():
    for row in some:
        low, high = row["ci_pct"]
        print(f"{name:8} {row['m']:5} {row['a_us']:9.1f} {row['b_us']:9.1f}"
              f" {row['effect_pct']:+7.2f} [{low:+6.2f}, {high:+6.2f}] {row['blocks']:6}"
              f"  {row['verdict']}" + (" one tile" if row["a"] == row["b"] else ""))
for row in rows["up"] + rows["down"]:
    total += 1
    close += abs(row["effect_pct"]) <= 0.5
ratios = [math.log(row["b_us"] / row["a_us"]) for row in rows["default"]]
behind = sum(row["verdict"] == "FASTER" for row in rows["default"])
print(f"{close} of {total} entries of the two tunes within 0.5 % of each other")
print(f"against the default: {math.exp(sum(ratios) / len(ratios)):.3f} times as fast (geometric"
      f" mean), {math.exp(min(ratios)):.3f} at least; slower than it at {behind}")
sys.exit(close < 0.95 * total or behind > 0)
PYTHON
exit "${PIPESTATUS[0]}"
