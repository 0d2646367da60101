# SPDX-License-Identifier: MIT
"""Stands in for the compile helper: python3 stand_in_helper.py MODE COUNTER, then -c BOOT.

Reads the script it is sent without running it, greets, and answers each compile by its MODE. Each
start appends a line to the file COUNTER, each compile one too.
"""

import base64
import hashlib
import json
import sys

MODE, COUNTER = sys.argv[1:3]
PARAMETERS = [
    {"name": "a_ptr", "constexpr": False},
    {"name": "N", "constexpr": False},
    {"name": "BLOCK_SIZE_M", "constexpr": True},
    {"name": "from_the_future", "constexpr": True, "default": 0},
]


def count(what):
    with open(COUNTER, "a+", encoding="ascii") as file:
        file.write(what + "\n")
        file.seek(0)
        return file.read().split().count(what)


def reply(**fields):
    print(json.dumps(fields), flush=True)


def compiled(request):
    cubin = b"cubin of %d" % request["constants"]["BLOCK_SIZE_M"]
    return {
        "cubin": base64.b64encode(cubin).decode(),
        "cubin_hash": hashlib.sha256(cubin).hexdigest(),
        "entry": "fused_moe_kernel", "shared": 1024 * request["constants"]["BLOCK_SIZE_M"],
        "num_warps": 4, "registers": 64, "spill_bytes": 0, "param_bytes": 96,
        "arguments": [{"name": "a_ptr", "type": "*fp8e4nv"}, {"name": "N", "type": "i32"}],
        "launch_attributes": {}, "global_scratch": 0, "profile_scratch": 0, "seconds": 0.5,
    }


stdin = sys.stdin.buffer
stdin.read(int(stdin.readline()))
hello = json.loads(stdin.readline())
start = count("start")
if MODE == "no-triton":
    reply(op="error", code="no-triton", text="Triton is missing; use --python", python="3.9.1")
    sys.exit(1)
reply(op="hello", protocol=1, python="3.9.1", triton="3.6.0", engine="sglang",
      engine_version="0.5.4.post2", kernel_hash="cafe", ptxas="/p", ptxas_version="13.0",
      parameters=PARAMETERS if MODE != "unknown" else [{"name": "zap", "constexpr": False}])
for line in stdin:
    request = json.loads(line)
    if request["op"] != "compile":
        continue
    count("compile")
    if MODE == "die-always" or (MODE == "die-once" and start == 1):
        sys.exit("out of luck")
    if MODE == "old-ptxas":
        reply(op="failed", id=request["id"], code="ptxas-too-old", text="take CUDA 13's", seconds=1)
    elif MODE == "wrong-hash":
        reply(op="compiled", id=request["id"], **dict(compiled(request), cubin_hash="00"))
    else:
        print("a stray line", flush=True)
        reply(op="compiled", id=request["id"], **compiled(request))
