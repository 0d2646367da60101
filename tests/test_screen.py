#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The workbench by its script mode and its line UI, on a made-up recording."""
import os
import subprocess
import tempfile

PROGRAM = os.path.abspath(os.environ.get("MOEBENCH", "./moebench"))
folder = tempfile.mkdtemp(prefix="moebench-screen-")
os.environ["HOME"] = folder
for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MOEBENCH_DB"):
    os.environ.pop(name, None)
recording = os.path.join(folder, "set.db")
subprocess.run([os.path.abspath("tests/make_recorded"), recording], check=True)
OPTIONS = ["--tp", "4", "--backend", "replay:" + recording, "--batch-sizes", "1,16,64", "--warps",
           "4", "--db", os.path.join(folder, "tune.db")]


def play(script, *more, model=("glm-4.7-fp8",), code=0):
    """Runs the lines of a script; returns stderr. Saved screens land in the folder."""
    path = os.path.join(folder, "script")
    with open(path, "w") as file:
        file.write(script.replace("@", folder + "/"))
    done = subprocess.run([PROGRAM, *model, *more, "--script", path], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == code, (done.returncode, done.stderr)
    return done.stderr


def screen(name):
    with open(os.path.join(folder, name)) as file:
        return file.read()


def whole_flow():
    out = os.path.join(folder, "out")
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


def resumed_without_model():
    play(":wait done\n:resize 39x9\n:save-screen @line\n:resize 1x1\n:save-screen @dot\nq\n",
         *OPTIONS[2:4], *OPTIONS[-2:], model=())
    assert screen("line").startswith("100%  done"), screen("line")
    assert screen("dot") == "1\n"


def paused():
    play(":wait paused\n:save-screen @rest\nq\n", *OPTIONS[:-1], os.path.join(folder, "rest.db"),
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
    path = os.path.join(folder, ".config", "moebench", "settings.json")
    with open(path) as file:
        assert '"cividis"' in file.read()


def lines():
    done = subprocess.run([PROGRAM, "glm-4.7-fp8", *OPTIONS[:-1], os.path.join(folder, "line.db"),
                           "--ui=line"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "recorded" in done.stdout and "done: " in done.stdout, done.stdout
    assert "\033" not in done.stdout


for test in (whole_flow, resumed_without_model, paused, refusals, saved_theme, lines):
    test()
    print("ok", test.__name__)
