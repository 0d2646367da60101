#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Edit an entry, A/B it, take it, take it back, export: by keys in tmux, on a recording."""
import os
import re
import subprocess

from tmux import Tmux
from workbench import PROGRAM, in_folder, record, recording, screen, write_script

DB = in_folder("tune.db")
OUT = in_folder("out")


def flow():
    t = Tmux(["glm-4.7-fp8", "--tp", "4", "--backend", "replay:" + recording, "--db", DB,
              "--batch-sizes", "1,16,64", "--warps", "4", "--allow-recorded", "--out", OUT],
             (80, 24))
    t.until("100 %  done")
    t.press("PageDown", "b", "e")
    before = t.until("edit an entry", "up M=16", "shared memory .* fits", "race +BM")
    t.press("End")  # no key of the editor: nothing happens
    t.press("l", "l", "l", "l", "l", "j", "a")
    t.until("A against B", "choice", "editor")
    t.press("Enter")
    ended = t.until(r"B is (FASTER|SLOWER|SAME|UNDECIDED) ", "y take B")
    assert re.search(r"\[[+-][0-9.]+, [+-][0-9.]+\]", ended), ended
    assert "-0.50 %" in ended and "o" in ended, ended
    t.press("Escape")
    t.until("a answers")
    t.press("a")
    t.until("y take B")
    t.press("y")
    t.until("100 %  done", "chosen")
    t.press("e")
    edited = t.until("hand +BM", "A/B: ")
    assert edited != before and "SLOWER" in ended and "SLOWER" in edited, edited
    t.press("Escape", "U")
    t.until("M=16: the latest change is undone")
    t.press("e")
    t.until("edit an entry", r"race +BM\S+,s5(.*\n)+.*hand +BM\S+,s4")
    t.press("Escape", "e", "l", "l", "l", "l", "l", "j", "Enter")
    t.until("M=16: chosen")
    t.press("PageDown", "e", "D")
    t.until("M=64: no entry any more", " out ")
    t.press("x")
    t.until("Enter writes")
    t.press("Enter")
    t.until("2 files of 2 entries, 1 M left out, written")
    t.press("q")
    t.ends(0)


def files_pass():
    with open(os.path.join(OUT, "moebench.json")) as file:
        kept = file.read()
    assert '"hand"' in kept and "edited" in kept, kept
    assert '"64"' not in kept, kept
    done = subprocess.run([PROGRAM, "check", OUT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def opened_again():
    """What was done by hand stands; nothing is raced for the M that was dropped."""
    script = write_script(":wait done\n:save-screen @again\nq\n")
    done = subprocess.run([PROGRAM, "--db", DB, "--backend", "replay:" + recording, "--script",
                           script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = screen("again").splitlines()[2:5]
    assert "hnd" in rows[1] and " out " in rows[2], rows


record()
for test in (flow, files_pass, opened_again):
    test()
    print("ok", test.__name__)
