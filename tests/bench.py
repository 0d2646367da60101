# SPDX-License-Identifier: MIT
"""make bench: what is timed rather than tested. Prints a table and writes bench.json beside it."""
import json
import os
import subprocess
import tempfile

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
            "write_100k_s": (float(figures["write_s"]), ""),
            "database_bytes": (os.path.getsize(path), ""),
        }


def main():
    results = store()
    for name, (value, bar) in results.items():
        print(f"{name:20} {value:>12g}  {bar}")
    with open(os.path.join(BUILD, "bench.json"), "w", encoding="utf-8") as out:
        json.dump({name: value for name, (value, _) in results.items()}, out, indent=2)
        out.write("\n")


main()
