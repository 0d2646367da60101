#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The workbench on a real pseudo-terminal: manners, sizes, signals, loss, bytes. Needs pyte."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

try:
    import pyte
except ImportError:
    print("skipped: pyte is not installed (pip install pyte)")
    sys.exit(77)

PROGRAM = os.path.abspath(os.environ.get("MOEBENCH", "./moebench"))
folder = tempfile.mkdtemp(prefix="moebench-terminal-")
os.environ["HOME"] = folder
for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MOEBENCH_DB",
             "NO_COLOR"):
    os.environ.pop(name, None)
recording = os.path.join(folder, "set.db")
subprocess.run([os.path.abspath("tests/make_recorded"), recording], check=True)
LIMIT = 30


def tune_words(database, *more):
    return [PROGRAM, "glm-4.7-fp8", "--tp", "4", "--backend", "replay:" + recording, "--db",
            database, "--batch-sizes", "1,16,64", "--warps", "4", *more]


class Terminal:
    """A workbench under a pseudo-terminal; the screen is what a person would see."""
    count = 0

    def __init__(self, *more, words=None, database=None, term="xterm-256color", size=(80, 24),
                 ignore=(), env=()):
        Terminal.count += 1
        self.database = database or os.path.join(folder, "%d.db" % Terminal.count)
        words = words or tune_words(self.database, *more)
        self.screen = pyte.Screen(*size)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it comes ignored
            for number in ignore:
                signal.signal(number, signal.SIG_IGN)
            os.environ.update({"TERM": term, **dict(env)})
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


def whole_life():
    t = Terminal()
    t.until("100 %  done")
    assert "recorded" in t.screen.display[0]
    t.press("?")
    t.until("keys; Down goes on")
    t.press("\x1b")
    t.until("shared memory")
    t.press("q")
    assert t.end() == 0
    assert b"\x1b[?1049l" in t.raw, "the screen was not given back"


def one_key_is_few_bytes():
    t = Terminal()
    t.until("100 %  done")
    t.pump(0.3)
    before = len(t.raw)
    t.press("T")
    t.until("theme cividis")
    t.pump(0.2)
    assert len(t.raw) - before > 200, "the counter of bytes counts nothing"
    t.press("e")
    t.until("edit an entry")
    t.pump(0.2)
    before = len(t.raw)
    t.press("l")
    t.pump(0.3)
    assert 0 < len(t.raw) - before <= 200, len(t.raw) - before
    t.press("\x1b")
    t.pump(0.2)
    t.press("q")
    assert t.end() == 0


def resize_storm():
    t = Terminal("--pace", "1")
    t.until("moebench")
    for width, height in [(200, 60), (1, 1), (40, 10), (39, 9), (81, 25), (3, 50), (120, 40)] * 4:
        t.resize(width, height)
        t.pump(0.03)
    t.resize(80, 24)
    t.until("shared memory")
    t.press("q")
    t.until("A tune runs")
    t.press("y")
    status = t.end()
    assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 4, status


def signals_end_it():
    for number in (signal.SIGTERM, signal.SIGHUP):
        t = Terminal("--pace", "1")
        t.until("moebench")
        os.kill(t.pid, number)
        status = t.end()
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == number, status
        assert b"\x1b[?1049l" in t.raw


def interrupt_asks():
    t = Terminal("--pace", "1")
    t.until("moebench")
    t.press("\x03")
    t.until("A tune runs")
    t.press("n")
    t.pump(0.2)
    assert "A tune runs" not in t.text()
    t.press("\x03")
    t.until("A tune runs")
    t.press("\r")
    assert os.WEXITSTATUS(t.end()) == 4


def lost_terminal():
    t = Terminal("--pace", "1", ignore=(signal.SIGHUP,))
    t.until("moebench")
    os.close(t.fd)
    end = time.monotonic() + LIMIT
    while os.waitpid(t.pid, os.WNOHANG)[0] == 0:
        assert time.monotonic() < end, "goes on without a terminal"
        time.sleep(0.02)


def crash_restores():
    t = Terminal()
    t.until("100 %  done")
    os.kill(t.pid, signal.SIGSEGV)
    status = t.end()
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV
    assert b"\x1b[?1049l" in t.raw


def draws_anew():
    t = Terminal()
    t.until("100 %  done")
    t.pump(0.2)
    t.screen.reset()
    t.press("\x0c")
    t.until("shared memory")
    t.press("q")
    assert t.end() == 0


def other_terminals():
    # ncurses itself loses a block when newterm refuses a terminal: not ours to report
    mild = {"ASAN_OPTIONS": "detect_leaks=0"}
    for term, env, colours in (("vt100", {}, False), ("nonsense", mild, True), ("linux", {}, True),
                               ("xterm-256color", {"NO_COLOR": "1"}, False)):
        t = Terminal(term=term, env=env)
        t.until("100 %  done")
        t.press("q")
        assert t.end() == 0
        assert (b"[48;5;" in t.raw or b"[43m" in t.raw or b";43m" in t.raw) == colours, term
        assert (b"is unknown here" in t.raw) == (term == "nonsense")


def dumb_terminal():
    t = Terminal(term="dumb")
    assert os.WEXITSTATUS(t.end()) == 2 and b"--ui=line" in t.raw, t.raw


def mouse():
    t = Terminal("--mouse")
    t.until("100 %  done")
    t.press("\x1b[<0;3;5M\x1b[<0;3;5m")  # column 3, line 5: the third batch size
    t.until(">   64")
    t.press("\x1b[<64;3;5M")  # the wheel, up
    t.until(">   16")
    t.press("q")
    assert t.end() == 0
    assert b"\x1b[?1006;1000h" in t.raw and t.raw.rindex(b"1000l") > t.raw.rindex(b"1000h")
    t = Terminal()
    t.until("100 %  done")
    t.press("q")
    assert t.end() == 0
    assert b"1000h" not in t.raw


def stalled_reader():
    t = Terminal("--pace", "0")
    time.sleep(1)  # nobody reads: the tune has to end all the same
    t.until("100 %  done")
    t.press("q")
    assert t.end() == 0


if __name__ == "__main__":
    for test in (whole_life, one_key_is_few_bytes, resize_storm, signals_end_it, interrupt_asks,
                 lost_terminal, crash_restores, draws_anew, other_terminals, dumb_terminal, mouse,
                 stalled_reader):
        test()
        print("ok", test.__name__, flush=True)
