# SPDX-License-Identifier: MIT
# Sourced by the scripts beside it: where the packed program is, the layer that they all tune, and
# $OUT (gpu-results/), where results go.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
root=$PWD
pack=$root/gpu-pack
out=${OUT:-$root/gpu-results}
export LD_LIBRARY_PATH=$pack/lib:${LD_LIBRARY_PATH:-}
export MOEBENCH_DATA=$root/data
mkdir -p "$out"
moebench=$pack/bin/moebench
layer=(glm-4.7-fp8 --tp 4)
card=(--backend cuda --engine sglang:0.5.4.post2 --site "$pack/site/sglang-0.5.4.post2")
