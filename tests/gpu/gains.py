#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: tests/gpu/gains.py FILE.. Of each file, whose last line is what `moebench tune --json`
says at its end: what the tune took, and how much faster its pairs are than the engine's default, by
the fresh samples of both that settled them."""
import json
import math
import os
import sys


def main():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            facts = json.loads(file.read().strip().split("\n")[-1])
        choices = facts["choices"]
        ratios = []
        for m in sorted({choice["m"] for choice in choices}):
            pair = [choice for choice in choices if choice["m"] == m]
            ratios.append(sum(choice["default_us"] for choice in pair)
                          / sum(choice["median_us"] for choice in pair))
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"{os.path.basename(path):18} {facts['wall_s']:6.1f} s"
              f" {facts['samples'] / facts['fitting_points']:6.2f} samples a point"
              f"  {mean:.3f} times as fast (geometric mean), {min(ratios):.3f} at least,"
              f" {sum(choice['verified'] for choice in choices)} of {len(choices)} verified")


main()
