#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""moebench tune on the cuda back-end, with stand-ins for libcuda, NVML and the compile helper."""
import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import fake_card
from fake_card import COMPILER, CardTest, FAKE, MOEBENCH, PYTHON

SOURCE = os.environ["TOP_SRCDIR"]
SMI = os.path.join(SOURCE, "tests/data/cases/A14-unified-memory/nvidia-smi.csv")
# Runs here what it is to run inside, and copies to the path behind the container's name.
DOCKER = """#!/bin/sh
echo "$@" | head -n 1 >> "$DOCKER_LOG"
case $1 in
exec) shift 3; exec "$@" ;;
cp) [ -d "${3#*:}" ] || { echo "no such directory: $3" >&2; exit 1; }; cp -r "$2" "${3#*:}" ;;
esac
"""
SPACE = ["--warps", "4", "--stages", "3,4,5", "--bn", "32", "--bk", "64", "--bm", "16,32",
         "--group", "1", "--batch-sizes", "1,8"]


def smi():
    """The card as its own tool shows it."""
    with open(SMI, encoding="ascii", newline="") as file:
        names, row = csv.reader(file, skipinitialspace=True)
    return dict(zip(names, row))


class TuneCuda(CardTest):
    def run_it(self, *args, fake="", nvml=FAKE, code=0):
        run = subprocess.run([MOEBENCH, *args], capture_output=True, text=True, check=False,
                             env=self.environment(fake, MOEBENCH_LIBNVML=nvml), timeout=240)
        self.assertEqual(run.returncode, code, run.stdout[-500:] + run.stderr[-3000:])
        return run

    def tune(self, *args, **fakes):
        run = self.run_it(
            "tune", self.config, "--engine", "sglang:0.5.4.post2", "--backend", "cuda", "--python",
            PYTHON, "--db", os.path.join(self.folder, "tune.db"), *SPACE,
            "--json", *args, **fakes)
        return json.loads(run.stdout.splitlines()[-1]), run.stderr

    def test_whole(self):
        """Exhaustive, from nothing to files that check passes; the wrong kernels stay out."""
        out = os.path.join(self.folder, "out")
        result, said = self.tune("--exhaustive", "--out", out)
        self.assertEqual((result["state"], result["backend"]), ("done", "cuda"))
        self.assertFalse(result["recorded"])
        self.assertEqual(result["fitting_points"], 24)
        self.assertGreaterEqual(result["compiles"], 12)
        self.assertRegex(said, r"up M=\d BM\d+,BN32,BK64,G1,w4,s5: never chosen: rel")
        for choice in result["choices"]:
            self.assertTrue(choice["verified"])
            self.assertEqual(choice["tile"]["num_stages"], 4)
            self.assertEqual(choice["source"], "race")
            self.assertAlmostEqual(choice["median_us"], 49, delta=0.5)
        self.assertEqual(len(result["exported"]), 2)
        for path in result["exported"]:
            with open(path, encoding="ascii") as file:
                self.assertEqual({tile["num_stages"] for tile in json.load(file).values()}, {4})
        self.run_it("check", out)
        again, said = self.tune("--exhaustive", "--again")
        self.assertEqual(again["compiles"], 0)

    def test_nothing_is_right(self):
        """Not even the engine's default: no entry is chosen, no file written."""
        out = os.path.join(self.folder, "out")
        os.environ["FAKE_ALL_WRONG"] = "1"
        try:
            result, said = self.tune("--quick", "--out", out, code=1)
        finally:
            del os.environ["FAKE_ALL_WRONG"]
        self.assertEqual((result["choices"], result["exported"]), ([], []))
        self.assertIn("no M has a verified choice", said)
        self.assertEqual([names for _, _, names in os.walk(out) if names], [])

    def test_the_installed_engine_s_file_is_the_incumbent(self):
        """Its folder is what the helper finds with the Python that serves."""
        tile = {"BLOCK_SIZE_M": 16, "BLOCK_SIZE_N": 64, "BLOCK_SIZE_K": 64, "GROUP_SIZE_M": 4,
                "num_warps": 4, "num_stages": 3}
        result, _ = self.tune("--quick", "--db", os.path.join(self.folder, "first.db"))
        name = "E=8,N=32,device_name=%s.json" % result["device"].replace(" ", "_")
        configs = os.path.join(self.folder, "configs")
        path = os.path.join(configs, "triton_3_6_0", name)
        os.makedirs(os.path.dirname(path))
        with open(path, "w", encoding="ascii") as out:
            json.dump({"8": tile}, out)
        os.environ["FAKE_CONFIG_DIR"] = configs
        try:
            result, said = self.tune("--quick")
        finally:
            del os.environ["FAKE_CONFIG_DIR"]
        self.assertIn(f"incumbent: {path} (what the engine loads now)", said)
        for choice in result["choices"]:
            self.assertEqual(choice["incumbent_tile"], tile)
            self.assertGreater(choice["incumbent_us"], 0)

    def test_unified_memory(self):
        """Case A14: NVML has no memory figures; they are the machine's, and said to be shared."""
        card = smi()
        watts = "%.1f W" % float(card["power.draw [W]"].split()[0])
        mhz = "{:,} MHz".format(int(card["clocks.sm [MHz]"].split()[0]))
        celsius = card["temperature.gpu"] + " C"
        self.assertEqual(card["memory.total [MiB]"], "[N/A]")
        found = self.run_it("doctor", fake="gb10", code=3).stdout
        nvml = next(line for line in found.splitlines() if line.startswith("NVML"))
        for part in (watts, mhz, celsius, "GB used (shared with the CPU)"):
            self.assertIn(part, nvml)
        self.assertNotIn(" 0.0 of", nvml)
        self.assertIn(card["name"], found)
        _, said = self.tune("--quick", fake="gb10")
        head = next(line for line in said.splitlines() if line.startswith("card:"))
        for part in (watts, celsius, "GB used (shared with the CPU)"):
            self.assertIn(part, head)

    def test_in_vain(self):
        """What fails before anything was compiled or timed leaves no tune behind."""
        db = os.path.join(self.folder, "vain.db")
        done = self.run_it("tune", self.config, "--engine", "sglang:0.5.4.post2", "--python",
                           PYTHON, "--db", db, *SPACE, fake="other=%d" % os.getppid(), code=3)
        self.assertIn("--allow-busy", done.stderr)
        with sqlite3.connect(db) as database:
            self.assertEqual(database.execute("select (select count(*) from tune), "
                                              "(select count(*) from event)").fetchone(), (0, 0))
        database.close()

    def overlaps(self, fake):
        """Of a tune of more than one wave: compiles, graphs, graphs started during a compile."""
        name = os.path.join(self.folder, "compiles" + fake), os.path.join(self.folder, "g" + fake)
        os.environ.update(FAKE_COMPILE_LOG=name[0], FAKE_CUDA_LOG=name[1])
        try:
            self.tune("--warps", "4,8", "--bn", "32,64,128", "--bk", "64,128,256", "--batch-sizes",
                      "1", "--stages", "3,4", "--db", os.path.join(self.folder, fake + ".db"),
                      "--bm", "16,32,64", fake=fake)
        finally:
            del os.environ["FAKE_COMPILE_LOG"], os.environ["FAKE_CUDA_LOG"]
        with open(name[0], encoding="ascii") as file:
            compiles = [tuple(map(float, line.split())) for line in file]
        with open(name[1], encoding="ascii") as file:
            graphs = [(float(line.split()[0]), int(line.split()[1])) for line in file]
        timed = [at for at, fused in graphs if fused]
        met = [at for at, _ in graphs if any(begin < at < end for begin, end in compiles)]
        between = [at for at in timed if compiles[0][0] < at < compiles[-1][1]]
        return len(compiles), len(timed), len(met), len(between)

    def test_unified_memory_alternates(self):
        """Where CPU and GPU share memory nothing is timed while a kernel is compiled."""
        compiles, timed, met, between = self.overlaps("gb10")
        self.assertGreater(compiles, 128)
        self.assertEqual(met, 0)
        self.assertGreater(between, 0, "one wave only: nothing was shown")
        shutil.rmtree(os.path.join(self.folder, "moebench"))  # the kernel cache
        _, timed, met, _ = self.overlaps("name=Discrete")
        self.assertGreater(timed, 0)
        self.assertGreater(met, 0, "nothing overlaps where it may: the test sees nothing")

    def test_container(self):
        """--container: the helper runs in it, and it gets the files, from tune and from export."""
        out, inside = os.path.join(self.folder, "out"), os.path.join(self.folder, "inside/configs")
        argv = os.path.join(self.folder, "argv")
        os.makedirs(inside)
        docker = os.path.join(self.folder, "docker")
        with open(docker, "w", encoding="ascii") as file:
            file.write(DOCKER)
        os.chmod(docker, 0o755)
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        os.environ.update(PATH=self.folder + ":" + before["PATH"], DOCKER_LOG=argv,
                          FAKE_CONFIG_DIR=inside)
        self.tune("--container", "server", "--out", out, "--batch-sizes", "1")
        names = os.listdir(os.path.join(out, "configs", "triton_3_6_0"))
        self.assertEqual(len(names), 2)
        self.assertEqual(set(os.listdir(os.path.join(inside, "triton_3_6_0"))), set(names))
        with open(argv, encoding="ascii") as file:
            calls = [line.split() for line in file]
        self.assertEqual(calls[0][:5], ["exec", "-i", "server", sys.executable, COMPILER])
        self.assertEqual(calls[-1], ["cp", out + "/configs/.", "server:" + inside])
        shutil.rmtree(os.path.join(inside, "triton_3_6_0"))
        export = ["export", "--db", os.path.join(self.folder, "tune.db"), "--out", out,
                  "--container", "server", "--python", PYTHON]
        said = self.run_it(*export).stdout
        self.assertEqual(set(os.listdir(os.path.join(inside, "triton_3_6_0"))), set(names))
        self.assertIn(f"-v {out}:/moebench:ro -e SGLANG_MOE_CONFIG_DIR=/moebench", said)
        self.assertIn(f"copied {out}/configs to server:{inside}", said)
        os.environ["FAKE_CONFIG_DIR"] = os.path.join(self.folder, "nowhere/configs")
        failed = self.run_it(*export, code=1).stderr
        self.assertIn("no such directory", failed)
        self.assertIn("the files are in " + out, failed)
        os.environ["FAKE_CONFIG_DIR"] = ""
        self.assertIn("no folder of the engine's configs", self.run_it(*export, code=1).stderr)

    def test_what_is_not_told(self):
        """No NVML: dashes, never a 0, and the tune goes on."""
        _, said = self.tune("--quick", nvml="/nowhere/libnvidia-ml.so")
        head = next(line for line in said.splitlines() if line.startswith("card:"))
        self.assertEqual(head, "card: 1,500 MHz, - C, - W, memory -")


if __name__ == "__main__":
    fake_card.main()
