#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reference values of Wilcoxon's signed-rank test, made apart from the C code.

Usage: make_reference.py > wilcoxon.csv

The null distribution of V is counted with Python integers (by listing all 2^n signs up to n = 15,
by the generating function above), ranks and tails with fractions; from 50 values on, or with ties
or zeros, p is R's normal approximation with continuity and tie corrections. Two samples are from
the literature: "depression" is the example of R's wilcox.test (Hollander and Wolfe 1973, p. 29;
there V = 40 and a one-sided p = 0.01953), "darwin" the heights of Zea mays (Fisher 1935, section
17; V = 96).
"""
import itertools
import random
from fractions import Fraction
from statistics import NormalDist

SAMPLES = {
    "depression": [0.952, -0.147, 1.022, 0.43, 0.62, 0.59, 0.49, -0.08, 0.01],
    "darwin": [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48],
    "ties": [1, 1, 2, -1, 3, 3, -2, 5, 4, 4, 0, 6],
}


def drawn(seed, count, centre):
    source = random.Random(seed)
    return [round(source.gauss(centre, 1), 6) for _ in range(count)]


for seed, count, centre in ((1, 6, 2), (2, 10, 0), (3, 20, 0.3), (4, 40, -0.2), (5, 49, 0.1),
                            (6, 50, 0.1), (7, 80, -0.25), (8, 160, 0.05)):
    SAMPLES[f"normal{count}"] = drawn(seed, count, centre)


def distribution(n):
    """Number of sign patterns for each V."""
    counts = [0] * (n * (n + 1) // 2 + 1)
    if n <= 15:
        for signs in itertools.product((0, 1), repeat=n):
            counts[sum(rank for rank, sign in enumerate(signs, 1) if sign)] += 1
        return counts
    counts[0] = 1
    for rank in range(1, n + 1):
        counts = [c + (counts[v - rank] if v >= rank else 0) for v, c in enumerate(counts)]
    return counts


def ranks(values):
    order = sorted(range(len(values)), key=lambda i: abs(values[i]))
    result = [Fraction(0)] * len(values)
    ties = 0
    for _, group in itertools.groupby(order, key=lambda i: abs(values[i])):
        group = list(group)
        first = sum(abs(v) < abs(values[group[0]]) for v in values) + 1
        for i in group:
            result[i] = Fraction(2 * first + len(group) - 1, 2)
        ties += len(group) ** 3 - len(group)
    return result, ties


def p_value(values):
    kept = [v for v in values if v != 0]
    rank, ties = ranks(kept)
    v = sum(r for r, value in zip(rank, kept) if value > 0)
    n = len(kept)
    if n < 50 and not ties and n == len(values):
        counts = distribution(n)
        low = Fraction(sum(counts[:int(v) + 1]), 2 ** n)
        high = Fraction(sum(counts[int(v):]), 2 ** n)
        return v, float(min(1, 2 * min(low, high)))
    variance = Fraction(n * (n + 1) * (2 * n + 1), 24) - Fraction(ties, 48)
    z = float(v - Fraction(n * (n + 1), 4))
    z = (z - (0.5 if z > 0 else -0.5 if z < 0 else 0)) / float(variance) ** 0.5
    return v, min(1.0, 2 * NormalDist().cdf(-abs(z)))


def interval(values, level):
    n = len(values)
    walsh = sorted((a + b) / 2 for i, a in enumerate(values) for b in values[i:])
    estimate = (walsh[(len(walsh) - 1) // 2] + walsh[len(walsh) // 2]) / 2
    tail = (1 - Fraction(level)) / 2
    if n < 50:
        counts, total, k = distribution(n), 0, 0
        while Fraction(total + counts[k], 2 ** n) <= tail:
            total += counts[k]
            k += 1
    else:
        deviation = (n * (n + 1) * (2 * n + 1) / 24) ** 0.5
        k = int(n * (n + 1) / 4 + NormalDist().inv_cdf(float(tail)) * deviation + 0.5)
    if k == 0:
        return estimate, float("nan"), float("nan")
    return estimate, walsh[k - 1], walsh[len(walsh) - k]


def main():
    print("# name,level,V,p,estimate,low,high,values  (by make_reference.py)")
    for name, values in SAMPLES.items():
        v, p = p_value(values)
        for level in ("0.95", "0.982"):
            estimate, low, high = interval(values, level)
            print(f"{name},{level},{float(v):g},{p:.12g},{estimate:.12g},{low:.12g},{high:.12g},"
                  + " ".join(f"{value!r}" for value in values))


main()
