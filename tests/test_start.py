#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The start screen on a pseudo-terminal and as lines: pick, start, refuse. Needs pyte."""
import json
import os
import subprocess
import time

from terminal import Terminal
from workbench import LIMIT, PROGRAM, in_folder, record, recording

BACKEND = ["--backend", "replay:" + recording]
DB = ["--db", in_folder("start.db")]
SMALL = ["--batch-sizes", "1,16", "--warps", "4"]
hub = in_folder("hub/models--acme--Tiny-MoE/snapshots/c0ffee")
os.environ["HF_HUB_CACHE"] = in_folder("hub")
os.makedirs(hub)
with open(os.path.join(hub, "config.json"), "w") as file:
    json.dump({"architectures": ["Qwen3MoeForCausalLM"], "num_experts": 16, "hidden_size": 2048,
               "num_experts_per_tok": 4, "moe_intermediate_size": 768, "torch_dtype": "bfloat16"},
              file)


def start(*more, **how):
    return Terminal(words=[PROGRAM, *BACKEND, *DB, *more], **how)


def leave(t, code):
    t.press("q")
    t.pump(0.2)
    if "A tune runs" in t.text():
        t.press("y")
    status = t.end()
    assert os.waitstatus_to_exitcode(status) == code, status
    assert t.raw.count(b"\x1b[?1049h") == 1, "the screen was opened anew in between"
    assert b"\x1b[?1049l" in t.raw, "the screen was not given back"


def percent_row(t):
    return next(line.split("%")[0].split()[-1] for line in t.screen.display if line[0] == ">")


def new_tune():
    """Nothing stored: the form of what was recorded stands there; Enter starts it."""
    t = start(*SMALL)
    t.until("glm-4.7-fp8")
    t.until("same as     moebench glm-4.7-fp8 --tp 4")
    assert "_down.json" in t.text() and "recorded on" in t.screen.display[0]
    t.press("\r")
    t.until("100 %  done")
    leave(t, 0)


def picked():
    t = start()
    t.until("glm-4.7-fp8 TP4")
    assert "100%" in t.text() and "1 tune in" in t.screen.display[0]
    t.press("\r")
    t.until("100 %  done")
    leave(t, 0)


def started_and_left():
    """Another question, slowly: it runs when the screen opens, and is there to go on with."""
    t = start("--pace", "1", "--seed", "7")
    t.until("1 tune in")
    t.press("n")
    t.until("same as")
    t.press("\r")
    t.until("shared memory")
    second = start()
    second.until("driven by pid %d" % t.pid)
    second.until("Enter go on")
    row, end = percent_row(second), time.monotonic() + LIMIT
    while percent_row(second) == row:  # the list tells how far it is by now
        assert time.monotonic() < end, second.text()
        t.pump(0.1)
        second.pump(0.1)
    leave(t, 4)
    second.until("  2 tunes in")
    leave(second, 0)
    t = start(size=(40, 10))
    t.until("2 tunes")
    leave(t, 0)


def refused():
    """What is wrong is said in the form, and what was typed stays."""
    t = start("--tp", "7")
    t.until("tunes in")
    t.press("n")
    t.until("7")
    t.until("divid")
    t.press("\r")
    t.until("not started")
    t.press("\x1b")
    t.until("tunes in")
    t.press("n")
    t.until("TP          7")
    t.press("x")
    t.until("model: x")
    for key in "\x7f/no/such/place\r":
        t.press(key)
    t.until("no such file")
    t.press("\x1b[Ax")
    t.until("model: x")
    for key in "\x7f~/hub/models--acme--Tiny-MoE/snapshots/c0ffee\r":
        t.press(key)
    t.until("c0ffee")
    t.until("the experts' width, 768")
    t.press("\x1b[A" + "a")
    t.until("model: a")
    for key in "cme":
        t.press(key)
    t.until("acme/Tiny-MoE")
    assert "downloaded" in t.text()
    t.press("\r")
    t.until("acme/Tiny-MoE")
    t.press("\x03")
    assert t.end() == 0


def as_lines():
    t = Terminal(words=[PROGRAM, *BACKEND, *DB, "--ui=line"], size=(200, 60))
    t.until("a tune's number")
    assert "1: glm-4.7-fp8 TP4" in t.text()
    t.press("9\nn glm-4.7-fp8 --tp 7\n")
    t.until("9: neither")
    t.until("not started")
    t.press("n glm-4.7-fp8 --tp 4 --batch-sizes 8 --warps 4\n")
    t.until("Enter starts it")
    assert "time: seconds" in t.text() and "files: moebench-out" in t.text()
    t.press("\n")
    t.until("done: ")
    assert os.waitstatus_to_exitcode(t.end()) == 0


def without_a_terminal():
    done = subprocess.run([PROGRAM, *BACKEND, "--db", in_folder("empty.db")],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 2 and "name a model" in done.stderr, done.stderr


record()
for test in (new_tune, picked, started_and_left, refused, as_lines, without_a_terminal):
    test()
    print("ok", test.__name__, flush=True)
