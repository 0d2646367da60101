# SPDX-License-Identifier: MIT
"""moebench list and report on a database made by bench_store; case A17: no file locks."""
import csv
import io
import json
import os
import shutil
import subprocess
import tempfile
import unittest

MOEBENCH = os.environ["MOEBENCH"]
MAKE = os.path.join(os.environ["TOP_BUILDDIR"], "tests/bench_store")
NOLOCK = os.path.join(os.environ["TOP_SRCDIR"], "tests/data/cases/A17-db-on-nfs/nolock.c")


def moebench(*args, **more):
    return subprocess.run([MOEBENCH, *args], capture_output=True, text=True, check=False, **more)


class Database(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.db = os.path.join(self.folder, "some.db")

    def fill(self, measurements):
        subprocess.run([MAKE, self.db, str(measurements)], check=True, stdout=subprocess.DEVNULL)

    def test_list(self):
        self.fill(500)
        run = moebench("list", "--db", self.db)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("glm-4.7-fp8 TP4", run.stdout)
        self.assertIn("NVIDIA H100", run.stdout)
        self.assertIn("18 batch sizes, 1 to 4096", run.stdout)
        facts = json.loads(moebench("list", "--db", self.db, "--json").stdout)
        self.assertIsNone(facts["writer_pid"])
        tune, = facts["tunes"]
        self.assertEqual([tune[key] for key in ("tune", "engine", "backend", "state", "done")],
                         [1, "sglang:0.5.4.post2", "replay", "unfinished", 250])

    def test_environment_names_the_database(self):
        self.fill(10)
        run = moebench("list", env={**os.environ, "MOEBENCH_DB": self.db})
        self.assertIn("glm-4.7-fp8", run.stdout)

    def test_report(self):
        self.fill(2000)
        run = moebench("report", "--db", self.db)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("(recorded)", run.stdout)
        self.assertIn("1.30x", run.stdout)
        self.assertEqual(len(run.stdout.splitlines()), 4 + 36)
        rows = list(csv.DictReader(io.StringIO(
            moebench("report", "1", "--db", self.db, "--csv").stdout)))
        facts = json.loads(moebench("report", "--db", self.db, "--json").stdout)
        self.assertEqual(len(rows), 1000)
        self.assertEqual(len(facts["points"]), 1000)
        self.assertEqual(len(facts["choices"]), 36)
        self.assertEqual(sum(int(row["samples"]) for row in rows), facts["samples"])
        self.assertEqual(facts["choices"][0]["tile"]["num_warps"], 4)
        first = facts["points"][1]
        self.assertAlmostEqual(float(rows[1]["median_us"]), first["median_us"], places=2)
        self.assertEqual(first["ci_us"], [None, None])

    def test_one_form_at_a_time(self):
        self.fill(10)
        run = moebench("report", "--db", self.db, "--csv", "--json")
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("exclude each other", run.stderr)

    def test_record(self):
        self.fill(1000)
        path = os.path.join(self.folder, "some.set")
        run = moebench("report", "--db", self.db, "--record", path)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("18 batch sizes", run.stdout)
        self.assertTrue(os.path.getsize(path) > 4000)
        self.assertEqual(moebench("report", "--db", self.db, "--record", path).returncode, 0)
        before = os.path.getsize(self.db)
        run = moebench("report", "--db", self.db, "--record", self.db)
        self.assertEqual(run.returncode, 1)
        self.assertIn("is there and no recorded set", run.stderr)
        self.assertEqual(os.path.getsize(self.db), before)

    def test_errors(self):
        run = moebench("list", "--db", self.db)
        self.assertEqual(run.returncode, 1)
        self.assertIn(f"moebench: {self.db}: no such database", run.stderr)
        self.fill(10)
        self.assertEqual(moebench("report", "x", "--db", self.db).returncode, 2)
        run = moebench("report", "7", "--db", self.db)
        self.assertEqual(run.returncode, 1)
        self.assertIn("no tune 7", run.stderr)

    def test_full_disk(self):
        """On a full file system the write fails by name; what was acknowledged stays."""
        script = f"""mount -t tmpfs -o size=1m none "{self.folder}" || exit 77
            "{MAKE}" "{self.db}"; code=$?
            "{MOEBENCH}" report --db "{self.db}" --json && exit $code"""
        run = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "bash", "-c",
                              script], capture_output=True, text=True, check=False)
        if run.returncode == 77 or "unshare" in run.stderr:
            self.skipTest("no file system may be mounted here")
        self.assertEqual(run.returncode, 1)
        self.assertIn(f"{self.db}: the disk is full", run.stderr)
        facts = json.loads(run.stdout)
        self.assertGreater(facts["done"], 300)
        self.assertEqual(len(facts["points"]), facts["done"])
        self.assertEqual(sum(len(point["samples_us"]) for point in facts["points"]),
                         facts["samples"])

    def test_no_locks(self):
        """The writer says what is missing and where to go instead, at once."""
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler:
            self.skipTest("no C compiler")
        shim = os.path.join(self.folder, "nolock.so")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", shim, NOLOCK], check=True)
        run = subprocess.run([MAKE, self.db, "10"], capture_output=True, text=True, check=False,
                             env={**os.environ, "LD_PRELOAD": shim}, timeout=4)
        if "ASan runtime" in run.stderr:
            self.skipTest("a sanitizer must come first")
        self.assertEqual(run.returncode, 1)
        for part in (self.db, "no working file locks", "No locks available", "--db", "MOEBENCH_DB"):
            self.assertIn(part, run.stderr)


if __name__ == "__main__":
    unittest.main()
