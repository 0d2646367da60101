#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Usage: tests/gpu/screen.sh [BACKEND]. On a GPU, after tests/gpu/pack, with tmux: a quick tune of
# GLM-4.7-FP8 TP4 driven by keys at 80x24, killed, gone on with at 200x50, one entry held against
# the default, exported. Every screen that was read goes to $OUT (gpu-results/) screens.txt, check's
# word on the exported files last. BACKEND: cuda, or replay to try the script itself.
set -u
. "$(dirname "$0")/common.sh"
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-/tmp/moebench-gpu-cache}
export LC_ALL=C.UTF-8
work=$(mktemp -d)
layer+=(--quick --db screen.db --out out)
if [ "${1:-cuda}" = cuda ]; then
    layer+=("${card[@]}")
else
    layer+=(--backend "$1" --pace 1 --allow-recorded)
fi
: >"$out/screens.txt"

tmux() { command tmux -L moebench-gpu "$@"; }

# WHAT: the screen as it is now.
keep() {
    printf '== %s (%d s)\n' "$1" "$SECONDS" >>"$out/screens.txt"
    tmux capture-pane -p -t m >>"$out/screens.txt"
}

keys() {
    tmux send-keys -t m "$@"
    sleep 0.5
}

# TEXT SECONDS: until the screen shows it.
await() {
    for ((i = 0; i < $2 * 5; i++)); do
        tmux capture-pane -p -t m | grep -q -- "$1" && return
        sleep 0.2
    done
    echo "screen.sh: '$1' was not seen within $2 s" | tee -a "$out/screens.txt"
    keep 'what stood there'
}

run=$(printf '%q ' "$moebench" "${layer[@]}")
tmux new-session -d -c "$work" -x 80 -y 24 -s m "exec $run 2>err"
sleep 3
keep 'just started'
await ' scan' 30
sleep 3
keep 'the scan'
keys p
await 'paused' 10
keep 'paused'
keys p
keys Down Down Right Right Right Right
sleep 1
keep 'going on, the cursor moved'
await ' groups' 60
keep 'late'
kill -9 "$(tmux display-message -p -t m '#{pane_pid}')"
sleep 1
tmux kill-server 2>/dev/null
tmux new-session -d -c "$work" -x 200 -y 50 -s m "exec $run 2>err"
await '100 %  done' 90
keep 'killed, gone on with at 200x50, done'
tmux resize-window -t m -x 80 -y 24
sleep 1
keep 'done, 80x24'
keys a
keys Down Left
keep 'A/B: the dialog'
keys Enter
await 'FASTER\|SLOWER\|SAME\|UNDECIDED' 60
sleep 1
keep 'A/B: the verdict'
keys n
keys Escape
keys e
keep 'the editor'
keys Escape
keys L
keep 'the log'
keys Escape
keys x
keep 'export: the dialog'
keys Enter
sleep 1
keep 'exported'
keys q
sleep 1
tmux kill-server 2>/dev/null
grep -v '^$' "$work/err" | tail -5
(cd "$work" && "$moebench" list --db screen.db)
(cd "$work" && "$moebench" check out) 2>&1 | tee -a "$out/screens.txt"
rm -rf "$work"
