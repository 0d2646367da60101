# SPDX-License-Identifier: MIT
"""Writes small recorded sets of GLM-4.7-FP8 at TP 4, for tests that compare on replay."""
import json
import random
import re
import sqlite3
import struct

SHAPE = {"experts": 160, "routed": 160, "top_k": 8, "hidden": 5120, "intermediate": 384,
         "block_n": 0, "block_k": 0, "group_size": 0, "dtype": "fp8_w8a8", "out": "bf16",
         "per_channel": True, "gated": True}
FACTS = {"engine": "sglang:0.5.4.post2", "engine_version": "0.5.4.post2", "kernel_hash": "k",
         "triton": "3.5.0", "ptxas": "12.9", "date": "2026-11-25", "provenance": "made up",
         "device": {"name": "NVIDIA H100", "arch": 90, "smem_limit": 232448},
         "shape": SHAPE}
SCHEMA = """
PRAGMA application_id = 1299146066;
CREATE TABLE facts (json TEXT NOT NULL);
CREATE TABLE tiles (gemm INTEGER NOT NULL, place INTEGER NOT NULL, tile TEXT NOT NULL,
 status INTEGER NOT NULL, shared_bytes INTEGER, registers INTEGER, spill_bytes INTEGER,
 PRIMARY KEY (gemm, place)) WITHOUT ROWID;
CREATE TABLE points (gemm INTEGER NOT NULL, m INTEGER NOT NULL, samples BLOB NOT NULL,
 PRIMARY KEY (gemm, m)) WITHOUT ROWID;
"""


KEYS = ["BLOCK_SIZE_M", "BLOCK_SIZE_N", "BLOCK_SIZE_K", "GROUP_SIZE_M", "num_warps", "num_stages"]


def order(tile):
    return [int(number) for number in re.findall(r"\d+", tile)]


def entry(tile):
    """As a config file has it."""
    return dict(zip(KEYS, order(tile)))


def write(path, tiles, sizes, time, noise=0.003, wrong=()):
    """time(gemm, m, tile) gives the centre in us; `wrong` holds tiles with wrong results."""
    draw = random.Random(7)
    tiles = sorted(set(tiles), key=order)
    with sqlite3.connect(path) as db:
        db.executescript(SCHEMA)
        db.execute("INSERT INTO facts VALUES (?)", [json.dumps(FACTS)])
        for gemm in (0, 1):
            db.executemany("INSERT INTO tiles VALUES (?, ?, ?, 0, 1, 1, 0)",
                           [(gemm, place, tile) for place, tile in enumerate(tiles)])
            for m in sizes:
                row = b""
                for tile in tiles:
                    centre = time(gemm, m, tile)
                    samples = [centre * (1 + noise * draw.gauss(0, 1)) for _ in range(200)]
                    row += struct.pack("<BB200f", 3 if tile in wrong else 0, 200, *samples)
                db.execute("INSERT INTO points VALUES (?, ?, ?)", (gemm, m, row))
    db.close()
