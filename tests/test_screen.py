#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The workbench by its script mode and its line UI, on a made-up recording."""
import os
import re
import subprocess

from workbench import PROGRAM, in_folder, record, recording, screen, write_script

OPTIONS = ["--tp", "4", "--backend", "replay:" + recording, "--batch-sizes", "1,16,64", "--warps",
           "4", "--db", in_folder("tune.db")]


def play(script, *more, model=("glm-4.7-fp8",), code=0):
    """Runs the lines of a script; returns stderr. Saved screens land in the folder."""
    done = subprocess.run([PROGRAM, *model, *more, "--script", write_script(script)],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == code, (done.returncode, done.stderr)
    return done.stderr


def whole_flow():
    out = in_folder("out")
    play(":resize 80x24\n:wait done\n:save-screen @first\nPgDn d x\n:save-screen @dialog\nEnter\n"
         ":save-screen @note\nq\n", *OPTIONS, "--allow-recorded", "--out", out)
    first = screen("first")
    assert "recorded" in first.splitlines()[0], first
    assert "100 %" in first and "  ok" in first, first
    assert all(len(line) <= 80 for line in first.splitlines())
    assert len(first.splitlines()) == 24
    roles = screen("first.roles").splitlines()
    assert any("#" in line[32:] for line in roles), "no cursor on the map"
    assert "Enter writes" in screen("dialog")
    assert "2 files of 3 entries" in screen("note")
    files = [name for _, _, names in os.walk(out) for name in names]
    assert len(files) == 3 and "moebench.json" in files, files


def edited_beside():
    """What `edit` put at an M of the user's own is exported from the screen as by `export`, and the
    dialog counts it; so it is with an M that was dropped."""
    db = OPTIONS[-2:]
    for change in ("--m 100 --default", "--m 16 --drop"):
        subprocess.run([PROGRAM, "edit", *db, *change.split()], check=True, capture_output=True)
    play(":resize 80x24\n:wait done\nPgDn PgDn\n:save-screen @range\nx\n:save-screen @dialog\n"
         "Enter\n:save-screen @note\nq\n", *OPTIONS, "--allow-recorded", "--out", in_folder("a"))
    assert "serves M 33..82" in screen("range"), screen("range")
    rows = [row[4:76].strip() for row in screen("dialog").splitlines() if row[2:3] == "|"]
    said = ("3 M: 3 settled; 1 of them the engine's default; 1 of them at an M that was not tuned; "
            "1 left out")
    assert said in " ".join(rows), screen("dialog")
    assert "2 files of 3 entries, 1 M left out" in screen("note")
    done = subprocess.run([PROGRAM, "export", *db, "--allow-recorded", "--out", in_folder("b")],
                          capture_output=True, text=True, check=True)
    assert said in done.stdout and "M=16: left out: dropped by hand" in done.stdout, done.stdout
    assert subprocess.run(["diff", "-r", "-x", "moebench.json", in_folder("a"),
                           in_folder("b")]).returncode == 0
    for m in ("100", "16"):
        subprocess.run([PROGRAM, "edit", *db, "--m", m, "--undo"], check=True, capture_output=True)


def resumed_without_model():
    play(":wait done\nx\n:save-screen @paths\nEsc\n:resize 39x9\n:save-screen @line\n"
         ":resize 1x1\n:save-screen @dot\nq\n", *OPTIONS[2:4], *OPTIONS[-2:], model=())
    triton = re.search(r"triton ([0-9.]+)", screen("first")).group(1)
    assert "/triton_%s/" % triton.replace(".", "_") in screen("paths"), screen("paths")
    assert screen("line").startswith("100%  done"), screen("line")
    assert screen("dot") == "1\n"


def paused():
    play(":wait paused\n:save-screen @rest\nq\n", *OPTIONS[:-1], in_folder("rest.db"),
         "--paused", code=4)
    assert "paused" in screen("rest")


def refusals():
    assert "no such key" in play("Nonsense\n", *OPTIONS, code=2)
    assert ":2: :flip: no such command" in play("\n:flip\n", *OPTIONS, code=2)
    assert "--allow-recorded" not in screen("note")
    play(":wait done\nx Enter\n:save-screen @refused\nq\n", *OPTIONS)
    assert "not exported: recorded" in screen("refused")
    play("q", *OPTIONS, "--theme", "pink", code=2)


def saved_theme():
    play(":wait done\nT S\nq\n", *OPTIONS)
    path = in_folder(".config/moebench/settings.json")
    with open(path) as file:
        assert '"cividis"' in file.read()


SIZES = ("80x24", "160x45", "200x50", "40x10", "39x9")
SAVES = "".join(":resize %s\n:save-screen @%s\n" % (size, size) for size in SIZES)
GOLDEN = [*OPTIONS[:6], "--warps", "4,8", "--db"]


def check_sizes():
    """No line over the width; all columns of the map from 80 on."""
    for size in SIZES:
        width, height = map(int, size.split("x"))
        lines = screen(size).splitlines()
        assert len(lines) == height and max(map(len, lines)) <= width
        if width >= 80:
            assert re.search("w8   [0-9.xod]{48}( |$)", lines[4]), lines[4]


def compare_golden(name, saved):
    """With tests/screens, but for times; MOEBENCH_UPDATE_SCREENS=1 remakes it."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "screens", "replay-" + name)
    got = re.sub(r"\d\d-\d\d \d\d:\d\d", "MM-DD hh:mm", screen(saved))
    got = re.sub(r"\d{4}-\d\d-\d\d", "YYYY-MM-DD", got)
    if os.environ.get("MOEBENCH_UPDATE_SCREENS"):
        with open(path, "w") as file:
            file.write(got)
    with open(path) as file:
        assert file.read() == got, path + " is another screen:\n" + got


def goldens():
    """A recorded tune at rest, which no change of the race makes another."""
    options = [*GOLDEN, in_folder("rest2.db"), "--paused"]
    play(":wait paused\nDown Right\n%s:resize 80x24\nG PgDn d\n:save-screen @unfolded\nL\n"
         ":save-screen @log\nq q\n" % SAVES, *options, code=4)
    check_sizes()
    for size in SIZES:
        compare_golden(size + ".txt", size)
        compare_golden(size + ".roles", size + ".roles")
    compare_golden("unfolded.txt", "unfolded")
    compare_golden("log.txt", "log")
    for theme in ("mono", "ascii"):
        play(":wait paused\nDown Right\n:save-screen @%s\nq\n" % theme, *options, "--theme", theme,
             code=4)
        assert screen(theme).isascii()
        compare_golden("80x24.txt", theme)


def done_at_every_size():
    play(":wait done\nb\n%s:resize 160x45\nL\n:save-screen @log\nq q\n" % SAVES, *GOLDEN,
         in_folder("sizes.db"))
    check_sizes()
    large = screen("160x45")
    assert re.search(r"[0-9.]+ \[[ .:|<>]{32}\] [0-9.]+", large), "no plot of the samples"
    for part in ("sm_90, sglang", "fastest up tiles at M=1", "entry of up, serves M 1..8",
                 " race: BM", "steps, against the best"):
        assert part in large, part
    story = screen("80x24").splitlines()[21]
    assert re.search(r"verified  \d+ samples  \[[ .:|<>]{14}\]  serves M 1..8", story), story
    assert "begins" in screen("log") and "M=64 settled by race" in screen("log")


def lines():
    done = subprocess.run([PROGRAM, "glm-4.7-fp8", *OPTIONS[:-1], in_folder("line.db"),
                           "--ui=line"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "recorded" in done.stdout and "done: " in done.stdout, done.stdout
    assert "\033" not in done.stdout


record()
for test in (whole_flow, edited_beside, resumed_without_model, paused, refusals, saved_theme,
             goldens, done_at_every_size, lines):
    test()
    print("ok", test.__name__)
