# SPDX-License-Identifier: MIT
"""moebench convert: names, folders and entries from one engine to another; case A18."""
import json
import os
import subprocess
import tempfile
import unittest

MOEBENCH = os.environ["MOEBENCH"]
CASES = os.path.join(os.environ["TOP_SRCDIR"], "tests/data/cases")
BLOCK = "E=256,N=512,device_name=NVIDIA_GB10,dtype=fp8_w8a8,block_shape="
ENTRY = {"BLOCK_SIZE_M": 16, "BLOCK_SIZE_N": 128, "BLOCK_SIZE_K": 128, "GROUP_SIZE_M": 1,
         "num_warps": 4, "num_stages": 2}


class Convert(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = os.path.join(self.folder.name, "out")

    def convert(self, *args, code=0):
        run = subprocess.run([MOEBENCH, "convert", *args, "--out", self.out, "--json"],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, code, run.stderr)
        return json.loads(run.stdout) if code == 0 else run.stderr

    def write(self, name, content):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file)
        return path

    def read(self, *parts):
        with open(os.path.join(self.out, *parts), encoding="utf-8") as file:
            return json.load(file)

    def test_a18_to_the_next_version(self):
        done = self.convert(os.path.join(CASES, "A18-name-drift"), "--to", "sglang:0.5.23",
                            "--triton", "3.6.0", "--model", "glm-4.7-fp8", "--tp", "4")
        name = "E=161,N=384,device_name=NVIDIA_GB10,dtype=fp8_w8a8,per_channel_quant=True"
        self.assertEqual([one["path"] for one in done["files"]],
                         [os.path.join(self.out, "configs/triton_3_6_0", name + end)
                          for end in (".json", "_down.json")])
        notes = "\n".join(done["notes"])
        self.assertIn("dtype=fp8_w8a8.json -> " + name + ".json", notes)
        self.assertIn("timed with E=160", notes)
        self.assertIn("Using MoE kernel config from " + done["files"][0]["path"],
                      done["found_line"])
        self.assertEqual(list(self.read("configs/triton_3_6_0", name + ".json")),
                         ["1", "64", "4096"])

    def test_server_is_told_a_whole_path(self):
        source = self.write(BLOCK + "[128,128].json", {"1": ENTRY})
        run = subprocess.run([os.path.abspath(MOEBENCH), "convert", source, "--to", "vllm", "--out",
                              "here"], capture_output=True, text=True, check=True,
                             cwd=self.folder.name)
        here = os.path.join(os.path.realpath(self.folder.name), "here")
        self.assertIn(f"VLLM_TUNED_CONFIG_FOLDER={here} and", run.stdout)
        self.assertIn(f"configuration from {here}/E=", run.stdout)

    def test_vllm_to_sglang_runs_the_same_tiles(self):
        source = self.write(BLOCK + "[128,128].json", {
            "triton_version": "3.5.0", "4096": dict(ENTRY, BLOCK_SIZE_K=256, num_stages=2),
            "1": dict(ENTRY, SPLIT_K=1)})
        done = self.convert(source, "--to", "sglang:0.5.8.post1")
        for end in (".json", "_down.json"):
            made = self.read("configs/triton_3_5_0", BLOCK + "[128, 128]" + end)
            self.assertEqual(made, {"1": ENTRY, "4096": ENTRY})
            self.assertEqual(list(made), ["1", "4096"])
        self.assertIn("SPLIT_K", "\n".join(done["notes"]))
        self.assertIn("256 written as 128", "\n".join(done["notes"]))

    def test_sglang_to_vllm(self):
        self.write(BLOCK + "[128, 128].json", {"1": ENTRY, "4096": ENTRY})
        down = self.write(BLOCK + "[128, 128]_down.json",
                          {"1": dict(ENTRY, USE_TMA=True), "4096": ENTRY})
        done = self.convert(down, "--to", "vllm", "--triton", "3.6.0")
        self.assertEqual(len(done["files"]), 1)
        made = self.read(BLOCK + "[128,128].json")
        self.assertEqual(made, {"triton_version": "3.6.0", "1": ENTRY, "4096": ENTRY})

    def test_int4_names_by_the_engine_they_were_made_for(self):
        source = self.write("E=256,N=512,device_name=NVIDIA_GB10,dtype=int4_w4a16.json",
                            {"1": ENTRY, "4096": ENTRY})
        guessed = self.convert(source, "--to", "vllm")
        self.assertIn("N=1024", guessed["files"][0]["path"])
        self.assertIn("--from vllm", "\n".join(guessed["notes"]))
        known = self.convert(source, "--from", "vllm", "--to", "sglang", "--triton", "3.6.0")
        self.assertIn("N=256", known["files"][0]["path"])
        self.assertNotIn("--from", "\n".join(known["notes"]))

    def test_notes_of_a_whole_file_name_no_entry(self):
        up = self.write(BLOCK + "[128, 128].json", {"1": ENTRY, "64": ENTRY, "4096": ENTRY})
        self.write(BLOCK + "[128, 128]_down.json", {"1": ENTRY, "63": ENTRY, "4096": ENTRY})
        notes = self.convert(up, "--to", "sglang", "--triton", "3.6.0")["notes"]
        self.assertTrue([note for note in notes if note.startswith("up and down have other keys")],
                        notes)

    def test_a_triton_that_is_no_version(self):
        up = self.write(BLOCK + "[128, 128].json", {"1": ENTRY})
        for version in ("../../etc", "foo", "3.6 0", "3." + "0" * 40):
            self.assertIn("is no version",
                          self.convert(up, "--to", "sglang", "--triton", version, code=2))

    def test_tma_stays_in_the_down_file_only(self):
        up = self.write(BLOCK + "[128, 128].json",
                        {"1": dict(ENTRY, USE_TMA=True), "4096": ENTRY})
        self.write(BLOCK + "[128, 128]_down.json",
                   {"1": dict(ENTRY, USE_TMA=True), "4096": ENTRY})
        self.convert(up, "--to", "sglang:0.5.8.post1", "--triton", "3.5.1")
        place = "configs/triton_3_5_1/" + BLOCK + "[128, 128]"
        self.assertNotIn("USE_TMA", self.read(place + ".json")["1"])
        self.assertTrue(self.read(place + "_down.json")["1"]["USE_TMA"])

    def test_nothing_different_is_overwritten(self):
        source = os.path.join(CASES, "A18-name-drift")
        to = (source, "--to", "vllm")
        path = self.convert(*to)["files"][0]["path"]
        self.assertFalse(self.convert(*to)["files"][0]["changed"])
        with open(path, "a", encoding="utf-8") as file:
            file.write(" ")
        self.assertIn("--force", self.convert(*to, code=1))
        self.assertTrue(self.convert(*to, "--force")["files"][0]["changed"])

    def test_int4_names(self):
        source = self.write("E=256,N=512,device_name=NVIDIA_GB10,dtype=int4_w4a16.json",
                            {"triton_version": "3.6.0", "4096": ENTRY})
        done = self.convert(source, "--to", "sglang")
        self.assertIn("/E=256,N=256,device_name=NVIDIA_GB10,dtype=int4_w4a16.json",
                      done["files"][0]["path"])

    def test_says_what_it_took_the_file_for(self):
        source = (os.path.join(CASES, "A18-name-drift"), "--to", "sglang:0.5.23", "--force")
        said = "read as a file of sglang 0.5.23; --from says otherwise"
        self.assertIn(said, self.convert(*source)["notes"])
        notes = self.convert(*source, "--from", "sglang:0.5.4.post2")["notes"]
        self.assertNotIn(said, notes)

    def test_a_fault_of_both_files_is_said_once(self):
        case = os.path.join(CASES, "A01-smem-over-budget")
        notes = self.convert(case, "--to", "sglang", "--force")["notes"]
        self.assertEqual(len([note for note in notes if "147,456" in note]), 1, notes)

    def test_refusals(self):
        for args in ((), ("--to", "nosuch", "--out", self.out)):
            run = subprocess.run([MOEBENCH, "convert", "/nonexistent", *args], text=True,
                                 capture_output=True, check=False)
            self.assertEqual(run.returncode, 2, run.stderr)
        bad = os.path.join(CASES, "A19-file-hygiene/bad-bom")
        self.assertIn("no engine loads", self.convert(bad, "--to", "vllm", code=1))
        self.assertIn("more than one", self.convert(
            os.path.join(CASES, "A09-triton-dirs"), "--to", "vllm", code=2))
        pair = os.path.join(CASES, "A12-down-pair")
        self.assertIn("assertion", self.convert(pair, "--to", "sglang:0.5.8.post1", code=1))
        self.assertFalse(os.path.exists(self.out))
        self.convert(os.path.join(CASES, "A05-generic-device"), "--to", "sglang")
        self.assertEqual(subprocess.run([MOEBENCH, "convert", pair], capture_output=True,
                                        check=False).returncode, 2)


unittest.main()
