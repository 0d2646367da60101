# SPDX-License-Identifier: MIT
"""The incumbent of a tune: given, imported or found in the engine's folder (cases A06, A12)."""
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
SMALL, LARGE = "BM64,BN128,BK128,G1,w4,s4", "BM128,BN256,BK128,G32,w8,s4"  # the defaults
BASE = "BM16,BN64,BK128,G1,w4,s3"
BEST = "BM16,BN64,BK64,G1,w4,s4"
ODD = "BM16,BN64,BK32,G4,w4,s4"  # not of the grid
TIMES = {SMALL: 110, LARGE: 130, BASE: 104, BEST: 100, ODD: 90}
NAME = "E=160,N=384,device_name=NVIDIA_H100,dtype=fp8_w8a8.json"
CONFIGS = "sglang/srt/layers/moe/fused_moe_triton/configs"


class Incumbent(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.set = os.path.join(self.folder, "set.db")
        self.db = os.path.join(self.folder, "tunes.db")
        self.record(TIMES)
        self.environment = {**os.environ, "HOME": self.folder}
        for name in ("MOEBENCH_DB", "SGLANG_MOE_CONFIG_DIR"):
            self.environment.pop(name, None)

    def record(self, times):
        if os.path.exists(self.set):
            os.remove(self.set)
        recorded_set.write(self.set, times, (1, 64, 1024), lambda gemm, m, tile: times[tile])

    def run_it(self, *args, code=0):
        done = subprocess.run([MOEBENCH, *args, "--db", self.db], capture_output=True, text=True,
                              check=False, env=self.environment)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def tune(self, *args, code=0):
        done = self.run_it("tune", "glm-4.7-fp8", "--tp", "4", "--backend", "replay:" + self.set,
                           "--batch-sizes", "1,64,1024", "--json", *args, code=code)
        return (json.loads(done.stdout.splitlines()[-1]) if code == 0 else None), done

    def file(self, name, entries):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as out:
            json.dump({str(m): entry(tile) for m, tile in entries.items()}, out)
        return path

    def choices(self, result):
        return {(c["gemm"], c["m"]): c for c in result["choices"]}

    def test_a_file_is_raced_and_reported(self):
        path = self.file("mine.json", {1: BASE, 64: BASE})
        out = os.path.join(self.folder, "out")
        result, done = self.tune("--incumbent", path, "--out", out, "--allow-recorded")
        with open(os.path.join(out, "moebench.json"), encoding="ascii") as text:
            record = json.load(text)["files"][0]
        self.assertEqual(record["incumbent"]["path"], path)
        self.assertAlmostEqual(record["entries"][0]["incumbent_us"], 104, delta=0.5)
        self.assertIn("incumbent: %s (given by --incumbent)" % path, done.stderr)
        self.assertEqual(result["incumbent"]["path"], path)
        for (gemm, m), choice in self.choices(result).items():
            self.assertEqual(choice["tile"], entry(BEST), (gemm, m))
            self.assertEqual(choice["incumbent_tile"], entry(BASE))
            self.assertAlmostEqual(choice["incumbent_us"], 104, delta=0.5)
        self.assertIn("x inc", done.stdout)
        self.assertIn("1.04x", done.stdout)
        again, done = self.tune()  # a finished tune tells the same, from the store
        self.assertEqual(again["choices"], result["choices"])
        self.assertIn("1.04x", done.stdout)

    def test_a_tile_outside_of_the_grid_wins(self):
        path = self.file("odd.json", {1: BASE, 1024: ODD})
        for effort in ("--quick", "--full"):
            result, _ = self.tune("--incumbent", path, effort)
            for (gemm, m), choice in self.choices(result).items():
                self.assertEqual(choice["tile"], entry(ODD), (effort, gemm, m))

    def test_it_stays_where_nothing_is_faster_beyond_noise(self):
        self.record({SMALL: 110, LARGE: 130, BASE: 100.05, BEST: 100})
        path = self.file("mine.json", {1: BASE})
        result, _ = self.tune("--incumbent", path)
        for choice in result["choices"]:
            self.assertEqual((choice["source"], choice["tile"]), ("incumbent", entry(BASE)))
            self.assertIn("%", choice["reason"])

    def test_up_gives_down_its_block_m(self):
        """Case A12: this SGLang stops where up and down differ; a newer one runs up's."""
        up = self.file(NAME, {1: BASE, 1024: LARGE})
        self.file(NAME[:-5] + "_down.json", {1: BEST, 1024: BASE})
        result, done = self.tune("--incumbent", up)
        self.assertIn("without the incumbent at M=1024: up and down differ in BLOCK_SIZE_M",
                      done.stderr)
        choices = self.choices(result)
        self.assertEqual(choices["down", 1]["incumbent_tile"], entry(BEST))
        self.assertNotIn("incumbent_tile", choices["down", 1024])
        with sqlite3.connect(self.set) as database:
            database.execute("UPDATE facts SET json = replace(json, ?, ?)",
                             ("sglang:0.5.4.post2", "sglang:0.5.23"))
        result, done = self.tune("--incumbent", up, "--no-shared-fusion")
        self.assertNotIn("without the incumbent", done.stderr)
        self.assertEqual(self.choices(result)["down", 1024]["incumbent_tile"],
                         {**entry(BASE), "BLOCK_SIZE_M": 128})

    def test_what_cannot_be_read_stops_before_anything(self):
        _, done = self.tune("--incumbent", os.path.join(self.folder, "none.json"), code=1)
        self.assertIn("none.json", done.stderr)
        self.assertFalse(os.path.exists(self.db))

    def test_imports(self):
        """The newest import of a layer is raced by its next tune; list shows them."""
        path = self.file(NAME, {1: BASE})
        done = self.run_it("import", path, code=2)  # no tune asks for it yet
        self.assertIn("--model", done.stderr)
        done = self.run_it("import", path, "--model", "glm-4.7-fp8", "--tp", "4")
        self.assertIn("sglang:0.5.4.post2 on NVIDIA_H100", done.stdout)
        odd = self.file("other/" + NAME, {1: ODD, 4096: BASE})
        done = self.run_it("import", odd, "--model", "glm-4.7-fp8", "--tp", "4", "--json")
        facts = json.loads(done.stdout)
        self.assertEqual((facts["runs_at"], facts["of"]), (18, 18))
        listed = json.loads(self.run_it("list", "--json").stdout)["imports"]
        self.assertEqual([(i["path"], i["counts"]) for i in listed], [(odd, True), (path, False)])
        self.assertEqual(listed[0]["sha256"], facts["sha256"])
        self.assertIn("(replaced)", self.run_it("list").stdout)
        result, done = self.tune()
        self.assertIn("incumbent: %s (imported)" % odd, done.stderr)
        self.assertEqual(result["incumbent"]["hash"], facts["sha256"])
        self.assertEqual(result["choices"][0]["tile"], entry(ODD))
        # Once there is a tune the name says enough; a finished one is not raced again unasked.
        done = self.run_it("import", path)
        self.assertIn("tune 1 is finished without it", done.stdout)
        result, done = self.tune()
        self.assertEqual(result["incumbent"]["path"], odd)
        self.assertIn("was not raced in this finished tune", done.stderr)
        result, done = self.tune("--again")
        self.assertEqual(result["incumbent"]["path"], path)

    def test_imports_report_faults_and_refuse_what_cannot_run(self):
        """Case A06: a file of small M alone, and an entry that no card can run."""
        case = os.path.join(os.environ["TOP_SRCDIR"], "tests/data/cases/A06-sparse-keys",
                            "E=512,N=2688,device_name=NVIDIA_GB10.json")
        model = ("--model", "nemotron-3-super-120b-a12b-fp8", "--device", "GB10")
        done = self.run_it("import", case, *model)
        self.assertIn("every M above 8 uses this entry", done.stdout)
        self.assertIn("the engine asks for another name", done.stdout)
        self.assertIn("runs at 18 of 18 M", done.stdout)
        big = self.file("big.json", {1: "BM16,BN64,BK64,G1,w4,s3",
                                     4096: "BM256,BN256,BK256,G1,w8,s5"})
        done = self.run_it("import", big, *model)
        self.assertIn("smem: needs", done.stdout)
        self.assertIn("without the incumbent at M=3072, 4096: ", done.stdout)
        big = self.file("big.json", {4096: "BM256,BN256,BK256,G1,w8,s5"})
        done = self.run_it("import", big, *model, code=1)
        self.assertIn("none of its entries can run", done.stderr)
        broken = os.path.join(self.folder, "broken.json")
        with open(broken, "w", encoding="ascii") as out:
            out.write('{"comment": 1}')
        self.assertIn("no engine loads it", self.run_it("import", broken, *model, code=1).stderr)
        self.assertEqual(len(json.loads(self.run_it("list", "--json").stdout)["imports"]), 2)

    def test_the_engine_s_own_file_is_found(self):
        site = os.path.join(self.folder, "site")

        def shipped(version, entries):
            return self.file(os.path.join("site", CONFIGS, "triton_" + version, NAME), entries)

        shipped("9_9_9", {1: ODD})  # no fallback of this version
        shipped("3_2_0", {1: ODD})
        older = shipped("3_3_1", {1: BASE})
        result, done = self.tune("--site", site)
        self.assertIn("incumbent: %s (what the engine loads now)" % older, done.stderr)
        self.assertAlmostEqual(result["choices"][0]["incumbent_us"], 104, delta=0.5)
        exact = shipped("3_5_0", {1: BASE})
        _, done = self.tune("--site", site)  # finished: it keeps what it raced
        self.assertIn("incumbent: %s (" % older, done.stderr)
        result, done = self.tune("--site", site, "--again")
        self.assertEqual(result["incumbent"]["path"], exact)
        result, done = self.tune("--site", site, "--again", "--no-incumbent")
        self.assertNotIn("incumbent", result)
        self.environment["SGLANG_MOE_CONFIG_DIR"] = os.path.join(self.folder, "own")
        result, done = self.tune("--site", site, "--again")
        self.assertNotIn("incumbent", result)  # the variable hides the package's folder
        own = self.file(os.path.join("own/configs/triton_3_5_0", NAME), {1: BASE})
        result, done = self.tune("--site", site, "--again")
        self.assertEqual(result["incumbent"]["path"], own)


if __name__ == "__main__":
    unittest.main()
