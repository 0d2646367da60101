#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""moebench tune on a made-up recording: end, resume, kills, budget, two processes, export."""
import fcntl
import glob
import json
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import termios
import time

from workbench import PROGRAM, in_folder, record, recording, wait_until

KILLS = int(os.environ.get("MOEBENCH_TEST_KILLS", "50"))


def words(db, *more):
    return [PROGRAM, "tune", "glm-4.7-fp8", "--tp", "4", "--backend", "replay:" + recording,
            "--db", in_folder(db), "--batch-sizes", "1,16,64,256,1024,4096", "--warps", "4",
            "--json", *more]


def run(db, *more, code=0):
    done = subprocess.run(words(db, *more), capture_output=True, text=True, timeout=120)
    assert done.returncode == code, (done.returncode, done.stdout[-300:], done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1]) if code in (0, 4) else done.stderr


def tiles(result):
    return {(c["gemm"], c["m"]): c["tile"] for c in result["choices"]}


def measured(db):
    """All acknowledged measurements, in the order in which they were committed."""
    path = in_folder(db)
    connection = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    rows = connection.execute("select chunk, gemm, m, tile, status, samples from measurement"
                              " order by 1, 2, 3, 4").fetchall()
    connection.close()
    return rows


def held(db):
    """Whether a process writes it: its pid stands in the lock."""
    lock = in_folder(db) + ".lock"
    return os.path.exists(lock) and os.path.getsize(lock) > 0


def straight():
    result = run("straight.db", "--allow-recorded", "--out", in_folder("out"))
    assert result["state"] == "done" and result["recorded"] and len(result["choices"]) == 12
    assert all(c["verified"] and c["settled"] for c in result["choices"])
    for m in (1, 16, 64, 256, 1024, 4096):
        up, down = (tiles(result)[(gemm, m)] for gemm in ("up", "down"))
        assert up["BLOCK_SIZE_M"] == down["BLOCK_SIZE_M"], (m, up, down)
    # The rounds after the scan take as many here as in a space five times as large.
    assert result["samples"] <= 2 * result["fitting_points"], result["samples"]
    assert 0 < result["first_timing_s"] < result["wall_s"]
    assert 0.5 < sum(result["stages"].values()) / result["wall_s"] < 1.2, result["stages"]
    assert result["stages"]["measure"] > 0 and result["stages"]["commit"] > 0
    assert len(result["exported"]) == 2
    keys = [list(json.load(open(path))) for path in result["exported"]]
    assert keys[0] == keys[1] == ["1", "16", "64", "256", "1024", "4096"], keys
    for path in result["exported"]:
        entries = json.load(open(path))
        gemm = "down" if path.endswith("_down.json") else "up"
        assert all(entries[str(m)] == tile for (g, m), tile in tiles(result).items() if g == gemm)
    side = json.load(open(in_folder("out/moebench.json")))
    assert [f["recorded"] for f in side["files"]] == [True, True]
    check = subprocess.run([PROGRAM, "check", in_folder("out")], capture_output=True,
                           text=True)
    assert check.returncode == 0, check.stdout + check.stderr
    return result


def finished_prints_its_result(result):
    before = measured("straight.db")
    again = run("straight.db")
    assert tiles(again) == tiles(result) and measured("straight.db") == before
    refused = run("straight.db", "--out", in_folder("no"), code=1) or ""
    assert not os.path.exists(in_folder("no"))
    return refused


def kills(result):
    """kill -9 at random moments: nothing acknowledged is lost, and the choices are the same."""
    rng = random.Random(7)
    known = []
    count = 0
    patience = 1  # fits the time between two kills to the machine: some measurements, not all
    while count < KILLS or not known:
        process = subprocess.Popen(words("killed.db", "--pace", "0.4"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(patience * rng.uniform(0.05, 0.4))
        if process.poll() is not None:  # it came to its end: another from the start
            assert tiles(run("killed.db")) == tiles(result)
            for name in glob.glob(in_folder("killed.db*")):
                os.unlink(name)
            known = []
            continue
        process.send_signal(signal.SIGKILL)
        process.wait()
        count += 1
        patience = patience if known else min(4, patience * 1.1)
        if not os.path.exists(in_folder("killed.db")):
            continue
        try:
            now = measured("killed.db")
        except sqlite3.OperationalError:
            assert not known
            continue
        assert now[:len(known)] == known, "an acknowledged measurement changed"
        patience *= 0.8 if len(now) > len(known) + 60 else 1
        known = now
    assert tiles(run("killed.db")) == tiles(result)
    assert measured("killed.db")[:len(known)] == known
    print("%d kills, %d measurements acknowledged before the last" % (count, len(known)))


def every_line_is_told():
    """Eighteen batch sizes are settled in one moment, all of which --ui=line tells."""
    said = subprocess.run([PROGRAM, "glm-4.7-fp8", "--tp", "4", "--backend", "replay:" + recording,
                           "--db", in_folder("eighteen.db"), "--quick", "--warps", "4", "--bn",
                           "64,128", "--ui=line"], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL).stdout
    settled = [line for line in said.splitlines() if " settled by " in line]
    assert len(settled) == 18, said


def a_mark_is_explained():
    """An entry by hand that nobody has checked has a ? in the table."""
    assert "?" not in table("marked.db")
    subprocess.run([PROGRAM, "edit", "--db", in_folder("marked.db"), "--m", "64",
                    "--tile", "BM16,BN32,BK64,G64,w4,s2"], check=True, stdout=subprocess.DEVNULL)
    text = table("marked.db")
    assert "?: not seen to be right yet" in text and text.count("?") == 3, text


def table(db):
    command = [word for word in words(db, "--quick") if word != "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120).stdout


def holds_what_was_chosen(stopped, out):
    """The files of a stopped tune: verified or the default, and the same from the store."""
    chosen = {(c["gemm"], c["m"]): c for c in stopped["choices"]}
    assert all(c["verified"] or c["source"] == "default" for c in chosen.values()), chosen
    assert not all(c["settled"] for c in chosen.values())
    for path in stopped["exported"]:
        gemm = "down" if path.endswith("_down.json") else "up"
        entries = json.load(open(path))
        assert entries == {str(m): chosen[gemm, m]["tile"] for m in sorted(
            m for g, m in chosen if g == gemm)}, entries
    later = out + "-later"
    shutil.rmtree(later, ignore_errors=True)
    done = subprocess.run([PROGRAM, "export", "--db", in_folder("budget.db"), "--out",
                           later, "--allow-recorded"], capture_output=True, text=True)
    assert done.returncode == 0 and " as of now" in done.stdout, done.stdout + done.stderr
    same = subprocess.run(["diff", "-r", os.path.join(out, "configs"),
                           os.path.join(later, "configs")], capture_output=True, text=True)
    assert same.returncode == 0, same.stdout
    check = subprocess.run([PROGRAM, "check", out], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout
    told = json.loads(subprocess.run([*done.args, "--json"], capture_output=True, text=True,
                                     check=True).stdout)
    assert [os.path.relpath(path, later) for path in told["exported"]] == \
        [os.path.relpath(path, out) for path in stopped["exported"]], told
    assert all(told[key] == stopped[key] for key in
               ("tune", "recorded", "exported_settled", "exported_as_of_now", "left_out")), told
    assert any("as of now" in note for note in told["notes"]), told


def budget_and_signals(result):
    out = in_folder("stopped")
    stopped = run("budget.db", "--time", "0.6s", "--pace", "1", "--allow-recorded", "--out", out,
                  code=4)
    assert stopped["state"] == "stopped" and stopped["exported_as_of_now"] > 0
    assert stopped["exported_settled"] + stopped["exported_as_of_now"] == 6
    holds_what_was_chosen(stopped, out)
    for number, code in ((signal.SIGINT, 4), (signal.SIGTERM, -15), (signal.SIGHUP, -1)):
        shutil.rmtree(out)
        process = subprocess.Popen(words("budget.db", "--pace", "1", "--allow-recorded", "--out",
                                         out), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, preexec_fn=lambda: signal.signal(signal.SIGHUP,
                                                                               signal.SIG_DFL))
        wait_until(lambda: held("budget.db"), "the tune has the database")
        process.send_signal(number)
        text, errors = process.communicate(timeout=20)
        assert process.returncode == code, (process.returncode, errors)
        assert "all that was measured is stored" in errors, errors
        stopped = json.loads(text.splitlines()[-1])
        assert stopped["state"] == "stopped"
        holds_what_was_chosen(stopped, out)
    assert tiles(run("budget.db")) == tiles(result)


def nohup_is_obeyed():
    """SIGHUP ends neither kind of run when it came ignored."""
    for db, command in (("nohup.db", ["tune"]), ("nohup-lines.db", ["--ui=line"])):
        process = subprocess.Popen(
            [PROGRAM, *command, "glm-4.7-fp8", "--tp", "4", "--backend", "replay:" + recording,
             "--db", in_folder(db), "--batch-sizes", "64", "--quick", "--pace", "1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        wait_until(lambda: held(db), "the tune has the database")
        while held(db):
            process.send_signal(signal.SIGHUP)
            time.sleep(0.05)
        assert process.wait(20) == 0, command


def a_late_signal_ends_nothing():
    """SIGTERM to a tune that is at its end: in its export, which waits for us here."""
    out = in_folder("late")
    os.mkdir(out)
    side = os.path.join(out, "moebench.json")
    os.mkfifo(side)
    process = subprocess.Popen(words("straight.db", "--allow-recorded", "--out", out),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with open(side, "w") as file:
        process.send_signal(signal.SIGTERM)
        file.write(open(in_folder("out/moebench.json")).read())
    text, errors = process.communicate(timeout=20)
    assert process.returncode == 0 and "moebench:" not in errors, (process.returncode, errors)
    assert len(json.loads(text.splitlines()[-1])["exported"]) == 2


def out_is_looked_at_first():
    """What would keep the files from being written is said before anything is timed."""
    blocked = in_folder("blocked")
    open(blocked, "w").close()
    text = run("out.db", "--out", os.path.join(blocked, "files"), "--allow-recorded", code=1)
    assert blocked in text and "scan" not in text, text
    os.mkdir(in_folder("below"))
    open(in_folder("below/configs"), "w").close()
    text = run("out.db", "--out", in_folder("below"), "--allow-recorded", code=1)
    assert in_folder("below/configs") in text and "scan" not in text, text
    text = run("out.db", "--out", in_folder("fine"), code=1)
    assert "--allow-recorded" in text and "scan" not in text, text


def on_terminal(database, columns, stream):
    """What a tune says on one of its streams when that is a terminal of so many columns."""
    main, other = os.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: other}
    process = subprocess.Popen(words(database), **streams)
    os.close(other)
    text = b""
    while True:
        try:
            text += os.read(main, 4096)
        except OSError:  # closed at the other end
            break
    os.close(main)
    assert process.wait(60) == 0
    return text.decode()


def table_by_width():
    """Both GEMMs in a row where they have room, else one below the other."""
    for columns, rows in ((80, 2), (124, 1)):
        text = on_terminal("table%d.db" % columns, columns, "stdout")
        lines = text[text.index("     M  "):].replace("\r", "").splitlines()
        lines = lines[:7 * rows]  # the heading and six M
        assert all(len(line) <= columns for line in lines), text
        assert [line.count("BM") for line in lines[rows:]] == [3 - rows] * 6 * rows, text


def progress():
    """A line a second in a pipe, one line in all on a terminal, however narrow."""
    begun = time.monotonic()
    done = subprocess.run(words("lines.db", "--pace", "1"), capture_output=True, text=True)
    seconds = time.monotonic() - begun
    lines = [line for line in done.stderr.splitlines() if "/6 M settled" in line]
    assert 1 <= len(lines) <= seconds + 1, done.stderr
    assert "settled by" not in done.stderr, done.stderr
    text = on_terminal("narrow.db", 50, "stderr")
    steps = [step for step in text.split("\r\033[K") if step.startswith("[")]
    assert steps and all(len(step.split("\r")[0]) < 50 for step in steps), steps


def another_triton_is_said():
    """The folder is named by the Triton that compiled the kernels, whatever the line says."""
    done = subprocess.run([*words("straight.db", "--out", in_folder("triton")), "--triton",
                           "3.9.9", "--allow-recorded"], capture_output=True, text=True)
    assert done.returncode == 0 and "--triton 3.9.9: the kernels here are those of" in done.stderr
    assert "3_9_9" not in done.stdout + done.stderr


def children(pid):
    """The names by which others know them."""
    names = []
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat) as file:
                name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
        except OSError:  # ended meanwhile
            continue
        if int(rest.split()[1]) == pid:
            names.append(name)
    return names


def two_processes():
    first = subprocess.Popen(words("two.db", "--pace", "1"), stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    wait_until(lambda: held("two.db"), "the first has the database")
    text = run("two.db", code=1)
    assert str(first.pid) in text and "two.db" in text, text
    wait_until(lambda: "moebench" in children(first.pid), "the worker has the program's name")
    first.send_signal(signal.SIGINT)
    assert first.wait(20) == 4


def full_disk():
    place = in_folder("small")
    os.mkdir(place)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none",
                                            place], capture_output=True).returncode != 0:
        print("full disk: not root, left out")
        return
    try:
        done = subprocess.run(words("small/full.db"), capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "full.db" in done.stderr, (done.returncode, done.stderr)
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def exports():
    """From the store the same files; never silently over another layer's with the same name."""
    out = in_folder("again")

    def export(*more):
        return subprocess.run([PROGRAM, "export", "--db", in_folder("straight.db"),
                               "--out", out, *more], capture_output=True, text=True)

    assert export().returncode == 1 and "--allow-recorded" in export().stderr
    done = export("--allow-recorded")
    assert done.returncode == 0 and "log line" in done.stdout, done.stderr
    same = subprocess.run(["diff", "-r", in_folder("out/configs"),
                           os.path.join(out, "configs")])
    assert same.returncode == 0
    side = os.path.join(out, "moebench.json")
    known = json.load(open(side))
    for record in known["files"]:
        record["shape"]["top_k"] = 4
    json.dump(known, open(side, "w"))
    refused = export("--allow-recorded")
    assert refused.returncode == 1 and "top_k=4" in refused.stderr, refused.stderr
    assert export("--allow-recorded", "--force").returncode == 0
    os.remove(side)
    assert "does not know it" in export("--allow-recorded").stderr


def not_recorded():
    """A recording answers for what it holds; anything else is refused before anything is done."""
    def refused(*args):
        return subprocess.run([PROGRAM, "tune", *args, "--backend", "replay:" + recording, "--db",
                               in_folder("refused.db")], capture_output=True, text=True, timeout=60)

    layer = ("glm-4.7-fp8", "--tp", "4")
    for args, why in ((("qwen3-30b-a3b",), "of another layer: E=160"),
                      ((*layer, "--engine", "vllm"), "is of sglang:0.5.4.post2"),
                      ((*layer, "--batch-sizes", "1,5"), "M=5 was not recorded")):
        done = refused(*args)
        assert done.returncode == 3 and why in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not os.path.exists(in_folder("refused.db"))
    for args in (("--hot",), ("--routing", "zipf:1.1")):
        done = refused(*layer, *args)
        assert done.returncode == 3 and args[0] + ": a recorded set" in done.stderr, done.stderr


def remembers_its_recording():
    """Whoever goes on with a tune need not name again what answered it; if that is gone, it is
    said, not another recording taken."""
    elsewhere = in_folder("set-moved.db")

    def go_on(*more):
        return subprocess.run([PROGRAM, "--ui=line", "--db", in_folder("memory.db"), *more],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)

    assert run("memory.db", "--time", "0.001s", code=4)["state"] == "stopped"
    os.rename(recording, elsewhere)
    done = go_on()
    assert done.returncode == 1 and recording in done.stderr, done.stderr
    assert "--backend replay:FILE" in done.stderr
    assert go_on("--backend", "replay:" + elsewhere, "--time", "0.001s").returncode in (0, 4)
    os.rename(elsewhere, recording)
    done = go_on()
    assert done.returncode == 1 and elsewhere in done.stderr, done.stderr
    os.rename(recording, elsewhere)
    done = go_on()
    assert done.returncode == 0 and "done" in done.stdout + done.stderr, done
    os.rename(elsewhere, recording)


def undone():
    """Undone to where nothing stood, an M is again what it was: the best so far, then the race's;
    one that the tune does not have is no entry."""
    def tool(command, *more):
        done = subprocess.run([PROGRAM, command, "--db", in_folder("undone.db"), *more],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def by(result):
        return [c["source"] for c in result["choices"] if c["m"] == 16]

    run("undone.db", "--time", "0.001s", code=4)
    before = tool("export", "--allow-recorded", "--out", in_folder("undone"))
    for m in ("16", "100"):
        tool("edit", "--m", m, "--default")
        assert "no choice stood before: M=%s up, M=%s down" % (m, m) in tool(
            "edit", "--m", m, "--undo")
    assert tool("export", "--allow-recorded", "--out", in_folder("undone")) == before
    assert "16  up   undone: no choice stood here before" in tool("report")
    tool("edit", "--m", "16", "--default")
    assert by(run("undone.db")) == ["default", "default"]
    tool("edit", "--m", "16", "--undo")
    assert "M=16: left out: no choice stood here before" in tool(
        "export", "--allow-recorded", "--out", in_folder("undone"))
    assert by(run("undone.db")) == ["race", "race"]


def usage():
    assert "--gemm" in run("u.db", "--gemm", "sideways", code=2)
    assert "--time" in run("u.db", "--time", "soon", code=2)
    assert "batch size" in run("u.db", "--batch-sizes", "1,x", code=2)


def main():
    record()
    result = straight()
    finished_prints_its_result(result)
    exports()
    usage()
    not_recorded()
    remembers_its_recording()
    undone()
    two_processes()
    nohup_is_obeyed()
    a_late_signal_ends_nothing()
    budget_and_signals(result)
    every_line_is_told()
    a_mark_is_explained()
    out_is_looked_at_first()
    another_triton_is_said()
    progress()
    table_by_width()
    full_disk()
    kills(result)


main()
