# SPDX-License-Identifier: MIT
"""Stands in for the compile helper beside tests/fake_cuda.c: python3 fake_compiler.py -c BOOT.

A kernel takes 50 us with 3 stages, 49 with 4; with 5 its results are wrong, with FAKE_ALL_WRONG
always. FAKE_COMPILE_LOG names a file for a line a compile: begin and end on the monotonic clock;
each then takes 5 ms. FAKE_CONFIG_DIR is where the engine keeps its configs.
"""
import base64
import hashlib
import json
import os
import sys
import time

NAMES = """a_ptr a_desc b_ptr b_desc bias_ptr c_ptr a_scale_ptr b_scale_ptr topk_weights_ptr
sorted_token_ids_ptr expert_ids_ptr num_tokens_post_padded_ptr N K EM num_valid_tokens stride_am
stride_ak stride_be stride_bk stride_bn stride_bias_e stride_bias_n stride_cm stride_cn stride_asm
stride_ask stride_bse stride_bsk stride_bsn""".split()
CONSTANTS = "BLOCK_SIZE_M BLOCK_SIZE_N GROUP_SIZE_M MUL_ROUTED_WEIGHT top_k".split()


def reply(**fields):
    print(json.dumps(fields), flush=True)


def compiled(request):
    constants, stages = request["constants"], request["num_stages"]
    arguments = [{"name": name, "type": request["arguments"][name]} for name in NAMES
                 if name in request["arguments"]]
    arguments += [{"name": name, "type": "*i8"} for name in ("global_scratch", "profile_scratch")]
    words = ["fused", "us=%d" % (49 if stages == 4 else 50), "bm=%d" % constants["BLOCK_SIZE_M"],
             "top_k=%d" % constants["top_k"]]
    words += ["weighted"] if constants["MUL_ROUTED_WEIGHT"] else []
    words += ["scale=1.5"] if stages == 5 or "FAKE_ALL_WRONG" in os.environ else []
    cubin = " ".join(words + ["%(name)s:%(type)s" % one for one in arguments]).encode()
    return {"cubin": base64.b64encode(cubin).decode(),
            "cubin_hash": hashlib.sha256(cubin).hexdigest(), "entry": "fused_moe_kernel",
            "shared": 60000, "num_warps": 4, "registers": 64, "spill_bytes": 0, "param_bytes": 0,
            "arguments": arguments, "launch_attributes": {}, "global_scratch": 0,
            "profile_scratch": 0, "seconds": 0.5}


stdin = sys.stdin.buffer
stdin.read(int(stdin.readline()))
stdin.readline()
reply(op="hello", protocol=1, python="3.9.1", triton="3.6.0", engine="sglang",
      engine_version="0.5.4.post2", kernel_hash="fake", ptxas="/p", ptxas_version="13.0",
      config_dir=os.environ.get("FAKE_CONFIG_DIR"), ptxas_fault=os.environ.get("FAKE_PTXAS_FAULT"),
      parameters=[{"name": name, "constexpr": name in CONSTANTS} for name in NAMES + CONSTANTS])
for line in stdin:
    request = json.loads(line)
    if request["op"] == "compile":
        if "FAKE_COMPILE_LOG" in os.environ:
            begin = time.monotonic()
            time.sleep(0.005)
            with open(os.environ["FAKE_COMPILE_LOG"], "a", encoding="ascii") as log:
                log.write("%.6f %.6f\n" % (begin, time.monotonic()))
        reply(op="compiled", id=request["id"], **compiled(request))
