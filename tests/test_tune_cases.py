# SPDX-License-Identifier: MIT
"""moebench tune on what went wrong elsewhere: tuned slower (A07), runs lost late (A08)."""
import csv
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

import recorded_set
from recorded_set import entry

MOEBENCH = os.environ["MOEBENCH"]
MAKE = os.path.join(os.environ["TOP_BUILDDIR"], "tests/make_recorded")
A07 = os.path.join(os.environ["TOP_SRCDIR"], "tests/data/cases/A07-tuned-slower",
                   "default-vs-tuned-us.csv")
SMALL, LARGE = "BM64,BN128,BK128,G1,w4,s4", "BM128,BN256,BK128,G32,w8,s4"  # the defaults
TUNED = "BM16,BN64,BK128,G1,w4,s3"


def read_json(path):
    with open(path, encoding="ascii") as text:
        return json.load(text)


def rss_kb(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


def children(pid):
    """Those of every thread: the tuner's starts the worker."""
    found = []
    for thread in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/children" % (pid, thread), encoding="ascii") as text:
            found += map(int, text.read().split())
    return found


def is_sanitized(program):
    """A sanitizer keeps what is freed, so that memory says nothing."""
    with open(program, "rb") as file:
        text = file.read()
    return b"__asan_init" in text or b"__tsan_init" in text


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.set = os.path.join(self.folder, "set.db")
        self.environment = {**os.environ, "HOME": self.folder}

    def words(self, db, *more):
        return [MOEBENCH, "tune", "glm-4.7-fp8", "--tp", "4", "--backend", "replay:" + self.set,
                "--db", os.path.join(self.folder, db), "--json", *more]

    def tune(self, db, *more, code=0):
        done = subprocess.run(self.words(db, *more), capture_output=True, text=True, check=False,
                              timeout=120, env=self.environment)
        self.assertEqual(done.returncode, code, done.stdout[-500:] + done.stderr[-2000:])
        return (json.loads(done.stdout.splitlines()[-1]) if code == 0 else {}), done

    def rows(self, db, query):
        path = os.path.join(self.folder, db)
        if not os.path.exists(path):
            return []
        connection = sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=5)
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:  # still empty
            return []
        finally:
            connection.close()

    def measured(self, db):
        return self.rows(db, "SELECT chunk, gemm, m, tile, samples FROM measurement"
                             " ORDER BY 1, 2, 3, 4")


def choices(result):
    return {(c["gemm"], c["m"]): (c["tile"], c["source"]) for c in result["choices"]}


class TunedSlower(Case):
    """A07: entries of a tune that were slower than the engine's default at some M."""

    def test_only_real_wins_are_kept(self):
        with open(A07, encoding="ascii") as text:
            rows = {int(row["M"]): (float(row["default_us"]), float(row["tuned_us"]))
                    for row in csv.DictReader(text)}
        self.assertEqual(len(rows), 18)
        share = (0.6, 0.4)  # of up and down in the pair's time

        def pair_us(gemm, m, tile):
            default, tuned = rows[m]
            standard = SMALL if m <= 160 else LARGE
            return share[gemm] * {TUNED: tuned, standard: default}.get(tile, 1.5 * default)

        recorded_set.write(self.set, (SMALL, LARGE, TUNED), sorted(rows), pair_us)
        out = os.path.join(self.folder, "out")
        result, done = self.tune("t.db", "--allow-recorded", "--out", out)
        up, down = map(read_json, result["exported"])
        self.assertEqual(list(up), [str(m) for m in sorted(rows)])
        self.assertEqual(up, down)
        reasons = {c["m"]: c["reason"] for c in result["choices"]}
        for m, (default, tuned) in rows.items():
            standard = SMALL if m <= 160 else LARGE
            wins = tuned < default * 0.995
            self.assertEqual(up[str(m)], entry(TUNED if wins else standard), (m, reasons[m]))
            self.assertEqual("less time" in reasons[m], wins, (m, reasons[m]))
            if not wins:  # said on the command line, and why
                self.assertIn("M=%d: default: %s" % (m, reasons[m]), done.stdout)
        self.assertIn("not faster beyond noise", reasons[4] + reasons[16])  # 0.2 % is no win
        kept = [m for m, (default, tuned) in rows.items() if tuned < default * 0.995]
        self.assertEqual(len(kept), 11)


class LostLate(Case):
    """A08: a worker or the machine dies late in a long tune."""

    SPACE = ("--bm", "16,64", "--bn", "64", "--bk", "64,128", "--warps", "4", "--stages", "3,4")

    def setUp(self):
        super().setUp()
        subprocess.run([MAKE, self.set], check=True, stdout=subprocess.DEVNULL)

    def start(self, db, *more):
        return subprocess.Popen(self.words(db, *self.SPACE, *more), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment)

    def until(self, process, seen):
        for _ in range(6000):
            if seen() or process.poll() is not None:
                return
            time.sleep(0.01)
        self.fail("nothing happened for a minute")

    def test_kill_9_at_the_eighth_batch_size(self):
        straight, _ = self.tune("straight.db", *self.SPACE)
        sizes = sorted({c["m"] for c in straight["choices"]})
        self.assertEqual(len(sizes), 18)
        process = self.start("killed.db", "--pace", "1")
        self.until(process, lambda: self.rows(
            "killed.db", "SELECT 1 FROM choice WHERE m = %d" % sizes[7]))
        process.kill()
        process.communicate()
        self.assertEqual(process.returncode, -signal.SIGKILL, "it was too fast to be killed")
        known = self.measured("killed.db")
        settled = self.rows("killed.db", "SELECT id, gemm, m, tile FROM choice ORDER BY id")
        again, _ = self.tune("killed.db", *self.SPACE)  # at once, and to its end
        self.assertEqual(choices(again), choices(straight))
        self.assertEqual(self.measured("killed.db")[:len(known)], known)
        later = self.rows("killed.db", "SELECT id, gemm, m, tile FROM choice ORDER BY id")
        self.assertEqual(later[:len(settled)], settled)
        self.assertEqual(len(later), 36)  # none twice
        # What was measured before the kill is not measured again.
        self.assertEqual(again["samples"], straight["samples"])

    def test_a_full_disk_and_room_again(self):
        place = os.path.join(self.folder, "small")
        os.mkdir(place)
        mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "none", place]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True,
                                               check=False).returncode != 0:
            self.skipTest("no small file system without root")
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        straight, _ = self.tune("straight.db")
        _, done = self.tune("small/full.db", code=1)
        self.assertIn("full.db", done.stderr)
        self.assertIn("full", done.stderr.lower())
        known = self.measured("small/full.db")
        self.assertTrue(known)
        subprocess.run(["mount", "-o", "remount,size=50m", place], check=True)
        again, _ = self.tune("small/full.db")
        self.assertEqual(choices(again), choices(straight))
        self.assertEqual(self.measured("small/full.db")[:len(known)], known)

    @unittest.skipIf(is_sanitized(MOEBENCH), "built with a sanitizer")
    def test_memory_stays_flat_over_the_whole_grid(self):
        process = subprocess.Popen(
            self.words("grid.db", "--exhaustive", "--batch-sizes", "1,256"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
        seen = []
        while process.poll() is None:
            rows = self.rows("grid.db", "SELECT done, total FROM tune")
            try:
                worker = max((rss_kb(pid) for pid in children(process.pid)), default=0)
                if rows and rows[0][1] > 0:
                    seen.append((rows[0][0] / rows[0][1], rss_kb(process.pid), worker))
            except (OSError, AttributeError):  # it ended meanwhile
                break
            time.sleep(0.03)
        self.assertEqual(process.wait(), 0)
        tiles, = self.rows("grid.db", "SELECT count(DISTINCT tile) FROM measurement")[0]
        self.assertGreater(tiles, 1600)
        early = [row for row in seen if 0.2 <= row[0] <= 0.5 and row[2] > 0]
        late = [row for row in seen if row[0] >= 0.99]
        self.assertTrue(early and late and early[0][2] > 0, seen)
        # The samples themselves stay in memory: tens of bytes a point.
        self.assertLess(max(row[1] for row in late), 1.15 * early[0][1] + 1024, (early[0], late))
        self.assertLess(max(row[2] for row in late), early[0][2] + 1024, (early[0], late))


if __name__ == "__main__":
    unittest.main()
