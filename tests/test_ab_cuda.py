# SPDX-License-Identifier: MIT
"""moebench ab on the cuda back-end, with stand-ins for libcuda and for the compile helper."""
import json
import os
import subprocess

import fake_card
from fake_card import CardTest, MOEBENCH, PYTHON

A = "BM16,BN32,BK32,G1,w4,s3"
FAST = "BM16,BN32,BK32,G1,w4,s4"
WRONG = "BM16,BN32,BK32,G1,w4,s5"


class AbCuda(CardTest):
    def ab(self, *args, fake=""):
        return subprocess.run(
            [MOEBENCH, "ab", self.config, "--backend", "cuda", "--python", PYTHON, *args],
            capture_output=True, text=True, check=False, env=self.environment(fake))

    def test_verdicts(self):
        for gemm in ("up", "down", "pair"):
            for b, verdict, code in ((FAST, "FASTER", 0), (A, "SAME", 11)):
                run = self.ab("--gemm", gemm, "--m", "8", "--a", A, "--b", b, "--json")
                self.assertEqual(run.returncode, code, run.stderr)
                facts = json.loads(run.stdout)
                self.assertEqual(facts["verdict"], verdict)
                self.assertAlmostEqual(facts["effect_pct"], -2 if b == FAST else 0, delta=0.1)

    def test_wrong_results(self):
        run = self.ab("--m", "8", "--a", A, "--b", WRONG)
        self.assertEqual(run.returncode, 1)
        self.assertIn("its results are wrong", run.stderr)

    def test_routings(self):
        file = os.path.join(self.folder, "ids.txt")
        with open(file, "w", encoding="ascii") as out:
            out.write("".join(f"{i % 8} {(i * 3 + 1) % 8}\n" for i in range(64)))
        run = self.ab("--m", "8", "--a", A, "--b", FAST, "--routing", file)
        self.assertEqual(run.returncode, 0, run.stderr)
        run = self.ab("--m", "8", "--a", A, "--b", FAST, "--routing", file + "x")
        self.assertEqual(run.returncode, 2)
        self.assertIn("no such file", run.stderr)

    def test_the_clock_falls(self):
        """Case A15: a fifth of the clock is lost under way; the faster one stays the faster."""
        for launches in (10, 18, 35):
            run = self.ab("--gemm", "up", "--m", "8", "--a", A, "--b", FAST, "--json",
                          fake="throttle=%d:0.8" % launches)
            facts = json.loads(run.stdout)
            self.assertEqual((run.returncode, facts["verdict"]), (0, "FASTER"), run.stdout)
            if launches < 20:  # early enough to be seen between two chunks
                self.assertIn("clock-drift", facts["flags"])
            self.assertAlmostEqual(facts["effect_pct"], -2, delta=0.1)

    def test_not_comparable(self):
        """A card that is not what it was at set-up: no verdict, exit 12, and why."""
        run = self.ab("--gemm", "up", "--m", "8", "--a", A, "--b", FAST, "--json",
                      fake="drift=1:1.2")
        self.assertEqual(run.returncode, 12, run.stderr)
        facts = json.loads(run.stdout)
        self.assertEqual(facts["verdict"], "UNDECIDED")
        self.assertIn("not-comparable", facts["flags"])
        run = self.ab("--gemm", "up", "--m", "8", "--a", A, "--b", FAST,
                      fake="drift=1:1.2")
        self.assertEqual(run.returncode, 12)
        self.assertIn("not-comparable", run.stdout)
        self.assertNotIn("nan", run.stdout)

    def test_a_fault_is_told(self):
        run = self.ab("--gemm", "up", "--m", "8", "--a", A, "--b", FAST, fake="fault=9")
        self.assertEqual(run.returncode, 1)
        self.assertIn(A, run.stderr)


if __name__ == "__main__":
    fake_card.main()
