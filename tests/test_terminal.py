#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The workbench on a real pseudo-terminal: manners, sizes, signals, loss, bytes."""
import os
import signal
import time

from terminal import Terminal
from workbench import record, wait_until


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
    wait_until(lambda: os.waitpid(t.pid, os.WNOHANG)[0] != 0, "goes on without a terminal")


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


record()
for test in (whole_life, one_key_is_few_bytes, resize_storm, signals_end_it, interrupt_asks,
             lost_terminal, crash_restores, draws_anew, other_terminals, dumb_terminal, mouse,
             stalled_reader):
    test()
    print("ok", test.__name__, flush=True)
