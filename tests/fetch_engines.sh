#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: tests/fetch_engines.sh DIR
#
# Fetches with pip what the tests of the compile helper read: of SGLang's wheels the MoE layers
# (DIR/sglang-VERSION), Triton whole (DIR/triton-VERSION). What is there already is left alone.
# PYTHON names the Python that will run Triton (python3): Triton's wheel is for one version of it.
set -eu

sglang_versions="0.5.4.post2 0.5.8.post1 0.5.23"
triton_versions="3.5.0 3.6.0"
python=${PYTHON:-python3}

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
work=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
tag=$("$python" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')

# download REQUIREMENT [PIP OPTION...]: one wheel, alone in $work/wheel
download() {
    rm -rf "$work/wheel"
    "$python" -m pip download --quiet --no-deps --only-binary=:all: --dest "$work/wheel" "$@"
}

# unpack TARGET [PREFIX...]: the files of the wheel under one of the prefixes, or all
unpack() {
    target=$1
    shift
    "$python" - "$work/wheel" "$work/tree" "$@" <<'END'
import glob, sys, zipfile

folder, tree, *prefixes = sys.argv[1:]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    for name in wheel.namelist():
        wanted = name.startswith(tuple(prefixes)) or ".dist-info/" in name
        if wanted or not prefixes:
            wheel.extract(name, tree)
END
    rm -rf "${dir:?}/$target"
    mv "$work/tree" "$dir/$target"
}

# SGLang is only read, never imported: any wheel of the version will do, whatever machine this is.
for version in $sglang_versions; do
    [ -d "$dir/sglang-$version" ] && continue
    download "sglang==$version" --python-version 3.11 --platform manylinux_2_34_x86_64 \
        --platform manylinux2014_x86_64 --platform any
    unpack "sglang-$version" sglang/__init__.py sglang/version.py sglang/srt/layers/moe/ \
        sglang/kernels/ops/moe/
    echo "sglang-$version: fetched"
done

for version in $triton_versions; do
    [ -f "$dir/triton-$version/.$tag" ] && continue
    download "triton==$version"
    unpack "triton-$version"
    chmod +x "$dir/triton-$version/triton/backends/nvidia/bin"/*
    : > "$dir/triton-$version/.$tag"
    echo "triton-$version: fetched"
done
