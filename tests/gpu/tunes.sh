#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Usage: tests/gpu/tunes.sh [STEP..]. On a GPU, after tests/gpu/pack: GLM-4.7-FP8 TP4, SGLang
# 0.5.4.post2, wall-clock against bars. STEP: quick full second seed (these by
# default) and exhaustive, which stops after $EXHAUSTIVE_TIME (9m) and goes on when called again:
# databases and compiled kernels stay in $TUNES (/tmp/moebench-tunes). A short table comes last;
# results go to $OUT (gpu-results/): tunes.txt, tunes.json and tunes.tar.gz with every log.
set -u
. "$(dirname "$0")/common.sh"
tunes=${TUNES:-/tmp/moebench-tunes}
logs=$tunes/logs
export XDG_STATE_HOME=$logs
mkdir -p "$logs"
steps=("$@")
[ $# -gt 0 ] || steps=(quick full second seed)

# What the machine did meanwhile: busy cores a second, clocks and power of the card.
watch_machine() {
    nvidia-smi --query-gpu=timestamp,clocks.sm,clocks.mem,power.draw,temperature.gpu \
        --format=csv,noheader,nounits -l 1 >"$logs/$1.card" 2>&1 &
    watchers=$!
    while :; do
        echo "$(date +%s.%N) $(head -1 /proc/stat)"
        sleep 1
    done >"$logs/$1.cpu" &
    watchers="$watchers $!"
}

# NAME CACHE DB OPTION..: one tune, timed from outside; its result is the last line of NAME.txt.
tune() {
    local name=$1 cache=$2 db=$3 began
    shift 3
    watch_machine "$name"
    began=$(date +%s.%N)
    XDG_CACHE_HOME=$tunes/$cache "$moebench" tune "${layer[@]}" "${card[@]}" \
        --db "$tunes/$db.db" --json "$@" >"$logs/$name.txt" 2>"$logs/$name.log"
    echo "$name $? $began $(date +%s.%N) $db" >>"$tunes/ran"
    kill $watchers
    wait $watchers 2>/dev/null
}

: >"$tunes/ran"
{
    echo "cores by affinity: $(nproc); $(grep -c ^processor /proc/cpuinfo) in all"
    echo "cgroup: $(cat /sys/fs/cgroup/cpu.max 2>/dev/null)"
    grep -m1 'model name' /proc/cpuinfo
    nvidia-smi
} >"$logs/machine"
for step in "${steps[@]}"; do
    case $step in
    quick | full)
        rm -rf "${tunes:?}/cache-$step" "$tunes/$step.db"*
        tune "$step-cold" "cache-$step" "$step" "--$step"
        ;;
    second) tune full-second cache-full full --full --again ;;
    seed) tune full-seed-2 cache-full full --full --seed 2 ;;
    exhaustive)
        tune exhaustive cache-exhaustive exhaustive --exhaustive --time "${EXHAUSTIVE_TIME:-9m}"
        ;;
    *) echo "tunes.sh: $step: no such step" >&2; exit 2 ;;
    esac
done

python3 - "$tunes" "$out" <<'PYTHON' | tee "$out/tunes.txt"
import json
import os
import sqlite3
import sys

tunes, out = sys.argv[1:]
PHASES = ("scan", "heat", "semi", "groups", "final", "confirm", "hand")
BARS = {"quick-cold": 45, "full-cold": 120, "exhaustive": 420}


def read_result(name):
    lines = open(f"{tunes}/logs/{name}.txt").read().strip().split("\n")
    try:
        return json.loads(lines[-1])
    except ValueError:
        return {}


def read_phases(db, began, ended):
    """Of the chunks stored meanwhile: number, samples, kernel time, worker's and real time."""
    base = sqlite3.connect(f"file:{tunes}/{db}.db?mode=ro", uri=True)
    rows = base.execute(
        "select phase, count(*), sum(samples), sum(gpu_s), sum(wall_s), min(time), max(time),"
        " sum(suspect) from chunk where time between ? and ? group by phase", (began, ended))
    keys = ("phase", "chunks", "samples", "gpu_s", "worker_s", "first_s", "last_s", "suspect")
    phases = [dict(zip(keys, row)) for row in rows]
    for phase in phases:
        phase["phase"] = PHASES[phase["phase"]]
        phase["first_s"] -= began
        phase["last_s"] -= began
    suspects = base.execute(
        "select chunk.phase, sentinel, chunk.sm_mhz, power_w, temperature_c, group_concat(distinct"
        " gemm || ' ' || bm || ',' || bn || ',' || bk || ',' || warps || ',' || stages)"
        " from chunk join measurement on chunk = chunk.id join tile on tile = tile.id"
        " where suspect and time between ? and ? group by chunk.id", (began, ended)).fetchall()
    seconds = base.execute("select count(*), sum(seconds), max(seconds) from compile").fetchone()
    return phases, suspects, seconds


def busy_cores(name):
    rows = [line.split() for line in open(f"{tunes}/logs/{name}.cpu")]
    rows = [(float(at), sum(map(int, rest[:3]))) for at, _, *rest in rows if len(rest) > 3]
    return [round((b[1] - a[1]) / 100 / (b[0] - a[0]), 1) for a, b in zip(rows, rows[1:])]


table = {}
print(f"{'':12} {'wall':>7} {'gpu_s':>7} {'busy':>5} {'compiles':>8} {'first':>6}  stages")
for line in open(f"{tunes}/ran"):
    name, code, began, ended, db = line.split()
    wall, facts = float(ended) - float(began), read_result(name)
    if not facts:
        print(f"{name:12} failed, exit {code}: {open(f'{tunes}/logs/{name}.log').read()[-300:]}")
        continue
    phases, suspects, compiled = read_phases(db, float(began), float(ended))
    stages = facts["stages"]
    timing = stages["measure"] + stages["commit"] + stages["verify"] + stages["other"]
    gpu_s = sum(phase["gpu_s"] for phase in phases)
    table[name] = {**facts, "exit": int(code), "wall_outside_s": wall, "phases": phases,
                   "suspects": suspects, "busy_cores": busy_cores(name),
                   "compiled_in_db": compiled}
    del table[name]["choices"]
    late = f" over {BARS[name]}" if wall > BARS.get(name, wall) else ""
    print(f"{name:12} {wall:7.1f} {gpu_s:7.1f} {100 * gpu_s / max(timing, 1e-9):4.0f}%"
          f" {facts['compiles']:8} {facts['first_timing_s'] or 0:6.2f} "
          + " ".join(f"{key} {value:.1f}" for key, value in stages.items()) + late)
    for phase in phases:
        print("             {phase:8} {chunks:5} chunks {samples:6} samples  gpu {gpu_s:6.1f}"
              "  worker {worker_s:6.1f}  from {first_s:6.1f} to {last_s:6.1f} s,"
              " {suspect} suspect".format(**phase))
    print(f"             {compiled[0]} kernels known, {compiled[1] or 0:.0f} s of compiling, the"
          f" longest {compiled[2] or 0:.1f} s; busy cores {table[name]['busy_cores']}")
json.dump(table, open(os.path.join(out, "tunes.json"), "w"))
PYTHON
awk '{ print $1 ".txt" }' "$tunes/ran" | (cd "$logs" && xargs "$root/tests/gpu/gains.py") |
    tee -a "$out/tunes.txt"
cat "$logs/machine" >>"$out/tunes.txt"
tar -czf "$out/tunes.tar.gz" -C "$tunes" logs ran
