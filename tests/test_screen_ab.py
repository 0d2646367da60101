#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Edit an entry, A/B it, take it, take it back, export: by keys in tmux, on a recording."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

if not shutil.which("tmux"):
    print("skipped: tmux is not installed")
    sys.exit(77)

PROGRAM = os.path.abspath(os.environ.get("MOEBENCH", "./moebench"))
folder = tempfile.mkdtemp(prefix="moebench-ab-")
recording = os.path.join(folder, "set.db")
subprocess.run([os.path.abspath("tests/make_recorded"), recording], check=True)
DB = os.path.join(folder, "tune.db")
OUT = os.path.join(folder, "out")
LIMIT = 60


class Tmux:
    """One window of a tmux server of its own."""

    def __init__(self, width, height, *words):
        self.server = ["tmux", "-L", "moebench-ab-%d" % os.getpid(), "-f", "/dev/null"]
        keep = ["env", "-u", "MOEBENCH_DB", "HOME=" + folder, "LC_ALL=C.UTF-8"]
        keep += ["XDG_%s_HOME=%s/%s" % (what, folder, what.lower())
                 for what in ("DATA", "STATE", "CACHE", "CONFIG")]
        # the shell outlives the program, so that its last words can be read
        line = " ".join("'%s'" % word for word in [*keep, *words])
        self.tmux("new-session", "-d", "-x", str(width), "-y", str(height),
                  line + "; echo status $?; sleep 600")

    def tmux(self, *words):
        return subprocess.run([*self.server, *words], check=True, capture_output=True,
                              text=True).stdout

    def text(self):
        return self.tmux("capture-pane", "-p")

    def press(self, *keys):
        for key in keys:
            self.tmux("send-keys", key)

    def until(self, *wanted):
        """The screen that has all of these regular expressions."""
        end = time.monotonic() + LIMIT
        while True:
            text = self.text()
            if all(re.search(what, text) for what in wanted):
                return text
            assert time.monotonic() < end, "no %s on:\n%s" % (wanted, text)
            time.sleep(0.05)

    def kill(self):
        self.tmux("kill-server")


def flow():
    t = Tmux(80, 24, PROGRAM, "glm-4.7-fp8", "--tp", "4", "--backend", "replay:" + recording,
             "--db", DB, "--batch-sizes", "1,16,64", "--warps", "4", "--allow-recorded", "--out",
             OUT)
    try:
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
        t.until("edit an entry", r"race +BM\S+,s5.*\n.*\n.*hand +BM\S+,s4")
        t.press("Escape", "e", "l", "l", "l", "l", "l", "j", "Enter")
        t.until("M=16: chosen")
        t.press("PageDown", "e", "D")
        t.until("M=64: no entry any more", " out ")
        t.press("x")
        t.until("Enter writes")
        t.press("Enter")
        t.until("2 files of 2 entries, 1 M left out, written")
        t.press("q")
        t.until("status 0")
    finally:
        t.kill()


def files_pass():
    with open(os.path.join(OUT, "moebench.json")) as file:
        kept = file.read()
    assert '"hand"' in kept and "edited" in kept, kept
    assert '"64"' not in kept, kept
    done = subprocess.run([PROGRAM, "check", OUT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def opened_again():
    """What was done by hand stands; nothing is raced for the M that was dropped."""
    script = os.path.join(folder, "script")
    with open(script, "w") as file:
        file.write(":wait done\n:save-screen %s\nq\n" % os.path.join(folder, "again"))
    done = subprocess.run([PROGRAM, "--db", DB, "--backend", "replay:" + recording, "--script",
                           script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with open(os.path.join(folder, "again")) as file:
        rows = file.read().splitlines()[2:5]
    assert "hnd" in rows[1] and " out " in rows[2], rows


for test in (flow, files_pass, opened_again):
    test()
    print("ok", test.__name__)
shutil.rmtree(folder)
