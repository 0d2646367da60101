# SPDX-License-Identifier: MIT
"""moebench check over real users' files: cases A01, A05, A06, A09, A10, A12, A19."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

MOEBENCH = os.environ["MOEBENCH"]
CASES = os.path.join(os.environ["TOP_SRCDIR"], "tests/data/cases")


def run(*args):
    return subprocess.run([MOEBENCH, "check", *args], capture_output=True, text=True, check=False)


def check(*args):
    done = run(*args, "--json")
    result = json.loads(done.stdout)
    worst = any(one["verdict"] == "error" for one in result["files"])
    assert done.returncode == (1 if worst else 0), done
    return result


def only(case, *args):
    files = check(os.path.join(CASES, case), *args)["files"]
    assert len(files) == 1, files
    return files[0]


def faults(file, severities=("warn", "error")):
    return {(one["severity"], one["code"], one["m"]) for one in file["faults"]
            if one["severity"] in severities}


class Check(unittest.TestCase):
    def test_a01_stages_minus_one(self):
        file = only("A01-smem-over-budget")
        self.assertEqual(faults(file), {("error", "smem", 4096)})
        text = [one["text"] for one in file["faults"] if one["code"] == "smem"][0]
        self.assertIn("147,456", text)
        self.assertIn("101,376", text)
        fits = only("A01-smem-over-budget", "--device", "NVIDIA H100 80GB HBM3")
        self.assertEqual(faults(fits), {("warn", "device", None)})
        old = only("A01-smem-over-budget", "--engine", "sglang:0.5.4.post2")
        self.assertIn(("error", "name", None), faults(old))

    def test_a05_reported_names(self):
        file = only("A05-generic-device")
        self.assertEqual(faults(file), {("warn", "device", None)})
        self.assertIn("NVIDIA H100 PCIe", json.dumps(file["faults"]))
        with open(os.path.join(CASES, "A05-generic-device/device-names.txt"),
                  encoding="utf-8") as names:
            for name in names.read().splitlines():
                file = only("A05-generic-device", "--device", name)
                self.assertIn(("warn", "device", None), faults(file), name)

    def test_a06_sparse(self):
        for engine, tile in (("sglang", "BM64,BN64,BK32"), ("vllm", "BM128,BN128,BK64")):
            file = only("A06-sparse-keys", "--engine", engine)
            self.assertEqual(faults(file), {("warn", "sparse", 8)})
            self.assertIn(tile, json.dumps(file["faults"]))
            self.assertEqual(file["served"][-1], {"m": 8, "from": 7, "to": None})

    def test_a09_numeric_fallback(self):
        folder = os.path.join(CASES, "A09-triton-dirs")
        result = check(folder, "--engine", "sglang:0.5.23", "--triton", "3.6.0")["folder"]
        taken = {one["name"].split(",")[1]: one for one in result["in_force"]}
        self.assertIn("/configs/triton_3_10_0/", taken["N=768"]["path"])
        self.assertTrue(taken["N=768"]["fallback"])
        self.assertIn("/configs/triton_3_6_0/", taken["N=384"]["path"])
        self.assertFalse(taken["N=384"]["fallback"])
        self.assertEqual([one["path"].split("/")[-2] for one in result["dead"]],
                         ["triton_3_5_1"])
        old = check(folder, "--engine", "sglang:0.5.8", "--triton", "3.6.0")["folder"]
        self.assertEqual([one["name"].split(",")[1] for one in old["in_force"]], ["N=384"])
        flat = check(folder, "--engine", "vllm")["folder"]
        self.assertEqual(flat["in_force"], [])

    def test_a10_k_tile(self):
        file = only("A10-k-tile-over-quant-block")
        self.assertEqual(faults(file), {("error", "quant-block", 16), ("error", "value", 4096)})
        file = only("A10-k-tile-over-quant-block", "--engine", "vllm")
        self.assertIn(("note", "clamped", 16), faults(file, ("note",)))
        self.assertNotIn(16, [m for _, _, m in faults(file)])

    def test_a_name_that_is_not_asked_for_is_dead(self):
        # SGLang's spelling, in vLLM's folder.
        folder = check(os.path.join(CASES, "A10-k-tile-over-quant-block"),
                       "--engine", "vllm")["folder"]
        self.assertEqual(folder["in_force"], [])
        self.assertIn("without a blank", folder["dead"][0]["reason"])
        # A name that no driver reports, and another card's.
        for args in ((), ("--device", "GB10")):
            folder = check(os.path.join(CASES, "A05-generic-device"), "--engine", "vllm",
                           *args)["folder"]
            self.assertEqual(folder["in_force"], [])
            self.assertIn("NVIDIA_H100", folder["dead"][0]["reason"])

    def test_faults_stand_by_m(self):
        for file in check(CASES)["files"]:
            keys = [-2**31 if one["m"] is None else one["m"] for one in file["faults"]]
            self.assertEqual(keys, sorted(keys), file["path"])

    def test_a12_pair(self):
        folder = os.path.join(CASES, "A12-down-pair")
        down = [file for file in check(folder)["files"] if file["path"].endswith("_down.json")][0]
        self.assertEqual(faults(down), {("warn", "pair-keys", None), ("warn", "pair", 544),
                                        ("warn", "pair", 1024)})
        self.assertIn(("note", "tie", 32), faults(down, ("note",)))
        old = check(folder, "--engine", "sglang:0.5.8.post1")["files"]
        self.assertIn(("error", "pair", 1024), faults(old[1]))
        small = check(folder, "--device", "GB10")["files"][1]
        self.assertIn(("warn", "pair", 1024), faults(small))
        vllm = check(folder, "--engine", "vllm")["files"][1]
        self.assertIn(("error", "tma", 63), faults(vllm))
        self.assertIn(("error", "name", None), faults(vllm))

    def test_a19_hygiene(self):
        folder = os.path.join(CASES, "A19-file-hygiene")
        verdicts = {}
        for file in check(folder)["files"]:
            verdicts[file["path"].split("/")[-2]] = (file["verdict"], faults(file))
        self.assertEqual(len(verdicts), 14)
        for name, (verdict, _) in verdicts.items():
            want = {"ok": "ok", "warn": "warn", "bad": "error"}[name.split("-")[0]]
            self.assertEqual(verdict, "warn" if name == "bad-duplicate-key" else want, name)
        self.assertEqual(verdicts["bad-duplicate-key"][1], {("warn", "duplicate", 64)})
        self.assertEqual(verdicts["bad-truncated"][1] - {("warn", "sparse", 1)},
                         {("error", "json", 2)})
        self.assertEqual(verdicts["bad-empty-object"][1], {("error", "empty", None)})
        self.assertEqual({m for _, code, m in verdicts["bad-values"][1] if code == "value"},
                         {1, 2, 4, 8, 16, 32, 48, 64, 96})
        bom = check(os.path.join(folder, "bad-bom"))["files"][0]["faults"]
        self.assertEqual([one["line"] for one in bom if one["code"] == "json"], [1])
        keys = {(severity, m) for severity, code, m in verdicts["bad-keys"][1] if code == "key"}
        self.assertEqual(keys, {("warn", 0), ("warn", -1), ("warn", 16), ("warn", 64),
                                ("error", None)})

    def test_a18_the_name_drifts_with_the_version(self):
        folder = os.path.join(CASES, "A18-name-drift")
        model = ("--model", "glm-4.7-fp8", "--tp", "4")
        # A pair is SGLang's, the newest known where no other is named.
        for more in (("--engine", "sglang:0.5.8.post1"), ("--engine", "sglang:0.5.23"), ()):
            files = check(folder, *model, *more)["files"]
            for file, end in zip(files, (".json", "_down.json")):
                self.assertEqual(faults(file), {("error", "model", None)})
                self.assertIn("E=161,N=384,device_name=NVIDIA_GB10,dtype=fp8_w8a8,"
                              "per_channel_quant=True" + end, json.dumps(file))
                self.assertIn("timed with E=160", json.dumps(file))
        for more in (("--engine", "sglang:0.5.4.post2"), ("--engine", "sglang:0.5.4")):
            for file in check(folder, *model, *more)["files"]:
                self.assertEqual(file["verdict"], "ok")
        self.assertEqual(check(folder, *model, "--engine", "vllm")["files"][0]["verdict"], "ok")

    def test_shipped_gb10_configs(self):
        folder = os.path.join(os.environ["TOP_SRCDIR"], "data/gb10")
        result = check(folder, "--engine", "sglang:0.5.4.post2", "--model", "glm-4.7-fp8",
                       "--tp", "4")
        self.assertEqual([file["verdict"] for file in result["files"]], ["ok", "ok"])
        self.assertEqual([len(file["served"]) for file in result["files"]], [18, 18])
        self.assertEqual(len(result["folder"]["in_force"]), 2)

    def test_place_of_a_relative_path(self):
        folder = os.path.join(os.environ["TOP_SRCDIR"], "data/gb10/configs/triton_3_5_0")
        done = subprocess.run([os.path.abspath(MOEBENCH), "check", "--json", "."], cwd=folder,
                              capture_output=True, text=True, check=True)
        result = json.loads(done.stdout)
        self.assertEqual(len(result["folder"]["in_force"]), 2)
        self.assertEqual(result["folder"]["triton"], "3.5.0")

    def test_a_folder_that_stops_the_fallback(self):
        with tempfile.TemporaryDirectory() as base:
            place = os.path.join(base, "configs/triton_3_5_0+git1a2b")
            shutil.copytree(os.path.join(os.environ["TOP_SRCDIR"],
                                         "data/gb10/configs/triton_3_5_0"), place)
            for file in check(base, "--engine", "sglang:0.5.23")["files"]:
                self.assertEqual(faults(file), {("warn", "folder", None)})
            for file in check(base, "--engine", "sglang:0.5.8.post1")["files"]:
                self.assertEqual(file["verdict"], "ok")

    def test_an_export_is_asked_for_by_the_version_it_was_made_for(self):
        """moebench.json tells which; its newer successors ask for another name."""
        source = os.path.join(CASES, "A18-name-drift")
        with tempfile.TemporaryDirectory() as base:
            folder = shutil.copytree(source, os.path.join(base, "configs/triton_3_5_0"))
            files = [{"path": "configs/triton_3_5_0/" + name, "engine": "sglang:0.5.4.post2"}
                     for name in os.listdir(folder)]
            with open(os.path.join(base, "moebench.json"), "w", encoding="ascii") as side:
                json.dump({"files": files}, side)
            for file in check(base, "--model", "glm-4.7-fp8", "--tp", "4")["files"]:
                self.assertEqual(file["verdict"], "ok")

    def test_a03_asked_for_by_neither_engine(self):
        case = os.path.join(CASES, "A03-int4-packed")
        file = check(case, "--model", os.path.join(case, "config.json"))["files"][0]
        text = [one["text"] for one in file["faults"] if one["code"] == "model"][0]
        self.assertIn("E=256,N=256,", text)
        self.assertIn("E=256,N=512,", text)

    def test_a_name_that_is_no_utf8(self):
        """JSON stays JSON; the name has U+FFFD where its bytes say nothing."""
        with tempfile.TemporaryDirectory() as base:
            folder = os.path.join(os.fsencode(base), b"by\xfft")
            shutil.copytree(os.fsencode(os.path.join(CASES, "A01-smem-over-budget")), folder)
            found = subprocess.run([MOEBENCH, "check", folder, "--json"], capture_output=True,
                                   check=False)
            path = json.loads(found.stdout.decode("utf-8"))["files"][0]["path"]
            self.assertIn("/by\ufffdt/E=128,", path)

    def test_usage(self):
        self.assertEqual(run("/nonexistent").returncode, 1)
        self.assertEqual(run(os.path.join(CASES, "A13-old-ptxas")).returncode, 1)
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run(CASES, "--device", "Voodoo 2").returncode, 2)
        self.assertEqual(run(CASES, "--triton", "new").returncode, 2)
        text = run(os.path.join(CASES, "A01-smem-over-budget")).stdout
        self.assertIn("error M=4096 smem", text)
        self.assertIn("1 file: 0 ok, 0 warn, 1 error", text)


unittest.main()
