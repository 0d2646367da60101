#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The workbench in tmux: a tune from its start over a kill to its export; sizes (case A16)."""
import os
import pty
import re
import signal
import subprocess
import time

from tmux import Tmux
from workbench import in_folder, measured, record, recording, stored, wait_until

SOURCE = os.path.dirname(os.path.abspath(__file__))
NEW = ["glm-4.7-fp8", "--tp", "4", "--batch-sizes", "1,16,64", "--warps", "4"]


def child_of(pid):
    with open("/proc/%s/task/%s/children" % (pid, pid)) as file:
        return int(file.read())


def whole_tune():
    """Started, watched, paused, killed, gone on with, exported."""
    database, out = in_folder("flow.db"), in_folder("out")
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
    t.ends(0)


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
        t.until(r"\? help" if width >= 73 else "PgUp/PgDn M")
    elif width >= 20:
        t.until("needs 40x10")


def all_sizes():
    """Case A16: the commands of its keys.txt, one after the other, while a tune runs."""
    database = in_folder("sizes.db")
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
    t.until(r"\? help")
    rows = t.text("-e").split("\n")[3:19]
    assert any(re.search(r"\x1b\[(\d+;)*7[;m]", row) for row in rows), "no cursor on the map"
    t.press("q")
    t.until("A tune runs")
    t.press("y")
    t.ends(4)


record()
for test in (whole_tune, all_sizes):
    test()
    print("ok", test.__name__, flush=True)
