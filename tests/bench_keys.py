# SPDX-License-Identifier: MIT
"""From a key to the screen's answer, in ms, while a tune runs and every core is busy."""
import os
import pty
import random
import select
import signal
import subprocess
import tempfile
import time

PRESSES = 150
TUNE = ["glm-4.7-fp8", "--tp", "4", "--backend", "replay", "--exhaustive", "--pace", "0.2"]


def take(fd, marker, seconds):
    """Whether `marker` comes within that time; without one, takes all that comes."""
    got, end = b"", time.monotonic() + seconds
    while not marker or marker not in got:
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            return False
        try:
            got += os.read(fd, 65536)
        except OSError:  # the other side is gone
            return False
    return True


def press_all(fd):
    """The log opens again and again, at moments that have nothing to do with the frames."""
    draw = random.Random(1)
    times = []
    for _ in range(PRESSES):
        take(fd, b"", draw.uniform(0.06, 0.2))
        began = time.monotonic()
        os.write(fd, b"L")
        if not take(fd, b"Esc leaves", 5):
            raise SystemExit("bench: the screen does not answer")
        times.append(1000 * (time.monotonic() - began))
        os.write(fd, b"q")
        take(fd, b"shared memory", 5)
    return sorted(times)


def keys():
    with tempfile.TemporaryDirectory() as folder:
        words = [os.path.abspath(os.environ["MOEBENCH"]), *TUNE, "--db", folder + "/keys.db"]
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update({"HOME": folder, "TERM": "xterm-256color"})
            os.execv(words[0], words)
        load = [subprocess.Popen(["sh", "-c", "while :; do :; done"])
                for _ in range(os.cpu_count() or 1)]
        try:
            if not take(fd, b"M=", 30):
                raise SystemExit("bench: no tune on the screen")
            times = press_all(fd)
        finally:
            for process in load:
                process.kill()
                process.wait()
            os.kill(pid, signal.SIGTERM)
            take(fd, b"", 10)
            os.waitpid(pid, 0)
            os.close(fd)
    return {
        "key_p50_ms": (round(times[len(times) // 2], 1), ""),
        "key_p99_ms": (round(times[len(times) * 99 // 100], 1), "<= 50"),
    }
