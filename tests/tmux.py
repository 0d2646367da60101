# SPDX-License-Identifier: MIT
"""The workbench in a tmux server of its own; without tmux the test is skipped."""
import atexit
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

from workbench import LIMIT, PROGRAM

if not shutil.which("tmux"):
    print("skipped: tmux is not installed")
    sys.exit(77)
os.environ["LC_ALL"] = "C.UTF-8"
os.environ["SHELL"] = "/bin/sh"  # the account's own may refuse, as nobody's does


class Tmux:
    """One window; what is typed goes to the workbench's pane."""
    count = 0

    def __init__(self, words, size):
        Tmux.count += 1
        self.server = ["tmux", "-L", "moebench-%d-%d" % (os.getpid(), Tmux.count), "-f",
                       "/dev/null"]
        self("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "sleep 600")
        atexit.register(self.end)
        self.pane = self("display", "-p", "#{pane_id}").strip()
        self.run(words)

    def __call__(self, *words):
        return subprocess.run([*self.server, *words], check=True, capture_output=True,
                              text=True).stdout

    def run(self, words):
        """Under a shell that tells the exit status and stays."""
        command = shlex.join([PROGRAM, *words]) + "; echo exit $?; sleep 600"
        self("respawn-pane", "-k", "-t", self.pane, command)

    def press(self, *keys):
        for key in keys:
            self("send-keys", "-t", self.pane, key)

    def text(self, *more):
        return self("capture-pane", "-p", "-t", self.pane, *more)

    def tell(self, what):
        return self("display", "-p", "-t", self.pane, "#{%s}" % what).strip()

    def until(self, *wanted):
        """The screen that has all of these regular expressions."""
        end = time.monotonic() + LIMIT
        while True:
            text = self.text()
            if all(re.search(what, text) for what in wanted):
                return text
            assert time.monotonic() < end, "no %s on:\n%s" % (wanted, text)
            time.sleep(0.05)

    def ends(self, code):
        self.until("exit %d" % code)
        self.end()

    def end(self):
        subprocess.run([*self.server, "kill-server"], check=False, stderr=subprocess.DEVNULL)
