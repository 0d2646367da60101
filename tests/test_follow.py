#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second moebench on a held database: sees the tune live, refuses to steer, takes over."""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import workbench
from workbench import PROGRAM, in_folder, record, recording, stored, wait_until, write_script

OPTIONS = ["--tp", "4", "--backend", "replay:" + recording, "--batch-sizes", "1,16,64,256",
           "--warps", "4"]


def words(db, *more, command=("tune", "glm-4.7-fp8")):
    return [PROGRAM, *command, *OPTIONS, "--db", in_folder(db), *more]


def tune(db, *more):
    done = subprocess.run(words(db, *more, "--json"), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def tiles(result):
    return {(c["gemm"], c["m"]): c["tile"] for c in result["choices"]}


def start(db, pace):
    """A tune that takes its time, once it has measured something."""
    process = subprocess.Popen(words(db, "--pace", pace), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    wait_until(lambda: count(db, "measurement") > 0, "nothing measured")
    return process


def count(db, table):
    try:
        return stored(in_folder(db), "SELECT count(*) FROM " + table)
    except sqlite3.OperationalError:
        return 0


def exists(name):
    return os.path.exists(in_folder(name))


def screen(name):
    wait_until(lambda: exists(name + ".roles"), "no screen " + name)
    return workbench.screen(name)


def percent(text):
    return int(re.search(r"\] (\d+) %", text).group(1))


def watched_and_taken_over(straight):
    first = start("two.db", "6")
    path = write_script(""":wait timing
:save-screen @early
p
:save-screen @refused
e
:save-screen @editor
:wait points=1500
:save-screen @later
:wait paused
:save-screen @ended
t
:save-screen @still
Enter
:wait done
:save-screen @done
""")
    second = subprocess.Popen(words("two.db", "--script", path, command=("glm-4.7-fp8",)),
                              stderr=subprocess.PIPE, text=True)
    later = screen("later")
    pid = "pid %d" % first.pid
    assert first.poll() is None, "the first ended before the second looked twice"
    before = count("two.db", "measurement")
    first.send_signal(signal.SIGKILL)
    first.wait()
    error = second.communicate(timeout=120)[1]
    assert second.returncode == 0, error
    early, refused = screen("early"), screen("refused")
    assert "by " + pid in early and "recorded" in early.splitlines()[0], early
    assert pid + " drives this tune" in refused.splitlines()[-1], refused
    assert pid + " drives this tune" in screen("editor"), screen("editor")
    assert percent(later) > percent(early), (early, later)
    assert pid + " has ended: p or Enter goes on here" in screen("ended"), screen("ended")
    assert "first p or Enter" in screen("still"), screen("still")
    assert "100 %" in screen("done") and pid not in screen("done"), screen("done")
    assert count("two.db", "measurement") > before, "nothing was left to take over"
    assert tiles(tune("two.db")) == tiles(straight)


def rest_shows():
    """A driver that pauses is not said to time."""
    path = write_script(":wait points=1\np\n:wait paused\n:save-screen @rests\n:wait settled=99\n",
                        "rester")
    first = subprocess.Popen(
        words("rest.db", "--pace", "6", "--script", path, command=("glm-4.7-fp8",)),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert "paused" in screen("rests")
    path = write_script(":wait timing\n:save-screen @seen-at-rest\n", "watcher")
    subprocess.run(words("rest.db", "--script", path, command=("glm-4.7-fp8",)), timeout=120,
                   stderr=subprocess.DEVNULL)
    assert "paused  by pid %d" % first.pid in screen("seen-at-rest"), screen("seen-at-rest")
    first.kill()
    first.wait()


def choices_appear():
    """The first is a workbench that lives on after its tune: the second sees its choices."""
    path = write_script(":wait done\n:save-screen @held\n:wait settled=99\n", "holder")
    first = subprocess.Popen(
        words("stay.db", "--pace", "0.1", "--script", path, command=("glm-4.7-fp8",)),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: count("stay.db", "measurement") > 0, "nothing measured")
    path = write_script(":wait done\nc\n:save-screen @watched\n", "watcher")
    watched = subprocess.run(words("stay.db", "--script", path, command=("glm-4.7-fp8",)),
                             capture_output=True, text=True, timeout=120)
    assert watched.returncode == 0, watched.stderr
    held, seen = screen("held").splitlines(), screen("watched").splitlines()
    assert [line[:17] for line in held[1:6]] == [line[:17] for line in seen[1:6]], (held, seen)
    assert all("  ok" in line for line in seen[2:6]), seen
    assert "pid %d drives this tune" % first.pid in seen[-1], seen
    first.kill()
    first.wait()


def lines():
    """The line UI follows too, leaves the other alone, and takes over when asked to."""
    first = start("line.db", "6")
    second = subprocess.Popen(
        words("line.db", "--ui", "line", command=("glm-4.7-fp8",)), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "driven by pid %d" % first.pid not in second.stdout.readline():
        assert second.poll() is None
    left = subprocess.Popen(
        words("line.db", "--ui", "line", command=("glm-4.7-fp8",)), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "driven by pid %d" % first.pid not in left.stdout.readline():
        assert left.poll() is None
    first.send_signal(signal.SIGKILL)
    first.wait()
    out, error = left.communicate(timeout=60)
    assert left.returncode == 4, (left.returncode, out, error)
    assert "pid %d that drove this tune has ended with work left" % first.pid in out, out
    out, error = second.communicate("p\n", timeout=120)
    assert second.returncode == 0, (second.returncode, out, error)
    assert "p or Enter goes on" in out and "\ndone: " in out, out


def another_tune():
    """A tune that the held database does not have cannot be followed: path, pid, what to do."""
    first = start("other.db", "6")
    other = words("other.db", "--seed", "5", "--ui", "line", command=("glm-4.7-fp8",))
    done = subprocess.run(other, capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 1, (done.returncode, done.stderr)
    for word in ("other.db", str(first.pid), "--db", "MOEBENCH_DB"):
        assert word in done.stderr, done.stderr
    first.send_signal(signal.SIGINT)
    assert first.wait(20) == 4


def shim():
    """A library that takes the locks of a file system away, or calls it NFS; None: cannot be."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    library = in_folder("nolock.so")
    source = os.path.join(os.environ["TOP_SRCDIR"], "tests/data/cases/A17-db-on-nfs/nolock.c")
    if not compiler:
        return None
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    probe = subprocess.run([PROGRAM, "help"], env={**os.environ, "LD_PRELOAD": library},
                           capture_output=True, text=True)
    return None if "ASan runtime" in probe.stderr else library


def refused(arguments, environment, *parts):
    """Says at once which file and why, and where to go instead."""
    begun = time.monotonic()
    done = subprocess.run(arguments, env={**os.environ, **environment}, capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=60)
    text = done.stdout + done.stderr
    assert done.returncode == 1, (arguments, done.returncode, text)
    assert time.monotonic() - begun < 4, "waited for what never comes"
    for part in (*parts, "--db", "MOEBENCH_DB"):
        assert part in text, (arguments, part, text)


def without_locks(library):
    """Case A17: every way in, on a file system without locks."""
    environment = {"LD_PRELOAD": library}
    for command in (words("straight.db"), words("new.db"),
                    words("straight.db", "--ui", "line", command=("glm-4.7-fp8",)),
                    [PROGRAM, "list", "--db", in_folder("straight.db")],
                    [PROGRAM, "report", "--db", in_folder("straight.db")]):
        name = "new.db" if in_folder("new.db") in command else "straight.db"
        refused(command, environment, in_folder(name), "no working file locks",
                "No locks available")
    assert not exists("new.db")


def on_nfs(library):
    """Case A17: no WAL, and the second of two is refused with the holder's pid."""
    environment = {"LD_PRELOAD": library, "SHIM_NFS": "1"}
    first = subprocess.Popen(words("nfs.db", "--pace", "4"), stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True,
                             env={**os.environ, **environment})
    for line in first.stderr:
        if "without WAL" in line:
            break
    assert "NFS" in line, line
    for command in (words("nfs.db"), [PROGRAM, "list", "--db", in_folder("nfs.db")],
                    words("nfs.db", "--ui", "line", command=("glm-4.7-fp8",))):
        refused(command, environment, in_folder("nfs.db"), "pid %d" % first.pid,
                "one at a time")
    assert not exists("nfs.db-wal") and not exists("nfs.db-shm")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=20)
    assert first.returncode == 4


record()
straight_result = tune("straight.db")
watched_and_taken_over(straight_result)
rest_shows()
choices_appear()
lines()
another_tune()
preload = shim()
if preload:
    without_locks(preload)
    on_nfs(preload)
