# SPDX-License-Identifier: MIT
"""Case A04: from a server's line back to the shape, the paths and what to do."""
import json
import os
import subprocess
import unittest

MOEBENCH = os.environ["MOEBENCH"]
LOG = os.path.join(os.environ["TOP_SRCDIR"], "tests/data/cases/A04-work-backwards/server.log")


def explain(*args, text=""):
    return subprocess.run([MOEBENCH, "explain", *args], input=text, capture_output=True,
                          text=True, check=False)


class Explain(unittest.TestCase):
    def test_json(self):
        run = explain("--log", LOG, "--json")
        self.assertEqual(run.returncode, 0, run.stderr)
        first, second, third = json.loads(run.stdout)["lines"]
        name = ("E=161,N=384,device_name=NVIDIA_GB10,dtype=fp8_w8a8,per_channel_quant=True.json")
        self.assertEqual(
            [first[key] for key in ("engine", "E", "N", "device", "dtype", "block_shape",
                                    "per_channel", "down", "triton", "result")],
            ["sglang", 161, 384, "NVIDIA_GB10", "fp8_w8a8", None, True, False, "3.6.0", "default"])
        self.assertTrue(first["paths"][0].endswith("/configs/triton_3_6_0/" + name))
        self.assertEqual(first["output"], first["paths"][0])
        self.assertEqual([second[key] for key in ("engine", "E", "N", "block_shape", "triton")],
                         ["vllm", 16, 1536, [128, 128], None])
        self.assertEqual(len(second["paths"]), 2)
        self.assertTrue(second["paths"][0].startswith("/srv/moe cfg/E=16,"))
        self.assertTrue(second["paths"][1].startswith("/usr/lib/python3.12/"))
        self.assertEqual([third["result"], third["triton"], third["used_triton"]],
                         ["fallback", "3.6.0", "3.5.1"])
        self.assertIn("/triton_3_5_1/", third["used"])
        self.assertIn("another Triton is in use", third["what_to_do"])

    def test_text_shows_where_to_write(self):
        with open(LOG, encoding="utf-8") as log:
            run = explain(text=log.readline())
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("E=161 experts a rank, N=384", run.stdout)
        self.assertIn("-> Write the tuned file as /opt/sgl/", run.stdout)
        self.assertIn("DIR/configs/triton_3_6_0/", run.stdout)

    def test_every_rank_says_the_same(self):
        with open(LOG, encoding="utf-8") as log:
            first, second, _ = log.read().splitlines()
        lines = [first.replace("TP0", "TP%d" % rank) for rank in range(8)] + [second]
        run = explain(text="\n".join(lines))
        self.assertEqual(run.stdout.count("looked at"), 2)
        self.assertIn("\nline 9: vllm, default\n", run.stdout)
        self.assertTrue(run.stdout.endswith("\n7 more lines say the same\n"), run.stdout)
        every = json.loads(explain("--json", text="\n".join(lines)).stdout)["lines"]
        self.assertEqual([one["line"] for one in every], list(range(1, 10)))

    def test_nothing_known(self):
        run = explain(text="hello\n")
        self.assertEqual(run.returncode, 1)
        self.assertTrue(run.stderr.startswith("moebench: explain: no line"))
        self.assertEqual(explain("--log", "/nonexistent").returncode, 1)


unittest.main()
