/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_ENTRY_H
#define MOEBENCH_UI_ENTRY_H

#include "tuner/tuner.h"

/*
 * What a plan knows of the entry that serves an M: the one planned by hand, else the file's, else
 * the engine's default; and whether a server could run it. Pure.
 */
enum entry_source { ENTRY_DEFAULT, ENTRY_FILE, ENTRY_HAND };

enum entry_fit {
    ENTRY_FITS,
    ENTRY_TOO_BIG,
    ENTRY_BROKEN,   /* no legal numbers, or wrong results */
    ENTRY_MISMATCH, /* up and down differ in BLOCK_SIZE_M, which stops this engine */
    ENTRY_FAILS,    /* the compiler says no */
    ENTRY_UNKNOWN   /* the prediction is not exact here and no compiler has said */
};

struct entry {
    enum entry_source source;
    struct tile tile; /* as the engine would run it; block_m 0: broken */
    enum entry_fit fit;
    int shared_bytes;
};

void entry_find(const struct snapshot *snapshot, enum gemm gemm, int m_index, struct entry *entry);
const char *entry_source_name(enum entry_source source); /* "default", "file", "hand" */
const char *entry_fit_name(enum entry_fit fit);          /* "fits", "too big", ... */

#endif
