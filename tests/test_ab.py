# SPDX-License-Identifier: MIT
"""moebench ab on recorded sets: verdicts, exit codes, JSON, whole files (cases A07, A12)."""
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import recorded_set
from recorded_set import entry

MOEBENCH = os.environ["MOEBENCH"]
CASES = os.path.join(os.environ["TOP_SRCDIR"], "tests/data/cases")
BASE = "BM16,BN64,BK128,G1,w4,s3"
FAST = "BM16,BN64,BK128,G1,w4,s4"
SLOW = "BM16,BN128,BK128,G1,w4,s3"
BIG = "BM64,BN64,BK128,G1,w4,s3"
WRONG = "BM16,BN32,BK128,G1,w4,s3"
# engines' default tiles of the layer at small and large M
DEFAULTS = ["BM64,BN64,BK32,G8,w4,s3", "BM16,BN32,BK64,G1,w4,s3", "BM128,BN256,BK128,G32,w8,s4",
            "BM64,BN128,BK128,G1,w4,s4", "BM128,BN256,BK128,G16,w8,s4"]
AXES = ["--bm", "16", "--bk", "128", "--group", "1", "--warps", "4", "--stages", "3"]
FACTORS = {BASE: 1.0, FAST: 0.98, SLOW: 1.03, BIG: 1.0, WRONG: 0.5}


def short(tile):
    """An entry in moebench's short form."""
    return "BM{},BN{},BK{},G{},w{},s{}".format(*tile.values())


class Ab(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.set = os.path.join(self.folder, "set.db")
        self.write(lambda gemm, m, tile: 100 * FACTORS.get(tile, 1.2))

    def write(self, time, tiles=(), sizes=(1, 16, 64)):
        if os.path.exists(self.set):
            os.remove(self.set)
        recorded_set.write(self.set, [*FACTORS, *DEFAULTS, *tiles], sizes, time, wrong=(WRONG,))

    def ab(self, *args):
        return subprocess.run(
            [MOEBENCH, "ab", "glm-4.7-fp8", "--tp", "4", "--backend", "replay:" + self.set, *args],
            capture_output=True, text=True, check=False)

    def file(self, name, entries):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as out:
            json.dump({str(m): entry(tile) for m, tile in entries.items()}, out)
        return path

    def test_verdicts_and_exit_codes(self):
        for b, verdict, code in ((FAST, "FASTER", 0), (SLOW, "SLOWER", 10), (BASE, "SAME", 11)):
            for gemm in ("up", "down", "pair"):
                run = self.ab("--gemm", gemm, "--m", "16", "--a", BASE, "--b", b, "--json")
                self.assertEqual(run.returncode, code, run.stderr)
                facts = json.loads(run.stdout)
                self.assertEqual(
                    list(facts), ["verdict", "effect_pct", "ci_pct", "mde_pct", "blocks",
                                  "blocks_to_decide", "a_us", "b_us", "flags"])
                self.assertEqual(facts["verdict"], verdict)
                low, high = facts["ci_pct"]
                true = 100 * (FACTORS[b] - 1)
                self.assertTrue(low - 0.2 < true < high + 0.2, facts)
                self.assertAlmostEqual(facts["a_us"], 200 if gemm == "pair" else 100, delta=1)
                self.assertEqual((facts["blocks_to_decide"], facts["flags"]), (0, ["recorded"]))

    def test_undecided_tells_how_many_more(self):
        self.write(lambda gemm, m, tile: 100 * (1.0035 if tile == FAST else 1))
        run = self.ab("--gemm", "up", "--m", "16", "--a", BASE, "--b", FAST, "--blocks", "16",
                      "--json")
        facts = json.loads(run.stdout)
        self.assertEqual((run.returncode, facts["verdict"], facts["blocks"]),
                         (12, "UNDECIDED", 16))
        self.assertGreater(facts["blocks_to_decide"], 0)
        run = self.ab("--gemm", "up", "--m", "16", "--a", BASE, "--b", FAST, "--blocks", "16")
        self.assertIn("more blocks would decide", run.stdout)

    def test_the_same_seed_says_the_same(self):
        args = ["--m", "16", "--a", BASE, "--b", FAST, "--json"]
        self.assertEqual(self.ab(*args).stdout, self.ab(*args).stdout)
        self.assertNotEqual(self.ab(*args).stdout, self.ab(*args, "--seed", "2").stdout)

    def test_a_wrong_kernel_never_wins(self):
        run = self.ab("--m", "16", "--a", BASE, "--b", WRONG)
        self.assertEqual(run.returncode, 1)
        self.assertIn("its results are wrong", run.stderr)

    def test_the_pair_shares_block_size_m(self):
        run = self.ab("--m", "16", "--a", BASE, "--b", BASE + "/" + BIG)
        self.assertEqual(run.returncode, 2)
        self.assertIn("share BLOCK_SIZE_M", run.stderr)

    def test_usage(self):
        self.assertIn("two sides", self.ab("--m", "16").stderr)
        run = self.ab("--file", "nosuch", "--against", "default")
        self.assertIn("nosuch: give choice, default, FILE.json", run.stderr)
        run = self.ab("--m", "16", "--a", BASE, "--b", FAST, "--routing", "zipf:1.2")
        self.assertEqual(run.returncode, 3)
        self.assertIn("uniform routing", run.stderr)
        for args in (["--m", "16", "--a", BASE], ["--a", BASE, "--b", FAST],
                     ["--m", "16", "--a", BASE, "--b", FAST, "--gemm", "both"],
                     ["--m", "16", "--a", BASE, "--b", "BM17"]):
            self.assertEqual(self.ab(*args).returncode, 2, args)
        self.assertEqual(self.ab("--m", "16", "--a", "choice", "--b", FAST).returncode, 1)

    def test_not_recorded(self):
        run = self.ab("--m", "16", "--a", BASE, "--b", "BM256,BN64,BK128,G1,w4,s3")
        self.assertEqual(run.returncode, 1)
        self.assertIn("not recorded", run.stderr)

    def test_files(self):
        a = self.file("a.json", {1: BASE, 16: BASE, 64: BASE})
        b = self.file("b.json", {1: FAST, 16: BASE, 64: SLOW})
        run = self.ab("--file", a, "--against", b)
        self.assertEqual(run.returncode, 10, run.stderr)
        rows = [line.split() for line in run.stdout.splitlines()[3:]]
        self.assertEqual([(row[0], row[-1]) for row in rows],
                         [("1", "FASTER"), ("16", "SAME"), ("64", "SLOWER")])
        facts = json.loads(self.ab("--file", a, "--against", b, "--json").stdout)
        self.assertEqual([one["m"] for one in facts["comparisons"]], [1, 16, 64])
        self.assertTrue(facts["recorded"])
        self.assertEqual(facts["comparisons"][0]["b"], {"up": FAST, "down": FAST})

    def test_holm_over_a_file(self):
        """Eight blocks speak for one comparison, not for four made together."""
        sizes = [1, 4, 16, 64]
        self.write(lambda gemm, m, tile: 100 * FACTORS.get(tile, 1.2), sizes=sizes)
        b = self.file("b.json", {m: FAST for m in sizes})
        one = self.ab("--file", self.file("a.json", {16: BASE}), "--against", b, "--m", "16",
                      "--blocks", "8")
        self.assertEqual(one.returncode, 0, one.stderr)
        four = self.ab("--file", self.file("a.json", {m: BASE for m in sizes}), "--against", b,
                       "--blocks", "8", "--json")
        self.assertEqual(four.returncode, 12, four.stderr)
        self.assertEqual({c["verdict"] for c in json.loads(four.stdout)["comparisons"]},
                         {"UNDECIDED"})

    def test_case_a07_slower_than_the_default(self):
        """2.4 % behind the default at M=16 is SLOWER; no speed-up is claimed where it is SAME."""
        with open(os.path.join(CASES, "A07-tuned-slower/default-vs-tuned-us.csv"),
                  encoding="ascii") as csv:
            rows = [line.split(",") for line in csv.read().split()[1:]]
        times = {int(m): (float(default), float(tuned)) for m, default, tuned in rows}
        sizes = [4, 16, 32]
        self.write(lambda gemm, m, tile: times[m][1 if tile == FAST else 0], sizes=sizes)
        tuned = self.file("tuned.json", {m: FAST for m in sizes})
        facts = json.loads(self.ab("--a", "default", "--b", tuned, "--json").stdout)
        self.assertEqual([one["verdict"] for one in facts["comparisons"]],
                         ["SAME", "SLOWER", "FASTER"])
        self.assertAlmostEqual(facts["comparisons"][1]["effect_pct"], 2.44, delta=0.3)

    def test_case_a12_down_takes_the_block_size_of_up(self):
        """Keys that differ: each file by its own nearest key; BLOCK_SIZE_M is up's."""
        a = self.file("pair.json", {16: BASE, 64: BIG})
        self.file("pair_down.json", {1: FAST, 63: FAST})
        mixed = BIG.replace("s3", "s4")
        self.write(lambda gemm, m, tile: 100, tiles=[mixed])
        facts = json.loads(self.ab("--file", a, "--against", "default", "--m", "16,64",
                                   "--json").stdout)
        self.assertEqual([one["a"] for one in facts["comparisons"]],
                         [{"up": BASE, "down": FAST}, {"up": BIG, "down": mixed}])

    def tune(self, db, *axes):
        subprocess.run([MOEBENCH, "tune", "glm-4.7-fp8", "--tp", "4", "--backend",
                        "replay:" + self.set, "--db", db, *axes], check=True, capture_output=True)

    def choices(self, db):
        report = subprocess.run([MOEBENCH, "report", "--db", db, "--json"], capture_output=True,
                                text=True, check=True)
        return {(one["gemm"], one["m"]): one for one in json.loads(report.stdout)["choices"]}

    def test_choice_from_the_store(self):
        db = os.path.join(self.folder, "tunes.db")
        self.tune(db, "--batch-sizes", "16", *AXES, "--bn", "128")
        self.assertEqual(short(self.choices(db)["up", 16]["tile"]), SLOW)
        accept = ("--db", db, "--gemm", "up", "--m", "16", "--a", "choice", "--accept")
        run = self.ab(*accept, "--b", BASE, "--json")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertLess(json.loads(run.stdout)["effect_pct"], -2)
        self.assertIn("tune 1, M=16 up: B is the choice now", run.stderr)
        mine = self.choices(db)["up", 16]
        self.assertEqual((short(mine["tile"]), mine["source"]), (BASE, "hand"))
        self.assertIn("against choice", mine["reason"])
        run = self.ab(*accept, "--b", SLOW)
        self.assertEqual(run.returncode, 10)
        self.assertIn("tune 1, M=16 up: stays as it was, B is SLOWER", run.stdout)
        big = self.ab("--db", db, "--gemm", "up", "--m", "16", "--a", SLOW, "--b", BIG, "--accept")
        self.assertEqual(big.returncode, 1)
        self.assertIn("both GEMMs share it", big.stderr)

    def test_accepts_nothing_that_ran_on_other_kernels(self):
        """A Triton later the tile may be right and fast; the tune's kernels are the old ones."""
        db = os.path.join(self.folder, "tunes.db")
        self.tune(db, "--batch-sizes", "16", *AXES, "--bn", "64")
        with sqlite3.connect(self.set) as database:
            database.execute("UPDATE facts SET json = replace(json, '\"3.5.0\"', '\"3.6.0\"')")
        before = self.choices(db)
        run = self.ab("--db", db, "--m", "16", "--a", "choice", "--b", FAST, "--accept")
        self.assertEqual(run.returncode, 1)
        self.assertIn("timed other kernels than these of sglang 0.5.4.post2 and Triton 3.6.0",
                      run.stderr)
        self.assertEqual(run.stdout, "")  # nothing was timed for it
        run = self.ab("--db", db, "--m", "16", "--a", BASE, "--b", FAST, "--no-shared-fusion",
                      "--tp", "2", "--accept")
        self.assertIn("--accept: no tune of this layer", run.stderr)
        self.assertEqual(self.choices(db), before)

    def test_an_accepted_tile_is_exported_as_hand_made(self):
        db, out = os.path.join(self.folder, "tunes.db"), os.path.join(self.folder, "out")
        self.write(lambda gemm, m, tile: 100 * FACTORS.get(tile, 1.2),
                   tiles=[BASE.replace("G1", group) for group in ("G16", "G32", "G64")])
        self.tune(db, "--batch-sizes", "16,64", *AXES, "--bn", "64")
        run = self.ab("--db", db, "--m", "64", "--a", "choice", "--b", FAST, "--accept")
        self.assertEqual(run.returncode, 0, run.stderr)
        run = subprocess.run([MOEBENCH, "export", "--db", db, "--out", out, "--allow-recorded"],
                             capture_output=True, text=True, check=True)
        self.assertIn("M=64: hand: A/B: FASTER -", run.stdout)
        self.assertIn("every M above 64 will run with the entry of M=64", run.stdout)
        path, = [line.split(" (")[0][6:] for line in run.stdout.splitlines()
                 if line.startswith("wrote ") and "_down" not in line]
        with open(path, encoding="ascii") as file:
            entries = json.load(file)
        self.assertEqual(list(entries), ["16", "64"])
        self.assertEqual(entries["64"]["num_stages"], 4)
        self.assertEqual(entries["16"]["num_stages"], 3)


if __name__ == "__main__":
    unittest.main()
