# SPDX-License-Identifier: MIT
"""moebench edit on a database made by bench_store; cases A06 (sparse keys) and A12 (pairs)."""
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

MOEBENCH = os.environ["MOEBENCH"]
MAKE = os.path.join(os.environ["TOP_BUILDDIR"], "tests/bench_store")
TILE = "BM32,BN64,BK128,G1,w4,s4"


class Edit(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.db = os.path.join(self.folder, "tunes.db")
        subprocess.run([MAKE, self.db, "10"], check=True, stdout=subprocess.DEVNULL)

    def edit(self, *args, code=0):
        run = subprocess.run([MOEBENCH, "edit", "--db", self.db, *args], capture_output=True,
                             text=True, check=False)
        self.assertEqual(run.returncode, code, run.stderr)
        return run.stderr if code else run.stdout

    def row(self, gemm, m):
        """The words of an entry's line, None without one."""
        rows = [line.split() for line in self.edit().splitlines()[1:] if line]
        return next((row for row in rows if row[:2] == [str(m), gemm]), None)

    def test_set_and_undo(self):
        before = self.row("up", 64)
        text = self.edit("--m", "64", "--tile", TILE, "--reason", "seen in a forum")
        self.assertIn("not exported yet: M=64 up, M=64 down", text)
        for gemm in ("up", "down"):
            self.assertEqual(self.row(gemm, 64)[2:5], [TILE, "hand", "no"])
        history = self.edit("--history")
        self.assertEqual(len(history.splitlines()), 38)
        self.assertIn("seen in a forum", history.splitlines()[0])
        self.edit("--m", "64", "--undo")
        self.assertEqual(self.row("up", 64), before)

    def test_undo_walks_back(self):
        """Twice goes back two changes, of up alone where up alone changed; the race's stands."""
        tiles = [self.row("up", 64)[2], self.row("down", 64)[2]]
        self.edit("--m", "64", "--tile", TILE)
        self.edit("--m", "64", "--gemm", "up", "--tile", TILE.replace("s4", "s3"))
        self.edit("--m", "64", "--undo")
        self.assertEqual([self.row(gemm, 64)[2] for gemm in ("up", "down")], [TILE, TILE])
        self.edit("--m", "64", "--undo")
        self.assertEqual([self.row(gemm, 64)[2] for gemm in ("up", "down")], tiles)
        self.edit("--m", "64", "--tile", TILE.replace("w4", "w8"))
        self.edit("--m", "64", "--undo")
        self.assertEqual([self.row(gemm, 64)[2] for gemm in ("up", "down")], tiles)
        self.assertIn("the race's own", self.edit("--m", "64", "--undo", code=1))
        self.assertEqual([self.row(gemm, 64)[2] for gemm in ("up", "down")], tiles)

    def test_undo_of_a_pin(self):
        """Over the race's choice and over one by hand, whatever the default took there."""
        with sqlite3.connect(self.db) as db:
            db.execute("UPDATE choice SET default_us = 2 * median_us")
        db.close()
        tile = self.row("up", 64)[2]
        self.edit("--m", "64", "--default")
        self.assertEqual(self.row("up", 64)[3], "default")
        self.edit("--m", "64", "--undo")
        self.assertEqual(self.row("up", 64)[2], tile)
        self.edit("--m", "64", "--tile", TILE)
        self.edit("--m", "64", "--default")
        self.edit("--m", "64", "--undo")
        self.assertEqual(self.row("up", 64)[2:4], [TILE, "hand"])

    def test_undo_to_nothing(self):
        """Where only hands were: an M of the user's own, one pinned to the default."""
        for m, change in (("200", ["--m", "200", "--tile", TILE]),
                          ("300", ["--m", "300", "--default"])):
            self.edit(*change)
            self.assertIsNotNone(self.row("up", m))
            self.edit("--m", m, "--undo")
            self.assertEqual([self.row(gemm, m) for gemm in ("up", "down")], [None, None])
            self.assertIn("nothing to undo", self.edit("--m", m, "--undo", code=1))

    def test_pair_rule(self):
        text = self.edit("--m", "64", "--gemm", "up", "--tile", TILE, code=2)
        self.assertIn("both share it", text)
        self.assertNotEqual(self.row("up", 64)[2], TILE)
        self.edit("--m", "64", "--gemm", "up", "--tile", TILE.replace("BM32", "BM16"))
        self.edit("--m", "64", "--tile", TILE + "/" + TILE.replace("s4", "s3"))
        self.assertEqual(self.row("down", 64)[2], TILE.replace("s4", "s3"))

    def test_another_m(self):
        """One that the tune never had: it serves what is nearest to it, until it is dropped."""
        before = self.row("up", 256)
        self.assertEqual(self.row("up", 1)[5:], ["M", "1"])
        self.edit("--m", "200", "--tile", TILE)
        self.assertEqual(self.row("down", 200)[5:9], ["M", "165", "to", "228"])
        self.assertEqual(self.row("up", 256)[6], "229")
        self.edit("--m", "200", "--drop")
        self.assertIsNone(self.row("up", 200))
        self.assertEqual(self.row("up", 256), before)
        self.assertIn("dropped by hand", self.edit("--history").splitlines()[0])

    def test_not_too_many_of_them(self):
        """As many as a screen and an export hold."""
        self.edit("--m", ",".join(str(m) for m in range(5001, 5065)), "--default")
        self.assertIn("65 entries", self.edit("--m", "9", "--default", code=2))
        self.edit("--m", "5001", "--drop")
        self.edit("--m", "9", "--default")

    def test_case_a06_pin_large_m(self):
        sizes = "16,24,32,48,64,96,128,256,512,1024,1536,2048,3072,4096"
        self.edit("--m", sizes, "--drop")
        self.assertEqual(self.row("up", 8)[5:], ["M", "7", "and", "above"])
        self.edit("--pin-above", "8")
        self.assertEqual(self.row("up", 8)[5:9], ["M", "7", "to", "12"])
        for m in (16, 4096):
            self.assertEqual(self.row("up", m)[2], self.row("down", m)[2])
            self.assertEqual(self.row("up", m)[3], "default")
        self.assertEqual(self.row("up", 4096)[-2:], ["and", "above"])
        self.assertNotEqual(self.row("up", 16)[2], self.row("up", 4096)[2])
        self.assertIn("has an entry", self.edit("--pin-above", "8", code=1))

    def test_does_not_fit(self):
        with sqlite3.connect(self.db) as db:
            db.execute("UPDATE device SET name = 'NVIDIA GB10', arch = 121, smem_limit = 101376")
        db.close()
        text = self.edit("--m", "4096", "--tile", "BM128,BN256,BK128,G1,w8,s4", code=1)
        self.assertIn("of 101,376", text)

    def test_usage(self):
        for args in (["--m", "64"], ["--tile", TILE], ["--m", "64", "--tile", TILE, "--drop"],
                     ["--m", "x", "--drop"], ["--pin-above", "8", "--drop"],
                     ["--m", "64", "--gemm", "both", "--drop"], ["--reason", "x"],
                     ["--history", "--m", "64", "--undo"], ["--pin-above", "8", "--m", "64"]):
            self.edit(*args, code=2)

    def test_makes_no_database(self):
        self.db += "-typo"
        self.assertIn("no such database", self.edit("--m", "64", "--default", code=1))
        self.assertFalse(os.path.exists(self.db))

    def test_json(self):
        self.edit("--m", "200", "--tile", TILE, "--reason", "a try")
        self.edit("--m", "4096", "--drop")
        found = json.loads(self.edit("--json"))
        entries = {(one["gemm"], one["m"]): one for one in found["entries"]}
        self.assertEqual(found["tune"], 1)
        mine = entries["down", 200]
        self.assertEqual((mine["source"], mine["verified"], mine["served"]),
                         ("hand", False, {"from": 165, "to": 228}))
        self.assertEqual(mine["tile"]["BLOCK_SIZE_M"], 32)
        self.assertIsNone(entries["up", 3072]["served"]["to"])
        self.assertNotIn(("up", 4096), entries)
        latest = json.loads(self.edit("--history", "--json"))["history"]
        self.assertEqual((latest[0]["m"], latest[0]["tile"]), (4096, None))
        self.assertEqual((latest[2]["tile"], latest[2]["reason"]), (mine["tile"], "a try"))


if __name__ == "__main__":
    unittest.main()
