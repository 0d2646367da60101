#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The workbench while a tune runs, on a pseudo-terminal: Ctrl-Z, loss, crash, stalls, bytes."""
import os
import shlex
import signal
import termios
import time

from terminal import Terminal, tune_words
from workbench import in_folder, measured, record, stored, wait_until


def stop_and_go_on():
    """Ctrl-Z and fg under a shell: the screen is given back, then drawn again in full."""
    t = Terminal(words=["bash", "--norc", "--noprofile", "-i"], env={"PS1": "shell$ "})
    t.until("shell$")
    t.press(shlex.join(tune_words(t.database, "--pace", "1")) + "\n")
    t.until("shared memory")
    for size in ((80, 24), (100, 30)):
        before = len(t.raw)
        t.press("\x1a")
        t.until("Stopped")
        assert b"\x1b[?1049l" in t.raw[before:], "the screen was not given back"
        t.press("stty -a\n")
        t.until(" echo ")
        t.resize(*size)
        t.screen.reset()
        t.press("fg\n")
        t.until("? help")
        t.until("shared memory")
    t.press("q")
    t.until("A tune runs")
    t.press("y")
    t.until("shell$")
    t.press("exit\n")
    t.end()


def lost_terminal():
    """SIGHUP ignored: the end of the terminal alone ends it, soon, with everything stored."""
    t = Terminal("--pace", "1", ignore=(signal.SIGHUP,))
    t.until("M=")
    wait_until(lambda: measured(t.database) > 0, "nothing stored")
    began = time.monotonic()
    os.close(t.fd)
    wait_until(lambda: os.waitpid(t.pid, os.WNOHANG)[0] != 0, "goes on without a terminal")
    print("   after %.2f s" % (time.monotonic() - began))
    assert stored(t.database, "PRAGMA integrity_check") == "ok"
    assert stored(t.database, "SELECT state FROM tune") == 0, "not unfinished"
    assert stored(t.database, "SELECT sum(samples) FROM chunk") == stored(
        t.database, "SELECT sum(length(samples)) / 4 FROM measurement")
    seen = measured(t.database)
    t = Terminal(database=t.database)
    t.until("100 %  done")
    assert measured(t.database) > seen
    t.press("q")
    t.end()


def crash_while_tuning():
    for number in (signal.SIGSEGV, signal.SIGABRT):
        t = Terminal("--pace", "1", "--mouse")
        t.until("M=")
        assert not termios.tcgetattr(t.fd)[3] & termios.ECHO
        os.kill(t.pid, number)
        t.pump(0.5)
        assert termios.tcgetattr(t.fd)[3] & termios.ECHO, "typing is not seen any more"
        status = t.end()
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == number, status
        for restored in (b"\x1b[?1049l", b"\x1b[?25h", b"1000l"):
            assert restored in t.raw[-200:], t.raw[-200:]


def stalled_reader():
    """Nobody reads and the terminal is full: the tune ends all the same."""
    t = Terminal("--pace", "0.2")
    t.until("M=")
    os.set_blocking(t.fd, False)
    for _ in range(200):  # far more than a pseudo-terminal holds
        try:
            t.press("\x0c")
        except BlockingIOError:
            break
        time.sleep(0.005)
    wait_until(lambda: stored(t.database, "SELECT state FROM tune") == 1,
               "the tune waits for the terminal")
    os.set_blocking(t.fd, True)
    t.until("100 %  done")
    t.press("q")
    t.end()


def bytes_of_a_tune():
    """At 80x24 a whole tune at a card's own pace costs few bytes a second."""
    words = tune_words(in_folder("whole.db"), "--pace", "1")
    at = words.index("--batch-sizes")
    t = Terminal(words=words[:at] + words[at + 4:])
    t.until("M=")
    t.pump(0.5)
    before, began = len(t.raw), time.monotonic()
    t.pump(6)
    rate = (len(t.raw) - before) / (time.monotonic() - began)
    print("   %.0f bytes/s" % rate)
    assert "M=" in t.screen.display[22], "no tune ran any more:\n" + t.text()
    assert 0 < rate <= 3000, rate
    t.press("q")
    t.press("y")
    t.end()


def storm():
    """Sizes of every kind and keys in between: the tune goes on, the cursor stays on the map."""
    t = Terminal("--pace", "0.5", size=(120, 40))
    t.until("M=")
    seen = measured(t.database)
    for width, height in [(41, 24), (20, 5), (1, 1), (250, 70), (2, 200), (300, 2), (39, 10)] * 3:
        t.resize(width, height)
        t.press("\x1b[D\x1b[B\x1b[6~G\x1b[F\t")
        t.pump(0.05)
    t.resize(20, 5)
    t.until("%")
    t.resize(80, 24)
    t.until("? help")
    wait_until(lambda: t.pump(0.02) and measured(t.database) > seen, "the tune stands still")
    rows = [[t.screen.buffer[y][x].reverse for x in range(26, 80)] for y in range(1, 20)]
    assert sum(map(sum, rows)) in (1, 2), "no cursor on the map:\n" + t.text()
    t.press("q")
    t.press("y")
    t.end()


record()
for test in (stop_and_go_on, lost_terminal, crash_while_tuning, stalled_reader,
             bytes_of_a_tune, storm):
    test()
    print("ok", test.__name__, flush=True)
