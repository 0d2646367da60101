#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Planning for a card that is not here: with a stand-in for the compile helper, and without any
Python."""
import json
import os
import subprocess

from workbench import PROGRAM, in_folder, screen, write_script

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
os.environ["MOEBENCH_LIBCUDA"] = in_folder("none.so")
DB = in_folder("plan.db")
MODEL = ["glm-4.7-fp8", "--tp", "4", "--device", "GB10", "--engine", "sglang:0.5.4.post2"]
NO_PYTHON = ["--python", in_folder("no-python")]
FAKE = ["--python", "python3 " + os.path.join(SOURCE, "fake_compiler.py")]
TILE = {"BLOCK_SIZE_M": 64, "BLOCK_SIZE_N": 128, "BLOCK_SIZE_K": 128, "GROUP_SIZE_M": 1,
        "num_warps": 4, "num_stages": 3}
BIG = {**TILE, "BLOCK_SIZE_M": 128, "num_stages": 5}
entries = in_folder("mine.json")
with open(entries, "w") as file:
    json.dump({"1": TILE, "64": BIG, "4096": {**TILE, "BLOCK_SIZE_M": 48}}, file)


def run(*words, code=0):
    done = subprocess.run([PROGRAM, *words, "--db", DB], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def play(script, *more):
    run(*MODEL, *more, "--script", write_script(script))


def without_python():
    play(":wait paused\n:save-screen @rest\nTab\n:save-screen @latency\nL\n:save-screen @log\n"
         "Esc r\n:save-screen @refused\na\n:save-screen @ab\nx\n:save-screen @export\nq\n",
         *NO_PYTHON)
    rest = screen("rest")
    assert "unmeasured" in rest.splitlines()[0], rest
    assert "   1 fits     fits" in rest and " 256 too big  too big" in rest, rest
    assert "no compiler" in rest and "regs" in rest.splitlines()[1]
    assert "  BM16  0001011212340112123424680123135737xx135636xx6xxx" in rest, rest
    assert "  BM64  22222222222233333333555x444455d5s7xxssssssxxsxxx" in rest, rest
    assert "44 regs  no spill" in rest, rest
    assert "d" in screen("latency").splitlines()[7][32:], "the engine's default is not marked"
    log = screen("log")
    assert "no-python" in log and "of SGLang 0.5.4.post2 and Triton 3.6.0" in log, log
    for name in ("refused", "ab", "export"):
        assert "a plan: no NVIDIA GB10 here, nothing is measured" in screen(name), screen(name)
    assert not os.path.exists(DB), "a plan was stored"


def predicted():
    """No table is shipped for bf16: shared memory by prediction, registers unknown."""
    run("mixtral-8x7b-v0.1", "--tp", "2", *MODEL[3:], *NO_PYTHON, "--script",
        write_script(":wait paused\n:save-screen @bf16\nq\n"))
    assert "no compiler (L: why): predicted" in screen("bf16"), screen("bf16")
    assert "regs  no" not in screen("bf16"), screen("bf16")


def entry_by_entry():
    """A file's entries as they stand there, and one edited by hand."""
    play(":wait paused\n:save-screen @file\ne Enter\n:wait settled=1\n:save-screen @hand\n"
         ":resize 200x50\n:save-screen @wide\nq\n", *NO_PYTHON, "--incumbent", entries,
         "--batch-sizes", "1,64,4096")
    assert "   1 fits     fits" in screen("file") and "  64 too big  too big" in screen("file")
    assert "4096 broken   broken" in screen("file"), screen("file")
    assert "i" in "".join(line[32:] for line in screen("file").splitlines()[3:13])
    assert "   1 fits     BM<>up" in screen("hand"), screen("hand")
    assert "o" in "".join(line[32:] for line in screen("hand").splitlines()[3:13])
    assert "131,072 file" in screen("wide") and "hand" in screen("wide"), screen("wide")


def compiled():
    play(":wait paused\n:save-screen @facts\nq\n", *FAKE, "--warps", "4")
    facts = screen("facts")
    assert "triton 3.6.0" in facts.splitlines()[0], facts
    count = int(facts.split(" kernels compiled")[0].split()[-1])
    assert "nothing is measured; %d of %d kernels" % (count, count) in facts and count > 100, facts
    assert "60,000 B  64 regs" in facts, facts
    assert "  BM16  111111111111" in facts, facts


def at_rest():
    play(":wait paused\n:save-screen @paused\np\n:wait points=10\n:wait paused\n"
         ":save-screen @on\nq\n", *FAKE, "--warps", "4", "--paused")
    assert "0 of " in screen("paused") and "compiled, paused" in screen("paused"), screen("paused")
    assert "64 regs" in screen("on") and "paused" not in screen("on"), screen("on")


def lines():
    out = run(*MODEL, *NO_PYTHON, "--ui=line", "--incumbent", entries, "--batch-sizes", "64")
    assert "M=64 up: file, too big, BM128,BN128,BK128,G1,w4,s5, 131072 of 101376 B" in out, out


def no_tune():
    out = run("tune", *MODEL, *NO_PYTHON, code=3)
    assert "no NVIDIA GB10 here to time on" in out, out
    assert not os.path.exists(DB)


for test in (without_python, predicted, entry_by_entry, compiled, at_rest, lines, no_tune):
    test()
    print("ok", test.__name__)
