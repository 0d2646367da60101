# SPDX-License-Identifier: MIT
"""The workbench under a pseudo-terminal; without pyte the test is skipped."""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

from workbench import LIMIT, PROGRAM, in_folder, recording

try:
    import pyte
except ImportError:
    print("skipped: pyte is not installed (pip install pyte)")
    sys.exit(77)


def tune_words(database, *more):
    return [PROGRAM, "glm-4.7-fp8", "--tp", "4", "--backend", "replay:" + recording, "--db",
            database, "--batch-sizes", "1,16,64", "--warps", "4", *more]


class Terminal:
    """A workbench under a pseudo-terminal; the screen is what a person would see."""
    count = 0

    def __init__(self, *more, words=None, database=None, term="xterm-256color", size=(80, 24),
                 ignore=(), env=()):
        Terminal.count += 1
        self.database = database or in_folder("%d.db" % Terminal.count)
        words = words or tune_words(self.database, *more)
        self.screen = pyte.Screen(*size)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it comes ignored
            for number in ignore:
                signal.signal(number, signal.SIG_IGN)
            os.environ.update({"TERM": term, "LC_ALL": "C.UTF-8", **dict(env)})
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.execvp(words[0], words)
        self.resize(*size)

    def resize(self, width, height):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.screen.resize(height, width)

    def pump(self, seconds):
        """Takes what comes for so long; False when the other side is gone."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([self.fd], [], [], 0.02)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.raw += data
            self.stream.feed(data)
        return True

    def text(self):
        return "\n".join(self.screen.display)

    def until(self, what):
        end = time.monotonic() + LIMIT
        while what not in self.text():
            assert time.monotonic() < end, "no '%s' on:\n%s" % (what, self.text())
            self.pump(0.05)

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        """The exit status, as waitpid has it."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            self.pump(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pump(0.1)
                os.close(self.fd)
                return status
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError("does not end:\n" + self.text())
