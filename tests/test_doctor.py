# SPDX-License-Identifier: MIT
"""`moebench doctor` with a Python that is not there, one without Triton, and (with
MOEBENCH_TEST_SITE and MOEBENCH_TEST_TRITON) one that has all."""

import json
import os
import subprocess
import sys
import unittest

MOEBENCH = os.environ.get("MOEBENCH", "moebench")
COMPILER = os.path.join(os.environ["TOP_SRCDIR"], "tests/data/fake_compiler.py")
SITE = os.environ.get("MOEBENCH_TEST_SITE", "")
TRITON = os.environ.get("MOEBENCH_TEST_TRITON", "").split(":")[-1]


def doctor(*options, **environment):
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env.update(environment)
    done = subprocess.run(
        [MOEBENCH, "doctor", "--json", *options], env=env, capture_output=True, text=True
    )
    facts = json.loads(done.stdout)
    findings = {finding["what"]: finding for finding in facts["findings"]}
    return done.returncode, facts, findings


class Doctor(unittest.TestCase):
    def test_no_python(self):
        status, facts, findings = doctor("--python", "/nowhere/python3 -E")
        self.assertEqual(status, 3)
        self.assertFalse(facts["ready"])
        self.assertEqual(findings["Python"]["state"], "missing")
        self.assertIn("/nowhere/python3", findings["Python"]["text"])
        self.assertIn("--container", findings["Python"]["text"])
        self.assertEqual(findings["ptxas"]["state"], "?")

    def test_no_triton(self):
        status, _, findings = doctor("--python", f"'{sys.executable}' -S -E")
        self.assertEqual(status, 3)
        self.assertEqual(findings["Python"]["state"], "found")
        self.assertEqual(findings["Triton"]["state"], "missing")
        self.assertEqual(findings["engine"]["state"], "?")

    def test_an_old_ptxas(self):
        """Case A13: said before the first kernel fails."""
        fault = "ptxas /old/ptxas (12.8.93) does not know sm_121; install CUDA 13's"
        _, facts, findings = doctor("--python", f"{sys.executable} {COMPILER}",
                                    FAKE_PTXAS_FAULT=fault)
        self.assertEqual(findings["ptxas"], {"what": "ptxas", "state": "missing", "text": fault})
        self.assertEqual(findings["engine"]["state"], "found")
        self.assertFalse(facts["ready"])

    @unittest.skipUnless(SITE and TRITON, "no engine and no Triton named")
    def test_all_there(self):
        site = os.path.join(SITE, "sglang-0.5.8.post1")
        _, facts, findings = doctor("--arch", "sm_121", "--site", site, PYTHONPATH=TRITON)
        for what in ("Python", "Triton", "ptxas", "engine", "configs"):
            self.assertEqual(findings[what]["state"], "found", findings[what])
        self.assertEqual(facts["toolchain"]["engine_version"], "0.5.8.post1")


if __name__ == "__main__":
    unittest.main()
