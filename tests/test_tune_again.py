# SPDX-License-Identifier: MIT
"""moebench tune on the cuda back-end, once more: what is compiled, started and measured again."""
import json
import os
import sqlite3
import subprocess

import fake_card
from fake_card import CONFIG, CardTest, MOEBENCH, PYTHON

TILES = "--bm 16 --bn 32,64 --bk 32 --warps 4 --stages 3,4".split()


class TuneCuda(CardTest):
    model = {**CONFIG, "hidden_size": 32, "moe_intermediate_size": 16, "num_experts": 4,
             "num_experts_per_tok": 1}

    def setUp(self):
        super().setUp()
        self.db = os.path.join(self.folder, "t.db")

    def tune(self, *more, fake=""):
        run = subprocess.run(
            [MOEBENCH, "tune", self.config, "--backend", "cuda", "--python", PYTHON, "--db",
             self.db, "--batch-sizes", "1", "--json", *TILES, *more],
            capture_output=True, text=True, check=False, env=self.environment(fake))
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout.splitlines()[-1])

    def workers(self):
        with open(os.path.join(self.folder, "moebench", "log"), encoding="utf-8") as log:
            return log.read().count("card open")

    def test_a_second_tune_compiles_nothing(self):
        first = self.tune()
        self.assertEqual(first["state"], "done")
        self.assertTrue(all(choice["verified"] for choice in first["choices"]))
        self.assertGreaterEqual(first["compiles"], 32)  # every GROUP_SIZE_M of the near best
        self.assertEqual(self.workers(), 1)  # the one that told the device
        again = self.tune("--again")
        self.assertEqual((again["state"], again["compiles"]), ("done", 0))
        self.assertEqual(self.workers(), 2)
        self.assertEqual(self.tune()["samples"], again["samples"])  # it is finished
        self.assertEqual(self.workers(), 3)

    def test_a_failure_at_once_leaves_no_tune(self):
        """Nothing was compiled or timed: the database lists nothing to go on with."""
        run = subprocess.run(
            [MOEBENCH, "tune", self.config, "--backend", "cuda", "--python", "/no/python", "--db",
             self.db], capture_output=True, text=True, check=False, env=self.environment(""))
        self.assertEqual(run.returncode, 3, run.stderr)
        base = sqlite3.connect(self.db)
        for table in ("tune", "event"):
            self.assertEqual(base.execute("select count(*) from " + table).fetchone(), (0,))
        base.close()

    def test_a_drift_gets_a_new_baseline(self):
        """Two chunks are off (more may have been under way), then the same worker measures what
        it is held against, and no chunk is off any more: the drift is never just taken.
        """
        result = self.tune(fake="drift=9:1.1")
        self.assertEqual(result["state"], "done")
        base = sqlite3.connect(self.db)
        count = base.execute("select count(*) from chunk where suspect").fetchone()[0]
        self.assertGreaterEqual(count, 2)
        texts = [text for text, in base.execute("select text from event where kind = 'suspect'")]
        self.assertEqual(len(texts), count)
        self.assertFalse([text for text in texts if "this chunk again" not in text])
        self.assertEqual(self.workers(), 1)


if __name__ == "__main__":
    fake_card.main()
