#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""moebench shape and space: the names that the engines ask for, over the configs of real models."""
import json
import os
import subprocess
import sys
import tempfile

PROGRAM = os.environ["MOEBENCH"]
DATA = os.path.join(os.environ["TOP_SRCDIR"], "tests", "data")
CASES = os.path.join(DATA, "cases")
NO_CARD = {"MOEBENCH_LIBCUDA": "/nonexistent/libcuda.so"}
FAKE_CARD = os.path.abspath("tests/fake_cuda.so")  # in builds with cuda.h
failures = 0


def run(*args, env=None):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True,
                          env={**os.environ, **NO_CARD, **(env or {})})
    return done.returncode, done.stdout, done.stderr


def ask(command, *args):
    code, out, err = run(command, "--json", *args)
    if code:
        return {"error": err, "exit": code}
    return json.loads(out)


def expect(what, got, wanted):
    global failures
    if got != wanted:
        failures += 1
        print(f"FAIL: {what}: {got!r}, not {wanted!r}")


def expect_in(what, got, part):
    global failures
    if part not in got:
        failures += 1
        print(f"FAIL: {what}: {part!r} not in {got!r}")


def names(facts):
    return [file["name"] for file in facts.get("files", [])]


def table():
    """Every model of the table, both engines, both as a file and by its name from data/."""
    with open(os.path.join(DATA, "model_names.tsv"), encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    expect("models in the table", len(rows), 24)
    for name, _, top_k, hidden, width, *wanted in rows:
        for where in (os.path.join(DATA, "models", name + ".config.json"), name.lower()):
            for engine, name_wanted in zip(("sglang:0.5.23", "vllm:0.33.0"), wanted):
                what = f"{where} on {engine}"
                facts = ask("shape", where, "--engine", engine, "--device", "GB10")
                if name_wanted == "refused":
                    expect(what, facts.get("exit"), 1)
                    expect_in(what, facts["error"], "MXFP4")
                    facts = ask("shape", where, "--engine", engine, "--dtype", "bf16")
                    expect(what, names(facts)[0],
                           f"E={facts['E']},N=2880,device_name=NVIDIA_GB10.json")
                    continue
                expect(what, names(facts)[:1], [name_wanted])
                expect(what, (facts["K"], facts["N"]), (int(hidden), int(width)))
                extra = facts["E"] - int(rows_routed[name])
                expect(what, facts["top_k"], int(top_k) + extra)


def keys():
    facts = ask("shape", "glm-4.7-fp8", "--tp", "4", "--engine", "sglang:0.5.23", "--device",
                "NVIDIA GB10", "--triton", "3.8.0")
    for key in ("engine", "engine_version", "E", "N", "K", "top_k", "dtype", "block_shape",
                "per_channel", "gated", "files", "folder", "notes", "sources"):
        expect(key, key in facts, True)
    stem = "E=161,N=384,device_name=NVIDIA_GB10,dtype=fp8_w8a8,per_channel_quant=True"
    expect("files", facts["files"], [{"gemm": "up", "name": stem + ".json"},
                                     {"gemm": "down", "name": stem + "_down.json"}])
    expect("folder", facts["folder"], "configs/triton_3_8_0")
    expect("sources", facts["sources"]["E"], "n_routed_experts")
    expect("numbers", [facts[k] for k in ("E", "N", "K", "top_k", "dtype", "block_shape")],
           [161, 384, 5120, 9, "fp8_w8a8", None])
    expect("one name, however it is typed", ask("shape", "GLM-4.7-FP8")["model"], "glm-4.7-fp8")
    vllm = ask("shape", "glm-4.7-fp8", "--tp", "4", "--engine", "vllm")
    expect("vllm has no down file", [file["gemm"] for file in vllm["files"]], ["up"])
    facts = ask("shape", "glm-4.7-fp8", "--engine", "sglang:0.5.10")
    expect_in("an unknown version", " ".join(facts["notes"]), "rules of sglang 0.5.8.post1")
    expect_in("no device", " ".join(facts["notes"]), "no --device")


def case_a02():
    folder = os.path.join(CASES, "A02-block-shape-zero-none")
    stem = "E=128,N=768,device_name=NVIDIA_GB10,dtype=fp8_w8a8"
    for name, tail, channel in (("modelopt-fp8", "", False),
                                ("channel-fp8", ",per_channel_quant=True", True),
                                ("block-in-config-groups", ",block_shape=[128, 128]", False)):
        facts = ask("shape", f"{folder}/{name}.config.json")
        expect(name, names(facts)[0], stem + tail + ".json")
        expect(name, facts["per_channel"], channel)
    empty = f"{folder}/empty-groups.config.json"
    code, _, err = run("shape", empty)
    expect("empty groups", code, 1)
    expect_in("empty groups", err, "dtype is missing")
    expect_in("empty groups", err, "--dtype")
    facts = ask("shape", empty, "--dtype", "fp8_w8a8:channel")
    expect("empty groups with --dtype", names(facts)[0], stem + ",per_channel_quant=True.json")


def case_a03():
    config = os.path.join(CASES, "A03-int4-packed", "config.json")
    for engine, n in (("sglang", 256), ("vllm", 512)):
        facts = ask("shape", config, "--engine", engine)
        expect(engine, names(facts)[0],
               f"E=256,N={n},device_name=NVIDIA_GB10,dtype=int4_w4a16.json")
        expect(engine, facts["N"], n)
        notes = " ".join(facts["notes"])
        expect_in(engine, notes, "N=256")
        expect_in(engine, notes, "N=512")


def case_a11():
    folder = os.path.join(CASES, "A11-key-names")
    facts = ask("shape", f"{folder}/gemma4-bf16.config.json")
    expect("gemma4", [facts[k] for k in ("E", "top_k", "N", "K")], [128, 8, 704, 2816])
    expect("gemma4", facts["sources"]["top_k"], "text_config.top_k_experts")
    facts = ask("shape", f"{folder}/deepseek-v4-flash-fp8.config.json")
    expect("deepseek-v4", [facts[k] for k in ("E", "top_k")], [256, 6])
    facts = ask("shape", f"{folder}/unknown-arch-but-readable.config.json")
    expect("unknown", [facts[k] for k in ("E", "top_k", "N", "K")], [96, 6, 1024, 3072])
    expect_in("unknown", " ".join(facts["notes"]), "SomeNewMoeForCausalLM is not a class known")
    expect("unknown", facts["sources"]["E"], "n_routed_experts")
    code, _, err = run("shape", f"{folder}/dense-not-moe.config.json")
    expect("dense", code, 1)
    expect_in("dense", err, "no experts in this config")


def case_a18():
    for args, name in ((("--engine", "sglang:0.5.4.post2"), "E=160"),
                       (("--engine", "sglang:0.5.23", "--no-shared-fusion"), "E=160"),
                       (("--engine", "sglang:0.5.23", "--ep", "2"), "E=80"),
                       (("--engine", "sglang:0.5.23"), "E=161")):
        facts = ask("shape", "glm-4.7-fp8", "--tp", "4", *args)
        expect(str(args), names(facts)[0].split(",")[0], name)
        suffix = "per_channel_quant=True" in names(facts)[0]
        expect(str(args), suffix, "0.5.4" not in args[1])
    old = ask("shape", "glm-4.7-fp8", "--tp", "4", "--engine", "sglang:0.5.4.post2",
              "--triton", "3.5.0")
    expect("the public configs' name", names(old)[0],
           "E=160,N=384,device_name=NVIDIA_GB10,dtype=fp8_w8a8.json")
    expect("the public configs' folder", old["folder"], "configs/triton_3_5_0")


def refusals():
    for args, code, part in (
            (("glm-4.7-fp8", "--tp", "7"), 2, "6 and 8"),
            (("glm-4.7-fp8", "--device", "sm_80"), 1, "no fp8"),
            (("glm-4.7-fp8", "--device", "A100-SXM4-80GB"), 1, "no fp8"),
            (("glm-4.7-fp8", "--device", "H100"), 2, "H100 PCIe"),
            (("glm-4.7-fp8", "--engine", "tgi"), 2, "sglang"),
            (("no-such-model",), 1, "glm-4.7-fp8"),
            (("/dev/null",), 1, "/dev/null"),
            (("glm-4.7-fp8", "--tp", "4", "--ep", "8"), 2, "nearest that does: 4\n"),
            (("glm-4.7-fp8", "--triton", "newest"), 2, "moebench: triton 'newest'"),
            (("glm-4.7-fp8", "--dtype", "fp4"), 2, "moebench: --dtype fp4"),
            (("glm-4.7-fp8", "--tp", "0"), 2, "tp")):
        got, _, err = run("shape", *args)
        expect(str(args), got, code)
        expect_in(str(args), err, part)
        expect_in(str(args), err, "moebench: ")


def device_left_out():
    args = ("shape", "qwen3-30b-a3b", "--json")
    none = json.loads(run(*args)[1])
    expect("no card", none["device"], "NVIDIA GB10")
    expect_in("no card", json.dumps(none["notes"]), "no card here: NVIDIA GB10 is assumed")
    if os.path.exists(FAKE_CARD):
        card = json.loads(run(*args, env={"MOEBENCH_LIBCUDA": FAKE_CARD})[1])
        expect_in("card", json.dumps(card["notes"]), "this machine's " + card["device"])
        expect_in("card", names(card)[0], "device_name=" + card["device"].replace(" ", "_"))


def hub_cache():
    """A model id is looked up in the local cache: refs/main, else the last snapshot."""
    with tempfile.TemporaryDirectory() as hub:
        model = os.path.join(hub, "models--some--moe")
        with open(os.path.join(DATA, "models", "Qwen3-30B-A3B.config.json"), "rb") as file:
            config = file.read()
        for revision, text in (("aaa", config.replace(b"768", b"512")), ("bbb", config)):
            os.makedirs(os.path.join(model, "snapshots", revision))
            with open(os.path.join(model, "snapshots", revision, "config.json"), "wb") as file:
                file.write(text)
        code, out, _ = run("shape", "some/moe", "--json", env={"HF_HUB_CACHE": hub})
        expect("last snapshot", json.loads(out)["N"] if code == 0 else code, 768)
        os.makedirs(os.path.join(model, "refs"))
        with open(os.path.join(model, "refs", "main"), "w", encoding="ascii") as file:
            file.write("aaa")
        code, out, _ = run("shape", "some/moe", "--json", env={"HF_HUB_CACHE": hub})
        expect("refs/main", json.loads(out)["N"] if code == 0 else code, 512)


def spaces():
    for args, tiles, fit, reasons in (
            (("glm-4.7-fp8", "--tp", "4"), 1920, 1456, {"shared-memory": 464}),
            (("glm-4.7", "--tp", "4"), 1920, 976, {"shared-memory": 944}),
            (("qwen3-30b-a3b-fp8",), 1920, 1128, {"shared-memory": 152, "k-over-block": 640}),
            (("glm-4.7-fp8", "--tp", "4", "--bm", "16", "--group", "1"), 96, 82,
             {"shared-memory": 14})):
        facts = ask("space", *args, "--device", "GB10", "--engine", "sglang:0.5.23")
        expect(f"{args} tiles", facts["tiles"], tiles)
        expect(f"{args} fit", facts["fit"], fit)
        expect(f"{args} unfit", facts["unfit"], tiles - fit)
        expect(f"{args} by reason", facts["by_reason"], reasons)
    facts = ask("space", "glm-4.7-fp8", "--tp", "4", "--device", "GB10")
    expect("kernels", facts["kernels"], 364)
    facts = ask("space", "qwen3-30b-a3b-fp8", "--device", "GB10")
    expect("admitted", facts["admitted"], 1280)
    facts = ask("space", "qwen3-30b-a3b-fp8", "--device", "GB10", "--engine", "vllm")
    expect("vllm clamps", facts["by_reason"]["runs-as-another"], 640)
    code, out, _ = run("space", "glm-4.7-fp8", "--tp", "4")
    expect("human", code, 0)
    expect_in("human", out, "1,456 fit in 101,376 bytes")
    expect("bad axis", run("space", "glm-4.7-fp8", "--bk", "96")[0], 2)


with open(os.path.join(DATA, "model_names.tsv"), encoding="utf-8") as tsv:
    rows_routed = {line.split("\t")[0]: line.split("\t")[1] for line in tsv if line[0] != "#"}
for test in (table, keys, case_a02, case_a03, case_a11, case_a18, refusals, device_left_out,
             hub_cache, spaces):
    test()
sys.exit(1 if failures else 0)
