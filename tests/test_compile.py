# SPDX-License-Identifier: MIT
"""The engines' own kernels through `moebench bench --compile-only`: facts against predictions.

Needs MOEBENCH_TEST_SITE, a folder that holds unpacked engines (sglang-0.5.4.post2, ..), and
MOEBENCH_TEST_TRITON, a list of folders with Triton; skipped without. About 100 compiles.
"""

import csv
import json
import os
import re
import subprocess
import sys
import unittest

MOEBENCH = os.environ.get("MOEBENCH", "moebench")
DATA = os.path.join(os.environ.get("TOP_SRCDIR", "."), "tests", "data")
SITE = os.environ.get("MOEBENCH_TEST_SITE", "")
TRITONS = [path for path in os.environ.get("MOEBENCH_TEST_TRITON", "").split(":") if path]
VERSIONS = ["0.5.4.post2", "0.5.8.post1"]

SPREAD = [
    "BM16,BN32,BK64,G1,w4,s2",
    "BM16,BN128,BK128,G8,w4,s4",
    "BM64,BN128,BK128,G8,w4,s3",
    "BM128,BN256,BK64,G16,w8,s3",
]
# Name, options, tiles
MODELS = [
    ("glm-4.7-fp8", ["--tp", "4"], SPREAD),
    ("glm-4.7-fp8", ["--tp", "4", "--dtype", "fp8_w8a8"], SPREAD[:2]),
    ("qwen3-30b-a3b-fp8", [], SPREAD),
    ("qwen3-30b-a3b", [], SPREAD[:3]),
    ("mixtral-8x7b-v0.1", ["--tp", "2"], SPREAD[:2]),
    ("qwen3-30b-a3b", ["--dtype", "fp16"], SPREAD[:2]),
]
# Parameters that are left for a launch in some case or other; the scratch pointers are Triton's.
LEFT = set(
    """a_ptr b_ptr c_ptr a_scale_ptr b_scale_ptr topk_weights_ptr sorted_token_ids_ptr
    expert_ids_ptr num_tokens_post_padded_ptr N K EM num_valid_tokens stride_am stride_be stride_bn
    stride_bias_e stride_bias_n stride_cm stride_asm stride_ask stride_bse stride_bsk stride_bsn
    global_scratch profile_scratch""".split()
)


def bench(version, triton, model, *options, fails=False, **environment):
    command = [MOEBENCH, "bench", model, "--compile-only", "--json"]
    command += ["--engine", f"sglang:{version}"]
    command += ["--site", os.path.join(SITE, f"sglang-{version}"), *options]
    env = dict(os.environ, PYTHONPATH=triton, **environment)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if fails:
        return done
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def tile_options(tiles):
    return [word for tile in tiles for word in ("--tile", tile)]


def csv_key(row):
    names = ("BM", "BN", "BK", "warps", "stages")
    return tuple(int(row[name]) for name in names)


def tile_key(text):
    number = dict(re.findall(r"(BM|BN|BK|w|s)(\d+)", text))
    return tuple(int(number[name]) for name in ("BM", "BN", "BK", "w", "s"))


class Compile(unittest.TestCase):
    def check(self, facts):
        for kernel in facts["tiles"]:
            with self.subTest(tile=kernel["tile"], gemm=kernel["gemm"]):
                self.assertIn(kernel["status"], ("ok", "does-not-fit"))
                if kernel["predicted_exact"]:
                    self.assertEqual(kernel["shared_bytes"], kernel["predicted_bytes"])
                names = [argument["name"] for argument in kernel["arguments"]]
                self.assertLessEqual(set(names), LEFT)
                self.assertEqual(names[:3], ["a_ptr", "b_ptr", "c_ptr"])
                self.assertIn("num_valid_tokens", names)

    def test_every_dtype(self):
        for version in VERSIONS:
            for model, options, tiles in MODELS:
                with self.subTest(version=version, model=model, options=options):
                    words = [*options, "--arch", "sm_121", *tile_options(tiles)]
                    facts = bench(version, TRITONS[-1], model, *words)
                    self.assertEqual(facts["engine"], f"sglang:{version}")
                    self.assertEqual(len(facts["tiles"]), 2 * len(tiles))
                    self.check(facts)

    def test_every_triton_against_the_table(self):
        """Shared memory, registers and stack as committed for GLM-4.7-FP8's up GEMM."""
        for triton in TRITONS:
            words = ["--tp", "4", "--arch", "sm_121", "--gemm", "up", *tile_options(SPREAD)]
            facts = bench("0.5.4.post2", triton, "glm-4.7-fp8", *words)
            short = "".join(facts["triton"].split(".")[:2])
            path = os.path.join(DATA, f"smem_sm121_t{short}_pc.csv")
            if not os.path.exists(path):
                continue
            with open(path, encoding="ascii") as file:
                rows = {csv_key(row): row for row in csv.DictReader(file)}
            for kernel in facts["tiles"]:
                row = rows[tile_key(kernel["tile"])]
                seen = [kernel[name] for name in ("shared_bytes", "registers", "spill_bytes")]
                self.assertEqual(seen, [int(row[name]) for name in ("shared", "regs", "stack")])

    def test_second_run_compiles_nothing(self):
        words = ["--tp", "4", "--arch", "sm_121", "--tile", SPREAD[0]]
        bench(VERSIONS[0], TRITONS[-1], "glm-4.7-fp8", *words)
        again = bench(VERSIONS[0], TRITONS[-1], "glm-4.7-fp8", *words)
        self.assertTrue(all(kernel["cached"] for kernel in again["tiles"]))

    def test_old_ptxas_stops_with_the_fix(self):
        """Case A13."""
        old = os.path.join(DATA, "cases", "A13-old-ptxas", "ptxas")
        done = bench(
            VERSIONS[0], TRITONS[-1], "glm-4.7-fp8", "--tp", "4", "--arch", "sm_121", "--no-cache",
            *tile_options(SPREAD[:2]), fails=True,
            TRITON_PTXAS_PATH=old, TRITON_PTXAS_BLACKWELL_PATH=old,
        )
        self.assertEqual(done.returncode, 3)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("TRITON_PTXAS_PATH", done.stderr)

    def test_later_engines_are_refused(self):
        done = bench("0.5.23", TRITONS[-1], "glm-4.7-fp8", "--tile", SPREAD[0], fails=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("0.5.23", done.stderr)


if __name__ == "__main__":
    if not SITE or not TRITONS:
        print("skipped: MOEBENCH_TEST_SITE and MOEBENCH_TEST_TRITON name no engine and no Triton")
        sys.exit(77)
    unittest.main()
