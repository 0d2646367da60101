# SPDX-License-Identifier: MIT
"""make bench: what is timed rather than tested. Prints a table and writes bench.json beside it."""
import json
import os
import subprocess
import tempfile

from bench_keys import keys

BUILD = os.environ["TOP_BUILDDIR"]


def store():
    """A database of 100,000 measurements, by tests/bench_store."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.db")
        run = subprocess.run([os.path.join(BUILD, "tests/bench_store"), path], check=True,
                             capture_output=True, text=True)
        figures = dict(line.split() for line in run.stdout.splitlines())
        return {
            "open_100k_s": (float(figures["open_s"]), "<= 2"),
            "resume_100k_s": (float(figures["resume_s"]), "<= 2"),
            "heat_map_query_s": (float(figures["map_s"]), "<= 0.02"),
            "cell_query_s": (float(figures["cell_s"]), "<= 0.02"),
            "choices_query_s": (float(figures["choices_s"]), "<= 0.02"),
            "follower_query_s": (float(figures["follow_s"]), "<= 0.05"),
            "write_100k_s": (float(figures["write_s"]), ""),
            "database_bytes": (os.path.getsize(path), ""),
        }


RACE_BARS = {
    "samples_per_point": "<= 1.5",
    "gpu_ratio": "<= 0.15",
    "own_regret_mean": "<= 0.003",
    "own_regret_max": "<= 0.01",
    "pair_regret_mean": "<= 0.003",
    "pair_regret_max": "<= 0.01",
    "agreement_0_5_pct": ">= 0.95",
}


def race():
    """Full and quick over 20 seeds on the shipped recorded set, by tests/bench_race."""
    run = subprocess.run([os.path.join(BUILD, "tests/bench_race")], capture_output=True, text=True)
    if run.returncode == 77:
        print(run.stderr.strip())
        return {}
    return json.loads(run.stdout)


def main():
    results = {**store(), **keys()}
    raced = race()
    for effort, figures in raced.items():
        for name, value in figures.items():
            bar = RACE_BARS.get(name, "") if effort == "full" else ""
            print(f"{effort + ' ' + name:24} {value:>8g}  {bar}")
    for name, (value, bar) in results.items():
        print(f"{name:20} {value:>12g}  {bar}")
    with open(os.path.join(BUILD, "bench.json"), "w", encoding="utf-8") as out:
        json.dump({**raced, **{name: value for name, (value, _) in results.items()}}, out, indent=2)
        out.write("\n")


main()
