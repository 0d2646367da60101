#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The workbench in tmux: a tune from its start over a kill to its export; sizes (case A16)."""
import atexit
import os
import pty
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

if not shutil.which("tmux"):
    print("skipped: tmux is not installed")
    sys.exit(77)

PROGRAM = os.path.abspath(os.environ.get("MOEBENCH", "./moebench"))
SOURCE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 60
folder = tempfile.mkdtemp(prefix="moebench-tmux-")
os.environ["HOME"] = folder
for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MOEBENCH_DB",
             "NO_COLOR", "TMUX"):
    os.environ.pop(name, None)
recording = os.path.join(folder, "set.db")
subprocess.run([os.path.abspath("tests/make_recorded"), recording], check=True)
NEW = ["glm-4.7-fp8", "--tp", "4", "--batch-sizes", "1,16,64", "--warps", "4"]


class Tmux:
    """A server of our own with one window; what is typed goes to the workbench's pane."""
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
        self("send-keys", "-t", self.pane, *keys)

    def text(self, *more):
        return self("capture-pane", "-p", "-t", self.pane, *more)

    def tell(self, what):
        return self("display", "-p", "-t", self.pane, "#{%s}" % what).strip()

    def until(self, what):
        end = time.monotonic() + LIMIT
        while what not in self.text():
            assert time.monotonic() < end, "no '%s' on:\n%s" % (what, self.text())
            time.sleep(0.05)

    def end(self):
        subprocess.run([*self.server, "kill-server"], check=False, stderr=subprocess.DEVNULL)


def child_of(pid):
    with open("/proc/%s/task/%s/children" % (pid, pid)) as file:
        return int(file.read())


def stored(database, query):
    with sqlite3.connect("file:%s?mode=ro" % database, uri=True) as connection:
        return connection.execute(query).fetchone()[0]


def measured(database):
    return stored(database, "SELECT count(*) FROM measurement")


def wait_until(holds, what):
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def whole_tune():
    """Started, watched, paused, killed, gone on with, exported."""
    database, out = os.path.join(folder, "flow.db"), os.path.join(folder, "out")
    common = ["--backend", "replay:" + recording, "--db", database, "--pace", "1", "--out", out,
              "--allow-recorded"]
    t = Tmux([*NEW, *common], (80, 24))
    t.until("M=")
    seen = measured(database)
    wait_until(lambda: measured(database) > seen, "nothing is measured")
    t.press("p")
    t.until("paused")
    time.sleep(0.3)
    seen = measured(database)
    time.sleep(0.5)
    assert measured(database) == seen, "measures while it is paused"
    t.press("p")
    wait_until(lambda: measured(database) > seen, "does not go on")
    os.kill(child_of(t.tell("pane_pid")), signal.SIGKILL)
    t.until("exit 137")
    seen = measured(database)
    assert stored(database, "SELECT state FROM tune") == 0
    t.run(common)
    t.until("glm-4.7-fp8 TP4")
    t.press("Enter")
    t.until("100 %  done")
    assert stored(database, "SELECT count(*) FROM tune") == 1 and measured(database) > seen
    t.press("L")
    t.until("settled by race")
    assert "goes on" in t.text() and "paused" in t.text(), t.text()
    t.press("Escape")
    t.until("shared memory")
    t.press("x")
    t.until("Enter writes")
    t.press("Enter")
    t.until("2 files of 3 entries")
    names = [name for _, _, files in os.walk(out) for name in files]
    assert sum(name.startswith("E=") for name in names) == 2, names
    t.press("q")
    t.until("exit 0")
    t.end()


def attach_elsewhere(t):
    """A client of another size attaches and goes."""
    t("set", "-w", "-t", t.pane, "window-size", "latest")
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execvp("tmux", [*t.server, "attach"])
    subprocess.run(["stty", "cols", "90", "rows", "30"], stdin=fd, check=True)
    wait_until(lambda: os.read(fd, 65536) and t.tell("session_attached") == "1", "no client")
    wait_until(lambda: t.tell("window_width") == "90", "the client's size is not taken")
    t("detach-client")
    os.close(fd)
    os.waitpid(pid, 0)


def check_size(t, database):
    """Nothing is wider than the pane, and the tune goes on; under 40x10 one line says so."""
    seen = measured(database)
    wait_until(lambda: measured(database) > seen, "the tune stands still")
    width, height = int(t.tell("pane_width")), int(t.tell("pane_height"))
    assert "exit" not in t.text(), t.text()
    lines = t.text().rstrip("\n").split("\n")
    assert all(len(line) <= width for line in lines) and len(lines) <= height
    if width >= 40 and height >= 10:
        t.until("? help" if width >= 73 else "PgUp/PgDn M")
    elif width >= 20:
        t.until("needs 40x10")


def all_sizes():
    """Case A16: the commands of its keys.txt, one after the other, while a tune runs."""
    database = os.path.join(folder, "sizes.db")
    t = Tmux([*NEW[:3], "--backend", "replay:" + recording, "--db", database, "--pace", "1"],
             (120, 40))
    t.until("M=")
    done = 0
    with open(os.path.join(SOURCE, "data/cases/A16-terminal-size/keys.txt")) as file:
        for line in file.read().splitlines():
            for command in ([] if line.startswith("#") else line.split(";")):
                if command.startswith("detach"):
                    attach_elsewhere(t)
                elif command.startswith("send-keys"):
                    t.press(*command.replace("PageDown", "NPage").split()[1:])
                else:
                    t(*command.split())
                check_size(t, database)
                done += 1
    assert done >= 10, "keys.txt has other lines"
    t("kill-pane", "-a", "-t", t.pane)
    t("resize-window", "-x", "80", "-y", "24")
    t.until("BM256")
    t.until("? help")
    rows = t.text("-e").split("\n")[3:19]
    assert any(re.search(r"\x1b\[(\d+;)*7[;m]", row) for row in rows), "no cursor on the map"
    t.press("q")
    t.until("A tune runs")
    t.press("y")
    t.until("exit 4")
    t.end()


for test in (whole_tune, all_sizes):
    test()
    print("ok", test.__name__, flush=True)
